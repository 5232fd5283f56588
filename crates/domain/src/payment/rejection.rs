//! Why a payment refuses a command.

use super::state::PaymentPhase;
use crate::values::{Money, MoneyError};

/// Why a payment refuses a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentRejection {
    /// The payment's phase does not allow it.
    #[error("cannot {}; {}", tried(attempted, *phase), possible(*phase))]
    NotAllowed {
        /// The payment's phase.
        phase: PaymentPhase,
        /// The command's name.
        attempted: &'static str,
    },
    /// Nothing, or less, cannot be paid or refunded.
    #[error("the amount is {amount}: it must be more than zero")]
    NotPositive {
        /// The amount.
        amount: Money,
    },
    /// More than is left of what was processed.
    #[error(
        "the refund of {refund} is more than the {refundable} that is left of the payment: give back no more"
    )]
    RefundAboveProcessed {
        /// The refund.
        refund: Money,
        /// The most that can be refunded.
        refundable: Money,
    },
    /// The amounts do not go together.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

fn tried(attempted: &str, phase: PaymentPhase) -> String {
    let which = match phase {
        PaymentPhase::Absent => "that does not exist".to_owned(),
        phase if attempted == "request" => format!("that exists already and is {phase}"),
        phase => format!("that is {phase}"),
    };
    match attempted {
        "fail" => format!("mark a payment as failed {which}"),
        attempted => format!("{attempted} a payment {which}"),
    }
}

fn possible(phase: PaymentPhase) -> &'static str {
    match phase {
        PaymentPhase::Absent => "request it first",
        PaymentPhase::Requested => "possible now: process it, or mark it as failed",
        PaymentPhase::Processed => "possible now: refund it",
        PaymentPhase::Failed => "nothing happens to it any more; request another one",
    }
}
