//! What can have happened to a stock.
//!
//! Recorded names and shapes stand for ever: an example of each is kept in `golden/inventory`.

use annals_core::DomainEvent;

use crate::values::{OrderId, Quantity, Reason};

/// What can have happened to a stock.
#[derive(Clone, Debug, PartialEq, Eq, DomainEvent)]
#[event(category = "inventory", prefix = "Inventory")]
pub enum InventoryEvent {
    /// Pieces came in.
    #[event(name = "StockReceived")]
    Received {
        /// How many.
        quantity: Quantity,
    },
    /// Pieces were set aside for an order.
    Reserved {
        /// For which order.
        order: OrderId,
        /// How many, on top of those set aside for it before.
        quantity: Quantity,
    },
    /// Pieces that were set aside for an order became available again.
    Released {
        /// For which order they were.
        order: OrderId,
        /// How many.
        quantity: Quantity,
    },
    /// Pieces that were set aside for an order left for good.
    Allocated {
        /// With which order.
        order: OrderId,
        /// How many.
        quantity: Quantity,
    },
    /// Somebody counted, and found another number than was known.
    #[event(name = "StockAdjusted")]
    Adjusted {
        /// How many are on hand, those set aside included.
        counted: u64,
        /// What explains the difference.
        reason: Reason,
    },
}
