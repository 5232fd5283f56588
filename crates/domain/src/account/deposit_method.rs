//! How money came into an account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How money came into an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositMethod {
    /// Notes and coins.
    Cash,
    /// A payment card.
    Card,
    /// A bank transfer from outside.
    BankTransfer,
    /// A cheque.
    Cheque,
    /// A transfer from another account here, or one that came back.
    Transfer,
    /// Nobody recorded it, as was usual once. New deposits say how.
    Unknown,
}

/// A text that is no deposit method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no deposit method: write cash, card, bank_transfer, cheque or transfer")]
pub struct InvalidDepositMethod {
    text: String,
}

impl DepositMethod {
    /// Every method that a new deposit can have.
    pub const KNOWN: [Self; 5] = [Self::Cash, Self::Card, Self::BankTransfer, Self::Cheque, Self::Transfer];

    /// The method's name, as it is recorded.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Card => "card",
            Self::BankTransfer => "bank_transfer",
            Self::Cheque => "cheque",
            Self::Transfer => "transfer",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for DepositMethod {
    type Err = InvalidDepositMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::KNOWN.into_iter().find(|method| method.name() == text);
        known.ok_or_else(|| InvalidDepositMethod { text: text.chars().take(32).collect() })
    }
}

impl fmt::Display for DepositMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
