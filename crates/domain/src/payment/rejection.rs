//! Why a payment refuses a command.

use super::state::PaymentPhase;
use crate::values::{Money, MoneyError};

/// Why a payment refuses a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentRejection {
    /// The payment's phase does not allow it.
    #[error("cannot {attempted} a payment that is {phase}")]
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
    #[error("the refund of {refund} is more than the {refundable} that is left of the payment")]
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
