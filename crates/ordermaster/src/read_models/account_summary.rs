//! `account_summary`: one row an account, as it stands now.

use annals::projection::{Keys, Projection};
use annals::{Recorded, Timestamp};
use ordermaster_domain::{AccountEvent, AccountId, Money, Owner};
use serde::{Deserialize, Serialize};

use super::transaction_history::Movement;

/// The projection of `account_summary`: key is the account's id.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountSummary;

/// An account as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSummaryRow {
    /// Whose it is.
    pub owner: Owner,
    /// Whether money moves.
    pub status: AccountStatus,
    /// What is in it.
    pub balance: Money,
    /// How often money moved, an opening balance included.
    pub transactions: u64,
    /// When its last event was recorded.
    pub updated_at: Timestamp,
}

/// Whether money moves in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// It does.
    Open,
    /// Not any more.
    Closed,
}

impl Projection for AccountSummary {
    const NAME: &'static str = "account_summary";
    const VERSION: u32 = 1;
    type Event = AccountEvent;
    type Key = AccountId;
    type Row = AccountSummaryRow;

    fn keys(&self, event: &Recorded<AccountEvent>) -> Keys<AccountId> {
        // A stream's id and an account's id keep the same rule.
        AccountId::new(event.header.stream.id()).map_or_else(|_| Keys::none(), Keys::one)
    }

    fn apply(
        &self,
        _: &AccountId,
        row: Option<AccountSummaryRow>,
        event: &Recorded<AccountEvent>,
    ) -> Option<AccountSummaryRow> {
        let updated_at = event.header.recorded_at;
        let mut row = match &event.event {
            AccountEvent::Opened { owner, opening_balance } => AccountSummaryRow {
                owner: owner.clone(),
                status: AccountStatus::Open,
                balance: Money::zero(opening_balance.currency()),
                transactions: 0,
                updated_at,
            },
            // A stream begins with its opening, so there is a row.
            _ => row?,
        };
        if let Some((_, amount)) = Movement::of(&event.event) {
            // The account let the money move, so the sum is in range.
            row.balance = row.balance.checked_add(amount).unwrap_or(row.balance);
            row.transactions = row.transactions.saturating_add(1);
        }
        if event.event == AccountEvent::Closed {
            row.status = AccountStatus::Closed;
        }
        row.updated_at = updated_at;
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountStatus, AccountSummary};
    use crate::read_models::history::{self, at, fold};

    #[test]
    fn an_account_is_summed_up_as_it_stands() {
        let rows = fold(AccountSummary, history::account("a-1", "100.00 GBP"));
        let row = &rows[&"a-1".parse().unwrap()];
        assert_eq!((row.owner.as_str(), row.status), ("Ada", AccountStatus::Open));
        assert_eq!((row.balance.to_string().as_str(), row.transactions), ("119.50 GBP", 3));
        assert_eq!(row.updated_at, at("2024-03-01T00:01:00Z"));
    }

    #[test]
    fn nothing_in_it_at_first_is_no_transaction() {
        let rows = fold(AccountSummary, history::emptied_account("a-2"));
        let row = &rows[&"a-2".parse().unwrap()];
        assert_eq!((row.balance.to_string().as_str(), row.transactions), ("0.00 GBP", 2));
        assert_eq!(row.status, AccountStatus::Closed);
    }
}
