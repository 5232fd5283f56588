//! One order's history, told as a timeline from the read model `order_history`.

use std::fmt;

use annals::ports::{IndexValue, RowQuery};
use annals::{Timestamp, Version};
use ordermaster_domain::OrderId;
use serde::Serialize;

use super::text::{WIDTH, cut, time_of_day};
use super::{DemoError, Piece};
use crate::app::OrderMaster;
use crate::read_models::OrderHistory;

/// An order's history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timeline {
    /// The order.
    pub order: OrderId,
    /// Its events, from the first on.
    pub entries: Vec<TimelineEntry>,
}

/// One event of an order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimelineEntry {
    /// Its place in the stream.
    pub version: Version,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Its type.
    pub event: String,
    /// What it changed, in words.
    pub changes: Vec<String>,
}

impl Timeline {
    /// The history of an order.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub async fn of(shop: &OrderMaster, order: &OrderId) -> Result<Self, DemoError> {
        let view = shop.store().view::<OrderHistory>();
        let rows = view.all(RowQuery::index("order", IndexValue::of([order]))).await?;
        let entries = rows.into_iter().map(|(key, row)| TimelineEntry {
            version: key.version,
            recorded_at: row.recorded_at,
            event: row.event,
            changes: row.changes,
        });
        Ok(Self { order: order.clone(), entries: entries.collect() })
    }
}

impl Piece for Timeline {
    const TITLE: &'static str = "One order's history";
    const ABOUT: &'static str =
        "Nothing is overwritten: every change is there, when it came, and what it did.";
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  order-{}", self.order)?;
        let last = self.entries.len().saturating_sub(1);
        for (place, entry) in self.entries.iter().enumerate() {
            let (version, time) = (format!("v{}", entry.version), time_of_day(entry.recorded_at));
            write!(f, "\n  {version:>4} ● {time}  {}", entry.event)?;
            let rail = if place == last { ' ' } else { '│' };
            for change in &entry.changes {
                write!(f, "\n       {rail}   {}", cut(change, WIDTH - 11))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use annals::{Timestamp, Version};
    use ordermaster_domain::OrderId;

    use super::{Timeline, TimelineEntry};

    #[test]
    fn a_rail_joins_the_events_and_ends_with_the_last() {
        let entry = |version, event: &str, changes: &[&str]| TimelineEntry {
            version: Version::new(version),
            recorded_at: Timestamp::from_micros(1_500_000 * i64::try_from(version).unwrap()),
            event: event.to_owned(),
            changes: changes.iter().map(|change| (*change).to_owned()).collect(),
        };
        let entries = vec![
            entry(1, "OrderCreated", &["status: created", &"x".repeat(200)]),
            entry(2, "OrderDelivered", &["status: delivered"]),
        ];
        let text = Timeline { order: OrderId::new("o-1").unwrap(), entries }.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "  order-o-1");
        assert_eq!(lines[1], "    v1 ● 00:00:01.500000  OrderCreated");
        assert_eq!(lines[2], "       │   status: created");
        assert_eq!(lines[3].chars().count(), 90);
        assert!(lines[3].ends_with('…'));
        assert_eq!(lines[5], "           status: delivered");
    }
}
