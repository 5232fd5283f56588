//! An account's statement: each movement, with the balance after it.

use annals::View;
use annals::ports::{IndexValue, RowQuery};
use annals::projection::ViewReadError;
use annals::{Timestamp, Version};
use ordermaster_domain::{AccountId, DepositMethod, Money};
use serde::Serialize;

use crate::read_models::{Entry, Movement, TransactionHistory, TransactionHistoryRow};

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementLine {
    /// The event's place in the account's stream.
    pub version: Version,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// In which way money moved.
    pub movement: Movement,
    /// How much: what went out is negative.
    pub amount: Money,
    /// How a deposit came in.
    pub method: Option<DepositMethod>,
    /// What was in the account after it.
    pub balance: Money,
}

/// All lines of an account's statement, the oldest first.
///
/// # Errors
/// When the view cannot be read.
pub async fn statement_of(
    view: &View<TransactionHistory>,
    account: &AccountId,
) -> Result<Vec<StatementLine>, ViewReadError> {
    let rows = view.all(RowQuery::index("account", IndexValue::of([account])).limit(1_000)).await?;
    Ok(with_balances(rows))
}

fn with_balances(rows: Vec<(Entry<AccountId>, TransactionHistoryRow)>) -> Vec<StatementLine> {
    let mut balance = None::<Money>;
    let line = |(entry, row): (Entry<AccountId>, TransactionHistoryRow)| {
        let before = balance.unwrap_or_else(|| Money::zero(row.amount.currency()));
        // The account let the money move, so the sum is in range.
        let after = before.checked_add(row.amount).unwrap_or(before);
        balance = Some(after);
        StatementLine {
            version: entry.version,
            recorded_at: row.recorded_at,
            movement: row.movement,
            amount: row.amount,
            method: row.method,
            balance: after,
        }
    };
    rows.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use annals::{Timestamp, Version};
    use ordermaster_domain::AccountId;

    use super::with_balances;
    use crate::read_models::{Entry, Movement, TransactionHistoryRow};

    #[test]
    fn each_line_carries_the_balance_after_it() {
        let account = AccountId::new("a-1").unwrap();
        let line = |version, movement, amount: &str| {
            let row = TransactionHistoryRow {
                recorded_at: Timestamp::UNIX_EPOCH,
                movement,
                amount: amount.parse().unwrap(),
                method: None,
            };
            (Entry::new(account.clone(), Version::new(version)), row)
        };
        let lines = with_balances(vec![
            line(1, Movement::Opening, "10.00 GBP"),
            line(2, Movement::Deposit, "5.50 GBP"),
            line(4, Movement::Withdrawal, "-15.50 GBP"),
        ]);
        let balances: Vec<_> = lines.iter().map(|line| line.balance.to_string()).collect();
        assert_eq!(balances, ["10.00 GBP", "15.50 GBP", "0.00 GBP"]);
    }
}
