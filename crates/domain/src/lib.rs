//! The reference domain: orders, payments, inventory and accounts of a shop.
//!
//! Each aggregate is a folder of one shape: its events, its state with `evolve`, its commands with `decide` and
//! the reasons why it refuses, and, where a payload's shape has changed over the years, the upcasts that read
//! the old ones. All of it is pure: time comes in through `Context`, and nothing here knows a store.
//!
//! Values (money, ids, quantities, texts) are checked where they are made: inside the domain nothing invalid
//! exists.

pub mod account;
pub mod inventory;
pub mod order;
pub mod payment;
mod upcasting;
pub mod values;

pub use account::{Account, AccountCommand, AccountEvent, AccountPhase, AccountRejection, DepositMethod};
pub use inventory::{Inventory, InventoryCommand, InventoryEvent, InventoryRejection};
pub use order::{
    LineNumber, NewItem, NewOrder, Order, OrderCommand, OrderCreated, OrderEvent, OrderLine, OrderPhase,
    OrderRejection, PlacedOrder, ReturnedItem, Settlement, Tracking,
};
pub use payment::{GatewayResponse, Payment, PaymentCommand, PaymentEvent, PaymentPhase, PaymentRejection};
pub use values::{
    AccountId, Address, Carrier, Currency, CustomerId, Description, InvalidAddress, InvalidDecimal,
    InvalidId, InvalidMoney, InvalidPaymentMethod, InvalidQuantity, InvalidTaxRate, InvalidText, Money,
    MoneyError, OrderId, Owner, PaymentId, PaymentMethod, Quantity, Reason, Sku, TaxRate, TrackingNumber,
    TransactionId, UnknownCurrency,
};
