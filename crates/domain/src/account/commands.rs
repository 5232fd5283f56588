//! What an account can be asked to do, and what it answers.

use serde::{Deserialize, Serialize};

use super::deposit_method::DepositMethod;
use super::events::AccountEvent;
use super::rejection::AccountRejection;
use super::state::Account;
use crate::values::{Money, Owner};

/// What an account can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum AccountCommand {
    /// Open it, in the currency of the opening balance.
    Open {
        /// Whose it is to be.
        owner: Owner,
        /// What is in it at once; not negative.
        opening_balance: Money,
    },
    /// Put money in.
    Deposit {
        /// How much; more than zero.
        amount: Money,
        /// In which way.
        method: DepositMethod,
    },
    /// Take money out.
    Withdraw {
        /// How much; more than zero, and no more than there is.
        amount: Money,
    },
    /// Close it, when it is empty.
    Close,
}

impl AccountCommand {
    /// The command's name, as rejections give it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Deposit { .. } => "deposit",
            Self::Withdraw { .. } => "withdraw",
            Self::Close => "close",
        }
    }
}

pub(super) fn decide(
    account: &Account,
    command: &AccountCommand,
) -> Result<Vec<AccountEvent>, AccountRejection> {
    let event = match (account, command) {
        (Account::Absent, AccountCommand::Open { owner, opening_balance }) => open(owner, *opening_balance)?,
        (Account::Open { balance, .. }, AccountCommand::Deposit { amount, method }) => {
            deposit(*balance, *amount, *method)?
        }
        (Account::Open { balance, .. }, AccountCommand::Withdraw { amount }) => withdraw(*balance, *amount)?,
        (Account::Open { balance, .. }, AccountCommand::Close) => close(*balance)?,
        (account, _) => {
            return Err(AccountRejection::NotAllowed { phase: account.phase(), attempted: command.name() });
        }
    };
    Ok(vec![event])
}

fn open(owner: &Owner, opening_balance: Money) -> Result<AccountEvent, AccountRejection> {
    if opening_balance.is_negative() {
        return Err(AccountRejection::NegativeOpening { opening_balance });
    }
    Ok(AccountEvent::Opened { owner: owner.clone(), opening_balance })
}

fn deposit(balance: Money, amount: Money, method: DepositMethod) -> Result<AccountEvent, AccountRejection> {
    let amount = positive(amount)?;
    // Refused here, so that `evolve` can add without looking: another currency, or a balance out of range.
    balance.checked_add(amount)?;
    if method == DepositMethod::Unknown {
        return Err(AccountRejection::MethodUnknown);
    }
    Ok(AccountEvent::Deposited { amount, method })
}

fn withdraw(balance: Money, amount: Money) -> Result<AccountEvent, AccountRejection> {
    let amount = positive(amount)?;
    if amount.exceeds(balance)? {
        return Err(AccountRejection::InsufficientFunds { amount, balance });
    }
    Ok(AccountEvent::Withdrawn { amount })
}

fn close(balance: Money) -> Result<AccountEvent, AccountRejection> {
    if balance.is_zero() {
        Ok(AccountEvent::Closed)
    } else {
        Err(AccountRejection::BalanceNotZero { balance })
    }
}

fn positive(amount: Money) -> Result<Money, AccountRejection> {
    if amount.is_positive() { Ok(amount) } else { Err(AccountRejection::NotPositive { amount }) }
}
