//! `customer_totals`: what each customer ordered, spent and got back, a row for each currency.
//!
//! Spent is what orders were paid with (`OrderPaid`), refunded what cancellations and returns gave back. A corrected
//! tax moves no money by itself. Sums are plain decimals, since a lifetime's sum may leave the range of one amount.

use std::fmt;
use std::str::FromStr;

use annals::Recorded;
use annals::projection::{Keys, Projection};
use ordermaster_domain::{Currency, CustomerId, Money, OrderEvent};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::keys::{InvalidKey, two_parts};

/// The projection of `customer_totals`: key is customer and currency.
#[derive(Clone, Copy, Debug, Default)]
pub struct CustomerTotals;

/// A customer's dealings in one currency. As text: both, divided by a blank.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerCurrency {
    /// The customer.
    pub customer: CustomerId,
    /// The currency.
    pub currency: Currency,
}

impl fmt::Display for CustomerCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.customer, self.currency)
    }
}

impl FromStr for CustomerCurrency {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (customer, currency) = two_parts(text, "a customer and a currency")?;
        Ok(Self { customer, currency })
    }
}

/// What a customer ordered, spent and got back in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerTotalsRow {
    /// Orders created, those cancelled later included.
    pub orders: u64,
    /// What was paid, in the key's currency.
    pub spent: Decimal,
    /// What was given back, in the key's currency.
    pub refunded: Decimal,
}

impl Projection for CustomerTotals {
    const NAME: &'static str = "customer_totals";
    const VERSION: u32 = 1;
    type Event = OrderEvent;
    type Key = CustomerCurrency;
    type Row = CustomerTotalsRow;

    fn keys(&self, event: &Recorded<OrderEvent>) -> Keys<CustomerCurrency> {
        match &event.event {
            OrderEvent::Created(created) => {
                let currency = created.total.currency();
                let key = CustomerCurrency { customer: created.customer.clone(), currency };
                Keys::one(key.clone()).learn(key)
            }
            OrderEvent::Paid { .. } | OrderEvent::Cancelled { .. } | OrderEvent::Returned { .. } => {
                Keys::routed()
            }
            _ => Keys::none(),
        }
    }

    fn apply(
        &self,
        key: &CustomerCurrency,
        row: Option<CustomerTotalsRow>,
        event: &Recorded<OrderEvent>,
    ) -> Option<CustomerTotalsRow> {
        let zero = Money::zero(key.currency).amount();
        let mut row = row.unwrap_or(CustomerTotalsRow { orders: 0, spent: zero, refunded: zero });
        match &event.event {
            OrderEvent::Created(_) => row.orders = row.orders.saturating_add(1),
            OrderEvent::Paid { amount, .. } => row.spent = row.spent.saturating_add(amount.amount()),
            OrderEvent::Cancelled { refund, .. } | OrderEvent::Returned { refund, .. } => {
                row.refunded = row.refunded.saturating_add(refund.amount());
            }
            _ => {}
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::CustomerTotals;
    use crate::read_models::history::{self, fold};

    #[test]
    fn payments_and_refunds_add_up_by_customer_and_currency() {
        let mut events = history::delivered_order("o-1", "ada");
        events.extend(history::cancelled_order("o-2", "ada"));
        events.extend(history::returned_order("o-3", "grace"));
        let rows = fold(CustomerTotals, events);
        let totals = |key: &str| {
            let row = &rows[&key.parse().unwrap()];
            (row.orders, row.spent.to_string(), row.refunded.to_string())
        };
        assert_eq!(totals("ada GBP"), (2, "72.00".to_owned(), "36.00".to_owned()));
        assert_eq!(totals("grace GBP"), (1, "36.00".to_owned(), "12.00".to_owned()));
    }

    #[test]
    fn a_corrected_tax_moves_no_money() {
        let rows = fold(CustomerTotals, history::tax_corrected_order("o-4", "ada"));
        let row = &rows[&"ada GBP".parse().unwrap()];
        assert_eq!((row.spent.to_string(), row.refunded.to_string()), ("36.00".into(), "0.00".into()));
    }

    #[test]
    fn it_never_matters_which_order_came_first() {
        history::assert_any_interleaving(CustomerTotals, &history::three_orders());
    }
}
