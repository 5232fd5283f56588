//! `daily_sales`: orders, revenue and refunds by the business day on which orders were placed.
//!
//! All of an order is booked on the day of its `placed_at` (UTC): revenue from `OrderPaid`, refunds from
//! `OrderCancelled` and `OrderReturned`. `PaymentRefunded` is not counted: it is how the money of those very refunds
//! travels, and would count them twice.

use std::fmt;
use std::str::FromStr;

use annals::Recorded;
use annals::projection::{Keys, Projection};
use ordermaster_domain::{Currency, Money, OrderEvent};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::day::Day;
use super::keys::{InvalidKey, two_parts};

/// The projection of `daily_sales`: key is business day and currency.
#[derive(Clone, Copy, Debug, Default)]
pub struct DailySales;

/// A day's sales in one currency. As text: both, divided by a blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DayCurrency {
    /// The day.
    pub day: Day,
    /// The currency.
    pub currency: Currency,
}

impl fmt::Display for DayCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.day, self.currency)
    }
}

impl FromStr for DayCurrency {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (day, currency) = two_parts(text, "a day and a currency")?;
        Ok(Self { day, currency })
    }
}

/// A day's sales in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailySalesRow {
    /// Orders placed on the day.
    pub orders: u64,
    /// What was paid for them, whenever.
    pub revenue: Decimal,
    /// What was given back for them, whenever.
    pub refunds: Decimal,
}

impl Projection for DailySales {
    const NAME: &'static str = "daily_sales";
    const VERSION: u32 = 1;
    type Event = OrderEvent;
    type Key = DayCurrency;
    type Row = DailySalesRow;

    fn keys(&self, event: &Recorded<OrderEvent>) -> Keys<DayCurrency> {
        match &event.event {
            OrderEvent::Created(created) => {
                let key = DayCurrency { day: Day::of(created.placed_at), currency: created.total.currency() };
                Keys::one(key).learn(key)
            }
            OrderEvent::Paid { .. } | OrderEvent::Cancelled { .. } | OrderEvent::Returned { .. } => {
                Keys::routed()
            }
            _ => Keys::none(),
        }
    }

    fn apply(
        &self,
        key: &DayCurrency,
        row: Option<DailySalesRow>,
        event: &Recorded<OrderEvent>,
    ) -> Option<DailySalesRow> {
        let zero = Money::zero(key.currency).amount();
        let mut row = row.unwrap_or(DailySalesRow { orders: 0, revenue: zero, refunds: zero });
        match &event.event {
            OrderEvent::Created(_) => row.orders = row.orders.saturating_add(1),
            OrderEvent::Paid { amount, .. } => row.revenue = row.revenue.saturating_add(amount.amount()),
            OrderEvent::Cancelled { refund, .. } | OrderEvent::Returned { refund, .. } => {
                row.refunds = row.refunds.saturating_add(refund.amount());
            }
            _ => {}
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::DailySales;
    use crate::read_models::history::{self, fold};

    #[test]
    fn an_order_is_booked_on_the_day_it_was_placed() {
        // Placed on 28 February, recorded on the 29th, paid and returned on 1 March.
        let mut events = history::delivered_order("o-1", "ada");
        events.extend(history::returned_order("o-2", "grace"));
        let rows = fold(DailySales, events);
        let days: Vec<_> = rows.keys().map(ToString::to_string).collect();
        assert_eq!(days, ["2024-02-28 GBP"]);
        let row = &rows[&"2024-02-28 GBP".parse().unwrap()];
        assert_eq!(row.orders, 2);
        assert_eq!((row.revenue.to_string(), row.refunds.to_string()), ("72.00".into(), "12.00".into()));
    }

    #[test]
    fn it_never_matters_which_order_came_first() {
        history::assert_any_interleaving(DailySales, &history::three_orders());
    }
}
