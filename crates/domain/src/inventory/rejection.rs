//! Why a stock refuses a command.

use crate::values::{OrderId, Quantity};

/// Why a stock refuses a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryRejection {
    /// More than is available.
    #[error("cannot reserve {wanted} for order {order}: only {available} available; receive more first")]
    NotEnough {
        /// For which order.
        order: OrderId,
        /// How many were wanted.
        wanted: Quantity,
        /// How many are on hand and not reserved.
        available: u64,
    },
    /// More than is reserved for the order.
    #[error("cannot {attempted} {wanted} for order {order}: only {reserved} reserved for it")]
    NotReserved {
        /// The command's name.
        attempted: &'static str,
        /// For which order.
        order: OrderId,
        /// How many were wanted.
        wanted: Quantity,
        /// How many are reserved for it.
        reserved: u64,
    },
    /// Fewer were counted than are reserved.
    #[error("{counted} were counted, but {reserved} are reserved: release some of them first")]
    BelowReserved {
        /// How many were counted.
        counted: u64,
        /// How many are reserved for all orders.
        reserved: u64,
    },
    /// More than a stock can hold.
    #[error("a stock holds at most {most} pieces: this would make {would_be}")]
    TooMany {
        /// The most that a stock can hold.
        most: u64,
        /// How many there would be.
        would_be: u64,
    },
}
