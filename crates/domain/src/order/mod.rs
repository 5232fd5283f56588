//! The order: from the customer's wish to the parcel at the door, or back.
//!
//! Pure: no clock, no I/O. `decide` is the only place that refuses; `evolve` trusts history.
//!
//! created → confirmed → paid → shipped → delivered; cancelled from created, confirmed or paid; returned from
//! delivered, in parts if need be. A tax found wrong is corrected by an event of its own, never by editing history.

mod commands;
mod created;
mod events;
mod line;
mod phase;
mod rejection;
mod settlement;
mod state;
mod tracking;
mod upcasts;

pub use commands::{NewItem, NewOrder, OrderCommand};
pub use created::OrderCreated;
pub use events::OrderEvent;
pub use line::{InvalidLineNumber, LineNumber, OrderLine, ReturnedItem};
pub use phase::OrderPhase;
pub use rejection::OrderRejection;
pub use settlement::Settlement;
pub use state::{Order, PlacedOrder};
pub use tracking::Tracking;

use annals_core::{Aggregate, Context, Snapshotted};

use crate::OrderId;

impl Aggregate for Order {
    const CATEGORY: &'static str = "order";
    type Id = OrderId;
    type Event = OrderEvent;
    type Command = OrderCommand;
    type Rejection = OrderRejection;

    fn evolve(&mut self, event: &OrderEvent) {
        self.apply(event);
    }

    fn decide(&self, command: &OrderCommand, context: &Context) -> Result<Vec<OrderEvent>, OrderRejection> {
        commands::decide(self, command, context)
    }
}

impl Snapshotted for Order {
    const STATE_SCHEMA: u32 = 1;
}
