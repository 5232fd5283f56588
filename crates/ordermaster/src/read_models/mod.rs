//! The read models of the domain, one file each.
//!
//! Each is a pure fold per row over the events alone: no clock, no other row, no other stream. So live following,
//! catching up and rebuilding give the same rows (law V05), in whichever order streams are interleaved (V06). No
//! row grows with history (A08). Raise a model's `VERSION` whenever what it makes of events changes.

mod account_summary;
mod changes;
mod customer_orders;
mod customer_totals;
mod daily_sales;
mod day;
#[cfg(test)]
mod history;
mod inventory_levels;
mod keys;
mod order_history;
mod order_stream;
mod order_summary;
mod transaction_history;

pub use account_summary::{AccountStatus, AccountSummary, AccountSummaryRow};
pub use customer_orders::{CustomerOrder, CustomerOrderRow, CustomerOrders};
pub use customer_totals::{CustomerCurrency, CustomerTotals, CustomerTotalsRow};
pub use daily_sales::{DailySales, DailySalesRow, DayCurrency};
pub use day::{Day, InvalidDay};
pub use inventory_levels::{InventoryLevels, InventoryLevelsRow};
pub use keys::{Entry, InvalidKey};
pub use order_history::{OrderHistory, OrderHistoryRow};
pub use order_summary::{OrderSummary, OrderSummaryRow};
pub use transaction_history::{Movement, TransactionHistory, TransactionHistoryRow};
