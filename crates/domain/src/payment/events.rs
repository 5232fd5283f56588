//! What can have happened to a payment.
//!
//! Recorded names and shapes stand for ever: an example of each version is kept in `golden/payment`.

use annals_core::DomainEvent;

use super::gateway_response::GatewayResponse;
use super::upcasts::upcasters;
use crate::values::{Money, OrderId, PaymentMethod, Reason, TransactionId};

/// What can have happened to a payment.
#[derive(Clone, Debug, PartialEq, Eq, DomainEvent)]
#[event(category = "payment", prefix = "Payment", upcasters = upcasters)]
pub enum PaymentEvent {
    /// It was asked for.
    Requested {
        /// For which order.
        order: OrderId,
        /// How much.
        #[serde(flatten)]
        amount: Money,
        /// By which method.
        method: PaymentMethod,
    },
    /// The gateway took it.
    #[event(version = 2)]
    Processed {
        /// The gateway's name for it.
        transaction_id: TransactionId,
        /// What the gateway answered.
        gateway_response: GatewayResponse,
    },
    /// The gateway refused it, or did not answer.
    Failed {
        /// Why.
        reason: Reason,
    },
    /// Some of it was given back, or all.
    Refunded {
        /// How much, this time.
        #[serde(flatten)]
        amount: Money,
    },
}
