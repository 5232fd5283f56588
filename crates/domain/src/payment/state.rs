//! What decisions about a payment rest on, folded from its events. `evolve` trusts history.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::events::PaymentEvent;
use crate::values::{Money, OrderId};

/// A payment, as far as its history goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "payment", rename_all = "snake_case")]
pub enum Payment {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// The gateway has not answered yet.
    Requested {
        /// For which order.
        order: OrderId,
        /// How much.
        amount: Money,
    },
    /// The gateway took it.
    Processed {
        /// For which order.
        order: OrderId,
        /// How much.
        amount: Money,
        /// How much of it was given back; zero before.
        refunded: Money,
    },
    /// The gateway refused it: nothing happens to it any more.
    Failed {
        /// For which order.
        order: OrderId,
        /// How much.
        amount: Money,
    },
}

/// How far a payment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentPhase {
    /// There is no such payment yet.
    Absent,
    /// The gateway has not answered yet.
    Requested,
    /// The gateway took it; some of it may have been refunded, or all.
    Processed,
    /// The gateway refused it.
    Failed,
}

impl PaymentPhase {
    /// The phase in one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Requested => "requested",
            Self::Processed => "processed",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for PaymentPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Payment {
    /// How far the payment has come.
    pub fn phase(&self) -> PaymentPhase {
        match self {
            Self::Absent => PaymentPhase::Absent,
            Self::Requested { .. } => PaymentPhase::Requested,
            Self::Processed { .. } => PaymentPhase::Processed,
            Self::Failed { .. } => PaymentPhase::Failed,
        }
    }

    /// The order that it pays, once it was requested.
    pub fn order(&self) -> Option<&OrderId> {
        match self {
            Self::Absent => None,
            Self::Requested { order, .. } | Self::Processed { order, .. } | Self::Failed { order, .. } => {
                Some(order)
            }
        }
    }

    /// How much was asked for, once it was requested.
    pub fn amount(&self) -> Option<Money> {
        match self {
            Self::Absent => None,
            Self::Requested { amount, .. } | Self::Processed { amount, .. } | Self::Failed { amount, .. } => {
                Some(*amount)
            }
        }
    }

    /// What was processed and not refunded yet; none when nothing was processed.
    pub fn refundable(&self) -> Option<Money> {
        match self {
            Self::Processed { amount, refunded, .. } => {
                let mut left = *amount;
                left.deduct(*refunded);
                Some(left)
            }
            Self::Absent | Self::Requested { .. } | Self::Failed { .. } => None,
        }
    }

    pub(super) fn apply(&mut self, event: &PaymentEvent) {
        match (&mut *self, event) {
            (_, PaymentEvent::Requested { order, amount, .. }) => {
                *self = Self::Requested { order: order.clone(), amount: *amount };
            }
            (Self::Requested { order, amount }, PaymentEvent::Processed { .. }) => {
                let (order, amount, refunded) = (order.clone(), *amount, Money::zero(amount.currency()));
                *self = Self::Processed { order, amount, refunded };
            }
            (Self::Requested { order, amount }, PaymentEvent::Failed { .. }) => {
                *self = Self::Failed { order: order.clone(), amount: *amount };
            }
            (Self::Processed { refunded, .. }, PaymentEvent::Refunded { amount }) => {
                refunded.accumulate(*amount);
            }
            // `decide` lets nothing else happen.
            (
                _,
                PaymentEvent::Processed { .. } | PaymentEvent::Failed { .. } | PaymentEvent::Refunded { .. },
            ) => {}
        }
    }
}
