//! What a payment can be asked to do, and what it answers.

use serde::{Deserialize, Serialize};

use super::events::PaymentEvent;
use super::gateway_response::GatewayResponse;
use super::rejection::PaymentRejection;
use super::state::Payment;
use crate::values::{Money, OrderId, PaymentMethod, Reason, TransactionId};

/// What a payment can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum PaymentCommand {
    /// Ask for it.
    Request {
        /// For which order.
        order: OrderId,
        /// How much; more than zero.
        amount: Money,
        /// By which method.
        method: PaymentMethod,
    },
    /// Record that the gateway took it.
    Process {
        /// The gateway's name for it.
        transaction_id: TransactionId,
        /// What the gateway answered.
        gateway_response: GatewayResponse,
    },
    /// Record that the gateway refused it, or did not answer.
    Fail {
        /// Why.
        reason: Reason,
    },
    /// Give some of it back, or all.
    Refund {
        /// How much; more than zero, and no more than is left.
        amount: Money,
    },
}

impl PaymentCommand {
    /// The command's name, as rejections give it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request",
            Self::Process { .. } => "process",
            Self::Fail { .. } => "fail",
            Self::Refund { .. } => "refund",
        }
    }
}

pub(super) fn decide(
    payment: &Payment,
    command: &PaymentCommand,
) -> Result<Vec<PaymentEvent>, PaymentRejection> {
    let event = match (payment, command) {
        (Payment::Absent, PaymentCommand::Request { order, amount, method }) => {
            let amount = positive(*amount)?;
            PaymentEvent::Requested { order: order.clone(), amount, method: method.clone() }
        }
        (Payment::Requested { .. }, PaymentCommand::Process { transaction_id, gateway_response }) => {
            let (transaction_id, gateway_response) = (transaction_id.clone(), gateway_response.clone());
            PaymentEvent::Processed { transaction_id, gateway_response }
        }
        (Payment::Requested { .. }, PaymentCommand::Fail { reason }) => {
            PaymentEvent::Failed { reason: reason.clone() }
        }
        (Payment::Processed { amount, refunded, .. }, PaymentCommand::Refund { amount: refund }) => {
            let (refund, refundable) = (positive(*refund)?, amount.checked_sub(*refunded)?);
            if refund.exceeds(refundable)? {
                return Err(PaymentRejection::RefundAboveProcessed { refund, refundable });
            }
            PaymentEvent::Refunded { amount: refund }
        }
        (payment, _) => {
            return Err(PaymentRejection::NotAllowed { phase: payment.phase(), attempted: command.name() });
        }
    };
    Ok(vec![event])
}

fn positive(amount: Money) -> Result<Money, PaymentRejection> {
    if amount.is_positive() { Ok(amount) } else { Err(PaymentRejection::NotPositive { amount }) }
}
