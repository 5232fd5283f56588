//! The payment: asked of a gateway, taken or failed, and given back in parts or whole.
//!
//! Pure: no clock, no I/O. `decide` is the only place that refuses; `evolve` trusts history.
//!
//! requested → processed or failed; what was processed may be refunded until nothing is left. A failed payment stays
//! failed: another try is another payment. No card number enters (law X03): a method is a token.

mod commands;
mod events;
mod gateway_response;
mod rejection;
mod state;
mod upcasts;

pub use commands::PaymentCommand;
pub use events::PaymentEvent;
pub use gateway_response::GatewayResponse;
pub use rejection::PaymentRejection;
pub use state::{Payment, PaymentPhase};

use annals_core::{Aggregate, Context, Snapshotted};

use crate::PaymentId;

impl Aggregate for Payment {
    const CATEGORY: &'static str = "payment";
    type Id = PaymentId;
    type Event = PaymentEvent;
    type Command = PaymentCommand;
    type Rejection = PaymentRejection;

    fn evolve(&mut self, event: &PaymentEvent) {
        self.apply(event);
    }

    fn decide(&self, command: &PaymentCommand, _: &Context) -> Result<Vec<PaymentEvent>, PaymentRejection> {
        commands::decide(self, command)
    }
}

impl Snapshotted for Payment {
    const STATE_SCHEMA: u32 = 1;
}
