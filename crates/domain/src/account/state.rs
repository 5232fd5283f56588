//! What decisions about an account rest on, folded from its events. `evolve` trusts history.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::events::AccountEvent;
use crate::values::{Money, Owner};

/// An account, as far as its history goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "account", rename_all = "snake_case")]
pub enum Account {
    /// Nothing happened yet.
    #[default]
    Absent,
    /// Money moves.
    Open {
        /// Whose it is.
        owner: Owner,
        /// What is in it; never negative.
        balance: Money,
    },
    /// It was emptied and closed: nothing moves any more.
    Closed {
        /// Whose it was.
        owner: Owner,
    },
}

/// How far an account has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountPhase {
    /// There is no such account yet.
    Absent,
    /// Money moves.
    Open,
    /// Nothing moves any more.
    Closed,
}

impl AccountPhase {
    /// The phase in one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for AccountPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Account {
    /// How far the account has come.
    pub fn phase(&self) -> AccountPhase {
        match self {
            Self::Absent => AccountPhase::Absent,
            Self::Open { .. } => AccountPhase::Open,
            Self::Closed { .. } => AccountPhase::Closed,
        }
    }

    /// Whose it is, once it was opened.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Absent => None,
            Self::Open { owner, .. } | Self::Closed { owner } => Some(owner),
        }
    }

    /// What is in it, while it is open.
    pub fn balance(&self) -> Option<Money> {
        match self {
            Self::Open { balance, .. } => Some(*balance),
            Self::Absent | Self::Closed { .. } => None,
        }
    }

    pub(super) fn apply(&mut self, event: &AccountEvent) {
        match (&mut *self, event) {
            (_, AccountEvent::Opened { owner, opening_balance }) => {
                *self = Self::Open { owner: owner.clone(), balance: *opening_balance };
            }
            (Self::Open { balance, .. }, AccountEvent::Deposited { amount, .. }) => {
                balance.accumulate(*amount);
            }
            (Self::Open { balance, .. }, AccountEvent::Withdrawn { amount }) => balance.deduct(*amount),
            (Self::Open { owner, .. }, AccountEvent::Closed) => *self = Self::Closed { owner: owner.clone() },
            // `decide` lets money move in open accounts alone.
            (
                Self::Absent | Self::Closed { .. },
                AccountEvent::Deposited { .. } | AccountEvent::Withdrawn { .. } | AccountEvent::Closed,
            ) => {}
        }
    }
}
