//! The same order at three moments of its past, and what lies between the first and the last.

use std::fmt;

use annals::{AsOf, StreamId, Timestamp, Version};
use ordermaster_domain::OrderId;
use serde::Serialize;

use super::text::{WIDTH, cut, time_of_day};
use super::{DemoError, Piece};
use crate::app::OrderMaster;

/// How many differences are told.
const DIFFERENCES: usize = 10;
const COLUMN: usize = 25;

/// An order at some moments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moments {
    /// The order.
    pub order: OrderId,
    /// The order at each moment.
    pub snapshots: Vec<Snapshot>,
    /// What differs between the first and the last.
    pub differences: Vec<String>,
}

/// An order at a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// The moment.
    pub at: Timestamp,
    /// After how many events.
    pub version: Version,
    /// What it was like, by name.
    pub facts: Vec<(&'static str, String)>,
}

impl Moments {
    /// An order at its first event, at the one in its middle, and at its last.
    ///
    /// # Errors
    /// When its states cannot be read.
    pub async fn of(shop: &OrderMaster, order: &OrderId) -> Result<Self, DemoError> {
        let history = shop.orders().history(order).await?;
        let times: Vec<_> = history.iter().map(|change| change.header.recorded_at).collect();
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
            return Ok(Self { order: order.clone(), snapshots: Vec::new(), differences: Vec::new() });
        };
        let mut snapshots = Vec::new();
        for at in [first, times[times.len() / 2], last] {
            snapshots.push(Snapshot::of(shop, order, at).await?);
        }
        let stream = StreamId::new("order", order.as_str()).map_err(annals::LoadError::from)?;
        let differences = shop.difference_in(&stream, AsOf::time(first), AsOf::time(last)).await?;
        let differences = differences.iter().map(ToString::to_string).collect();
        Ok(Self { order: order.clone(), snapshots, differences })
    }
}

impl Snapshot {
    async fn of(shop: &OrderMaster, order: &OrderId, at: Timestamp) -> Result<Self, DemoError> {
        let loaded = shop.orders().load_at(order, AsOf::time(at)).await?;
        let facts = loaded.state.placed().map_or_else(Vec::new, |order| {
            vec![
                ("status", order.phase.to_string()),
                ("items", order.lines.len().to_string()),
                ("tax", order.tax.to_string()),
                ("total", order.total.to_string()),
                ("paid", order.paid.to_string()),
                ("refunded", order.refunded.to_string()),
            ]
        });
        Ok(Self { at, version: loaded.version(), facts })
    }
}

impl Piece for Moments {
    const TITLE: &'static str = "The same order, at three moments";
    const ABOUT: &'static str = "Any state of the past is there for the asking, by time or by version.";
}

impl fmt::Display for Moments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = |cell: &dyn Fn(&Snapshot) -> String| {
            self.snapshots
                .iter()
                .fold(String::new(), |row, snapshot| format!("{row}{:<COLUMN$}", cell(snapshot)))
        };
        write!(f, "  {:<11}{}", "as of", cells(&|snapshot| time_of_day(snapshot.at)).trim_end())?;
        write!(f, "\n  {:<11}{}", "", cells(&|snapshot| format!("after v{}", snapshot.version)).trim_end())?;
        let names = self.snapshots.first().map_or(&[][..], |snapshot| &snapshot.facts);
        for (place, (name, _)) in names.iter().enumerate() {
            let fact = |snapshot: &Snapshot| {
                snapshot.facts.get(place).map_or(String::new(), |(_, text)| cut(text, COLUMN - 1))
            };
            write!(f, "\n  {name:<11}{}", cells(&fact).trim_end())?;
        }
        write!(f, "\n\n  What lies between the first and the last of them:")?;
        for difference in self.differences.iter().take(DIFFERENCES) {
            write!(f, "\n    {}", cut(difference, WIDTH - 4))?;
        }
        match self.differences.len().saturating_sub(DIFFERENCES) {
            0 => Ok(()),
            more => write!(f, "\n    … and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use annals::{Timestamp, Version};
    use ordermaster_domain::OrderId;

    use super::{Moments, Snapshot};

    #[test]
    fn moments_stand_side_by_side() {
        let snapshot = |version: u64, status: &str| Snapshot {
            at: Timestamp::from_micros(i64::try_from(version).unwrap() * 1_000_000),
            version: Version::new(version),
            facts: vec![("status", status.to_owned()), ("items", "2".to_owned())],
        };
        let moments = Moments {
            order: OrderId::new("o-1").unwrap(),
            snapshots: vec![snapshot(1, "created"), snapshot(3, "paid"), snapshot(7, "returned")],
            differences: (0..12).map(|number| format!("place{number}: 1 → 2")).collect(),
        };
        let text = moments.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "  as of      00:00:01.000000          00:00:03.000000          00:00:07.000000"
        );
        assert_eq!(lines[2], "  status     created                  paid                     returned");
        assert_eq!(lines.last(), Some(&"    … and 2 more"));
    }
}
