//! The values that the aggregates are made of.
//!
//! Each is checked where it is made, by `new` or by parsing text; recorded ones are checked again when they are
//! read. A value that exists is valid.

mod address;
pub(crate) mod card_number;
mod currency;
pub(crate) mod decimal;
mod from_text;
mod id;
mod money;
mod payment_method;
mod quantity;
mod tax_rate;
pub(crate) mod text;

pub use address::{Address, InvalidAddress};
pub use currency::{Currency, UnknownCurrency};
pub use decimal::InvalidDecimal;
pub use id::{AccountId, CustomerId, InvalidId, OrderId, PaymentId, Sku};
pub use money::{InvalidMoney, Money, MoneyError};
pub use payment_method::{InvalidPaymentMethod, PaymentMethod};
pub use quantity::{InvalidQuantity, Quantity};
pub use tax_rate::{InvalidTaxRate, TaxRate};
pub use text::{Carrier, Description, InvalidText, Owner, Reason, TrackingNumber, TransactionId};
