//! What can have happened to an account.
//!
//! Recorded names and shapes stand for ever: an example of each version is kept in `golden/account`.

use annals_core::DomainEvent;

use super::deposit_method::DepositMethod;
use super::upcasts::upcasters;
use crate::values::{Money, Owner};

/// What can have happened to an account.
#[derive(Clone, Debug, PartialEq, Eq, DomainEvent)]
#[event(category = "account", prefix = "Account", upcasters = upcasters)]
pub enum AccountEvent {
    /// It was opened.
    Opened {
        /// Whose it is.
        owner: Owner,
        /// What was in it at once, perhaps nothing; its currency is the account's.
        opening_balance: Money,
    },
    /// Money came in.
    #[event(name = "MoneyDeposited", version = 3)]
    Deposited {
        /// How much.
        #[serde(flatten)]
        amount: Money,
        /// In which way.
        method: DepositMethod,
    },
    /// Money went out.
    #[event(name = "MoneyWithdrawn")]
    Withdrawn {
        /// How much.
        #[serde(flatten)]
        amount: Money,
    },
    /// It was closed, empty.
    Closed,
}
