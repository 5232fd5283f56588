//! Why an account refuses a command.

use super::state::AccountPhase;
use crate::values::{Money, MoneyError};

/// Why an account refuses a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountRejection {
    /// The account's phase does not allow it.
    #[error("cannot {}", refused(attempted, *phase))]
    NotAllowed {
        /// The account's phase.
        phase: AccountPhase,
        /// The command's name.
        attempted: &'static str,
    },
    /// No account starts with debts.
    #[error("the opening balance is {opening_balance}: it must not be negative")]
    NegativeOpening {
        /// The opening balance.
        opening_balance: Money,
    },
    /// Nothing, or less, cannot be moved.
    #[error("the amount is {amount}: it must be more than zero")]
    NotPositive {
        /// The amount.
        amount: Money,
    },
    /// A new deposit says how the money came in.
    #[error("a deposit must say how the money came in: name its method")]
    MethodUnknown,
    /// More than there is.
    #[error("cannot withdraw {amount}: the balance is {balance}")]
    InsufficientFunds {
        /// The amount.
        amount: Money,
        /// The balance.
        balance: Money,
    },
    /// Money would be lost.
    #[error("cannot close an account with a balance of {balance}: withdraw it first")]
    BalanceNotZero {
        /// The balance.
        balance: Money,
    },
    /// The amounts do not go together.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

fn refused(attempted: &str, phase: AccountPhase) -> String {
    let what = match attempted {
        "deposit" => "deposit into".to_owned(),
        "withdraw" => "withdraw from".to_owned(),
        attempted => attempted.to_owned(),
    };
    match (attempted, phase) {
        (_, AccountPhase::Absent) => format!("{what} an account that does not exist; open it first"),
        ("open", phase) => {
            format!("open an account that exists already and is {phase}; choose another id")
        }
        (_, phase) => format!("{what} an account that is {phase}; nothing happens to it any more"),
    }
}
