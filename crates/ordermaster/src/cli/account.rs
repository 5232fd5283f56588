//! `ordermaster account …`: open accounts and move money.

use annals::Aggregate;
use clap::Subcommand;
use ordermaster_domain::{Account, AccountCommand, AccountId, Currency, DepositMethod, Money, Owner};

use super::arguments::{Amount, new_id};
use super::execute::execute;
use super::{AppError, Session};
use crate::queries::statements::statement_of;
use crate::read_models::TransactionHistory;

/// What can be done with accounts.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum AccountVerb {
    /// Open an account; its id is drawn when none is given, and printed
    Open {
        /// The account's id; drawn when not given
        #[arg(long)]
        id: Option<AccountId>,
        /// Whose it is
        #[arg(long, value_name = "NAME")]
        owner: Owner,
        /// What is in it at once, with its currency: "100.00 GBP"
        #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
        balance: Money,
    },
    /// Put money in
    Deposit {
        /// The account
        id: AccountId,
        /// How much, in the account's currency
        #[arg(long, allow_hyphen_values = true)]
        amount: Amount,
        /// In which way: cash, card, `bank_transfer`, cheque or transfer
        #[arg(long)]
        method: DepositMethod,
    },
    /// Take money out
    Withdraw {
        /// The account
        id: AccountId,
        /// How much, in the account's currency
        #[arg(long, allow_hyphen_values = true)]
        amount: Amount,
    },
    /// Close it, when it is empty
    Close {
        /// The account
        id: AccountId,
    },
    /// Every movement with the balance after it, from the read model `transaction_history`
    Statement {
        /// The account
        id: AccountId,
    },
}

impl AccountVerb {
    pub(super) fn may_be_first(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    pub(super) async fn run(self, session: &mut Session) -> Result<(), AppError> {
        let (id, command) = match self {
            Self::Open { id, owner, balance } => {
                (id.map_or_else(new_id, Ok)?, AccountCommand::Open { owner, opening_balance: balance })
            }
            Self::Deposit { id, amount, method } => {
                let amount = in_currency_of(session, &id, amount).await?;
                (id, AccountCommand::Deposit { amount, method })
            }
            Self::Withdraw { id, amount } => {
                let amount = in_currency_of(session, &id, amount).await?;
                (id, AccountCommand::Withdraw { amount })
            }
            Self::Close { id } => (id, AccountCommand::Close),
            Self::Statement { id } => return statement(session, &id).await,
        };
        let accounts = session.shop.accounts().clone();
        execute(session, &accounts, &id, &command).await
    }
}

async fn in_currency_of(session: &Session, id: &AccountId, amount: Amount) -> Result<Money, AppError> {
    let currency = match session.shop.accounts().load(id).await?.state {
        Account::Open { balance, .. } => balance.currency(),
        // Refused whatever the currency is, and the domain says why.
        Account::Closed { .. } => Currency::USD,
        Account::Absent => return Err(AppError::NotThere { what: Account::CATEGORY, id: id.to_string() }),
    };
    amount.in_currency(currency).map_err(AppError::argument)
}

async fn statement(session: &mut Session, id: &AccountId) -> Result<(), AppError> {
    if session.shop.accounts().load(id).await?.head.is_none() {
        return Err(AppError::NotThere { what: Account::CATEGORY, id: id.to_string() });
    }
    let view = session.fresh_view(TransactionHistory).await?;
    let lines = statement_of(&view, id).await?;
    session.output.rows(
        &["version", "recorded_at", "movement", "amount", "method", "balance"],
        &lines,
        |line| {
            vec![
                line.version.to_string(),
                line.recorded_at.to_string(),
                line.movement.name().to_owned(),
                line.amount.to_string(),
                line.method.map_or("-", DepositMethod::name).to_owned(),
                line.balance.to_string(),
            ]
        },
    )
}
