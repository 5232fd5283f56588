//! The stock of one article: received, set aside for orders, and sent away.
//!
//! Pure: no clock, no I/O. `decide` is the only place that refuses; `evolve` trusts history.
//!
//! What is on hand is either reserved for an order or available; available is never negative. Stock needs no
//! first event: what was never received is a stock of nothing.

mod commands;
mod events;
mod rejection;
mod state;

pub use commands::InventoryCommand;
pub use events::InventoryEvent;
pub use rejection::InventoryRejection;
pub use state::Inventory;

use annals_core::{Aggregate, Context, Snapshotted};

use crate::Sku;

impl Aggregate for Inventory {
    const CATEGORY: &'static str = "inventory";
    type Id = Sku;
    type Event = InventoryEvent;
    type Command = InventoryCommand;
    type Rejection = InventoryRejection;

    fn evolve(&mut self, event: &InventoryEvent) {
        self.apply(event);
    }

    fn decide(
        &self,
        command: &InventoryCommand,
        _: &Context,
    ) -> Result<Vec<InventoryEvent>, InventoryRejection> {
        commands::decide(self, command)
    }
}

impl Snapshotted for Inventory {
    const STATE_SCHEMA: u32 = 1;
}
