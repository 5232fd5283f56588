//! How much was recorded, and how fast; how much of it the read models followed, and how fast.

use std::fmt;

use annals::ports::StoreError;
use serde::Serialize;

use super::Piece;
use super::text::{a_second, grouped};
use crate::app::OrderMaster;
use crate::generate::GenerateReport;
use crate::import::ImportReport;

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recording {
    /// Where it came from, in words.
    pub source: String,
    /// Orders.
    pub orders: u64,
    /// Commands given, those that were refused included.
    pub commands: u64,
    /// What was refused, in words.
    pub refused: String,
    /// Events recorded.
    pub events: u64,
    /// How long it took.
    pub seconds: f64,
    /// Events in the store afterwards.
    pub events_in_store: u64,
}

/// What the read models followed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Followed {
    /// How many read models there are.
    pub models: u64,
    /// Their rows.
    pub rows: u64,
    /// Events applied, those of every model together.
    pub events: u64,
    /// How long it took.
    pub seconds: f64,
}

impl Recording {
    /// What a script came to.
    pub fn of_generated(report: &GenerateReport, seed: u64, seconds: f64, events_in_store: u64) -> Self {
        let refused: u64 = report.refused.values().sum();
        let kinds = report.refused.len();
        Self {
            source: format!("generated from seed {seed}"),
            orders: report.orders,
            commands: report.commands,
            refused: format!("{} commands of {kinds} kinds, as they should be", grouped(refused)),
            events: report.events,
            seconds,
            events_in_store,
        }
    }

    /// What a file came to.
    pub fn of_imported(report: &ImportReport, file: &str, seconds: f64, events_in_store: u64) -> Self {
        let (refused, lines) = (grouped(report.refused.total()), grouped(report.lines));
        Self {
            source: format!("imported from {file}"),
            orders: report.orders.new + report.orders.already_there,
            // An imported command records one event.
            commands: report.events,
            refused: format!("{refused} of {lines} lines, which `ordermaster import` explains"),
            events: report.events,
            seconds,
            events_in_store,
        }
    }
}

impl Followed {
    /// How far the read models have come, `seconds` after they began.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn after(shop: &OrderMaster, seconds: f64) -> Result<Self, StoreError> {
        let views = shop.store().adapter().views.list().await?;
        Ok(Self {
            models: views.len() as u64,
            rows: views.iter().map(|view| view.rows).sum(),
            events: views.iter().map(|view| view.checkpoint.events).sum(),
            seconds,
        })
    }
}

impl Piece for Recording {
    const TITLE: &'static str = "Business";
    const ABOUT: &'static str = "Commands are decided by the domain and recorded as events, durably.";
}

impl Piece for Followed {
    const TITLE: &'static str = "Read models";
    const ABOUT: &'static str = "Each one follows the events by itself, and each event counts once.";
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {} orders, {}", grouped(self.orders), self.source)?;
        let rate = a_second(self.commands, self.seconds);
        writeln!(
            f,
            "  commands   {:>11}   in {:.1} s: {rate} a second",
            grouped(self.commands),
            self.seconds
        )?;
        let rate = a_second(self.events, self.seconds);
        writeln!(f, "  events     {:>11}   in {:.1} s: {rate} a second", grouped(self.events), self.seconds)?;
        writeln!(f, "  refused    {}", self.refused)?;
        write!(f, "  in store   {:>11}   events", grouped(self.events_in_store))
    }
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {} read models, {} rows", self.models, grouped(self.rows))?;
        let rate = a_second(self.events, self.seconds);
        write!(
            f,
            "  applied    {:>11}   events in {:.1} s: {rate} a second",
            grouped(self.events),
            self.seconds
        )
    }
}
