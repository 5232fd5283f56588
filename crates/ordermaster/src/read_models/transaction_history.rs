//! `transaction_history`: one line for each time money moved in an account.
//!
//! A line does not hold the balance after it: that is folded by the query, over the lines before it.

use annals::ports::IndexValues;
use annals::projection::{Keys, Projection};
use annals::{Recorded, Timestamp};
use ordermaster_domain::{AccountEvent, AccountId, DepositMethod, Money};
use serde::{Deserialize, Serialize};

use super::keys::{Entry, padded};

/// The projection of `transaction_history`: key is account and version; the index `account` holds an account's lines by
/// version.
#[derive(Clone, Copy, Debug, Default)]
pub struct TransactionHistory;

/// Money that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionHistoryRow {
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// In which way.
    pub movement: Movement,
    /// How much: what went out is negative.
    pub amount: Money,
    /// How a deposit came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<DepositMethod>,
}

/// In which way money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// It was in the account when that was opened.
    Opening,
    /// It came in.
    Deposit,
    /// It went out.
    Withdrawal,
}

impl Movement {
    /// What moved in an event, and how much it added to the balance; none when nothing moved.
    pub fn of(event: &AccountEvent) -> Option<(Self, Money)> {
        match event {
            AccountEvent::Opened { opening_balance, .. } => {
                (!opening_balance.is_zero()).then_some((Self::Opening, *opening_balance))
            }
            AccountEvent::Deposited { amount, .. } => Some((Self::Deposit, *amount)),
            AccountEvent::Withdrawn { amount } => {
                // An amount of money may have either sign, so the difference is in range.
                let negative = Money::zero(amount.currency()).checked_sub(*amount).ok()?;
                Some((Self::Withdrawal, negative))
            }
            AccountEvent::Closed => None,
        }
    }

    /// The movement in one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
        }
    }
}

impl Projection for TransactionHistory {
    const NAME: &'static str = "transaction_history";
    const VERSION: u32 = 1;
    const INDEXES: &'static [&'static str] = &["account"];
    type Event = AccountEvent;
    type Key = Entry<AccountId>;
    type Row = TransactionHistoryRow;

    fn keys(&self, event: &Recorded<AccountEvent>) -> Keys<Entry<AccountId>> {
        let header = &event.header;
        match (Movement::of(&event.event), AccountId::new(header.stream.id())) {
            (Some(_), Ok(account)) => Keys::one(Entry::new(account, header.version)),
            _ => Keys::none(),
        }
    }

    fn apply(
        &self,
        _: &Entry<AccountId>,
        _: Option<TransactionHistoryRow>,
        event: &Recorded<AccountEvent>,
    ) -> Option<TransactionHistoryRow> {
        let (movement, amount) = Movement::of(&event.event)?;
        let method = match &event.event {
            AccountEvent::Deposited { method, .. } => Some(*method),
            _ => None,
        };
        Some(TransactionHistoryRow { recorded_at: event.header.recorded_at, movement, amount, method })
    }

    fn index(&self, key: &Entry<AccountId>, _: &TransactionHistoryRow) -> IndexValues {
        IndexValues::none().with("account", [key.of.as_str(), &padded(key.version)])
    }
}

#[cfg(test)]
mod tests {
    use ordermaster_domain::DepositMethod;

    use super::TransactionHistory;
    use crate::read_models::history::{self, fold};

    #[test]
    fn each_movement_is_a_line() {
        let rows = fold(TransactionHistory, history::account("a-1", "100.00 GBP"));
        let lines: Vec<_> = rows
            .iter()
            .map(|(key, row)| (key.to_string(), row.movement.name(), row.amount.to_string(), row.method))
            .collect();
        let line =
            |key: &str, movement, amount: &str, method| (key.to_owned(), movement, amount.to_owned(), method);
        assert_eq!(
            lines,
            [
                line("a-1 0000000001", "opening", "100.00 GBP", None),
                line("a-1 0000000002", "deposit", "50.00 GBP", Some(DepositMethod::Cash)),
                line("a-1 0000000003", "withdrawal", "-30.50 GBP", None),
            ]
        );
    }

    #[test]
    fn opening_and_closing_an_empty_account_moves_nothing() {
        let rows = fold(TransactionHistory, history::emptied_account("a-2"));
        let versions: Vec<_> = rows.keys().map(|key| key.version.get()).collect();
        assert_eq!(versions, [2, 3]);
    }
}
