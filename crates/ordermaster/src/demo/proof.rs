//! Two proofs: read models dropped and rebuilt have the same rows, and every event is as it was recorded.

use std::fmt;
use std::time::Instant;

use annals::ports::RowQuery;
use annals::projection::Progress;
use serde::Serialize;

use super::text::{WIDTH, cut, grouped};
use super::{DemoError, Piece};
use crate::app::OrderMaster;
use crate::verify::verify;
use crate::views::{AnyView, Fields};

/// How many faults are told.
const FAULTS: usize = 5;

/// Read models that were dropped and rebuilt.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rebuilt {
    /// The models.
    pub models: Vec<RebuiltModel>,
}

/// A read model that was dropped and rebuilt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RebuiltModel {
    /// Its name.
    pub name: &'static str,
    /// Events that it was rebuilt from.
    pub events: u64,
    /// Rows that it had before.
    pub rows: u64,
    /// The first key whose row is not as it was; none when all are.
    pub differs_at: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// Every stream checked against its digests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Digests {
    /// Streams checked.
    pub streams: u64,
    /// Events checked.
    pub events: u64,
    /// What is not as it was recorded.
    pub faults: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Rebuilt {
    /// Drops every read model, one after the other, builds it again from the first event on, and compares all rows.
    ///
    /// # Errors
    /// When a read model cannot be read or rebuilt.
    pub async fn now(
        shop: &OrderMaster,
        on_progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<Self, DemoError> {
        let mut rebuilt = Self::default();
        for model in shop.read_models() {
            let before = rows_of(model.as_ref()).await?;
            let began = Instant::now();
            let done = shop.rebuild(model.runner(), on_progress).await?;
            let seconds = began.elapsed().as_secs_f64();
            let differs_at = first_difference(&before, &rows_of(model.as_ref()).await?);
            let (name, rows) = (model.runner().name(), before.len() as u64);
            rebuilt.models.push(RebuiltModel { name, events: done.events, rows, differs_at, seconds });
        }
        Ok(rebuilt)
    }

    /// Whether every row is as it was.
    pub fn holds(&self) -> bool {
        self.models.iter().all(|model| model.differs_at.is_none())
    }
}

impl Digests {
    /// Checks every event of every stream against its digest, and the feed against the streams.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn now(
        shop: &OrderMaster,
        on_progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Self, DemoError> {
        let began = Instant::now();
        let verification = verify(shop.store().adapter(), on_progress).await?;
        Ok(Self {
            streams: verification.streams,
            events: verification.events,
            faults: verification.faults.iter().map(ToString::to_string).collect(),
            seconds: began.elapsed().as_secs_f64(),
        })
    }

    /// Whether every event is as it was recorded.
    pub fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

type Rows = Vec<(String, Fields)>;

async fn rows_of(model: &dyn AnyView) -> Result<Rows, DemoError> {
    let mut query = RowQuery::all().limit(1_000);
    let mut rows = Vec::new();
    loop {
        let page = model.page(&query).await?;
        rows.extend(page.rows);
        match page.next {
            Some(token) => query = query.after(token),
            None => return Ok(rows),
        }
    }
}

/// The first key under which the one has another row than the other, or none.
fn first_difference(before: &Rows, after: &Rows) -> Option<String> {
    let differing =
        before.iter().zip(after).find(|(before, after)| before != after).map(|(before, _)| before);
    let longer = if before.len() > after.len() { before } else { after };
    let missing = longer.get(before.len().min(after.len()));
    differing.or(missing).map(|(key, _)| key.clone())
}

impl Piece for Rebuilt {
    const TITLE: &'static str = "Proof: read models, dropped and rebuilt";
    const ABOUT: &'static str = "Every row of every model must be as it was when the model followed live.";
}

impl Piece for Digests {
    const TITLE: &'static str = "Proof: history is whole";
    const ABOUT: &'static str =
        "Each event carries a SHA-256 over itself and its predecessor: any edit would show.";
}

impl fmt::Display for Rebuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for model in &self.models {
            let (rows, events) = (grouped(model.rows), grouped(model.events));
            let found = match &model.differs_at {
                None => "all equal".to_owned(),
                Some(key) => format!("NOT EQUAL at {}", cut(key, 24)),
            };
            let RebuiltModel { name, seconds, .. } = model;
            writeln!(f, "  {name:<20} {events:>9} events {rows:>9} rows  {seconds:>5.1} s   {found}")?;
        }
        let rows: u64 = self.models.iter().map(|model| model.rows).sum();
        let verdict = if self.holds() { "holds" } else { "DOES NOT HOLD" };
        write!(f, "  {} rows compared: the proof {verdict}", grouped(rows))
    }
}

impl fmt::Display for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, streams) = (grouped(self.events), grouped(self.streams));
        write!(f, "  {events} events in {streams} streams checked in {:.1} s: ", self.seconds)?;
        if self.holds() {
            return f.write_str("every digest holds");
        }
        write!(f, "{} FAULTS", self.faults.len())?;
        for fault in self.faults.iter().take(FAULTS) {
            write!(f, "\n    {}", cut(fault, WIDTH - 4))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use annals::Value;

    use super::{Digests, Rebuilt, RebuiltModel, Rows, first_difference};
    use crate::views::Fields;

    fn rows(rows: &[(&str, i64)]) -> Rows {
        let row = |(key, number): &(&str, i64)| {
            ((*key).to_owned(), Fields(vec![("number".to_owned(), Value::from(*number))]))
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn any_difference_between_rows_is_found() {
        let before = rows(&[("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(first_difference(&before, &before), None);
        assert_eq!(first_difference(&before, &rows(&[("a", 1), ("b", 9), ("c", 3)])), Some("b".into()));
        assert_eq!(first_difference(&before, &rows(&[("a", 1), ("b", 2)])), Some("c".into()));
        assert_eq!(first_difference(&rows(&[]), &before), Some("a".into()));
    }

    #[test]
    fn a_proof_that_fails_says_so() {
        let model =
            |differs_at| RebuiltModel { name: "order_summary", events: 5, rows: 2, differs_at, seconds: 0.1 };
        let good = Rebuilt { models: vec![model(None)] };
        assert!(good.holds() && good.to_string().ends_with("2 rows compared: the proof holds"));
        let bad = Rebuilt { models: vec![model(None), model(Some("o-1".into()))] };
        assert!(!bad.holds() && bad.to_string().contains("NOT EQUAL at o-1"));
        let digests =
            Digests { streams: 1, events: 2, faults: vec!["event 2 was changed".into()], seconds: 0.1 };
        assert!(!digests.holds() && digests.to_string().contains("1 FAULTS\n    event 2 was changed"));
    }
}
