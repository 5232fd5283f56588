//! Generating business: orders with their payments, stock and accounts, drawn from a seed.
//!
//! * [`script`] says what happens, purely: the same seed gives the same steps, on every machine;
//! * [`run`](fn@run) carries a script out, each step once, however often it is killed and begun again.
//!
//! Every kind of command of every aggregate occurs, some of them in situations in which they must be refused: those are
//! counted by kind. A command that is refused when it should not be, or the other way round, is an error.

mod accounts;
mod catalogue;
mod fates;
mod order;
mod run;
pub mod script;
mod shelf;
mod step;

use std::collections::BTreeMap;

use annals::UnitError;
use serde::Serialize;

pub use run::run;
pub use script::{Business, Lane};
pub use step::{Act, Expected, Step};

/// What was generated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GenerateReport {
    /// Orders worked through, to where their story ends.
    pub orders: u64,
    /// Commands given.
    pub commands: u64,
    /// Events recorded by this run.
    pub events: u64,
    /// Commits that an earlier run had recorded.
    pub already_there: u64,
    /// Commands that were refused, as they should be, by what they tried.
    pub refused: BTreeMap<&'static str, u64>,
    /// Whether it was stopped before its end; run again, it goes on where it was.
    pub stopped: bool,
}

/// Why generating ended early. Whatever was recorded stays; run again, it goes on where it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// A command was refused that should not be.
    #[error(
        "step `{step}` was refused, which nothing explains: was its stream changed by someone else? {reason}"
    )]
    Refused {
        /// The step.
        step: String,
        /// The reason.
        reason: String,
    },
    /// A command was carried out that should be refused.
    #[error("step `{step}` was carried out, though it tries to {tried}")]
    NotRefused {
        /// The step.
        step: String,
        /// What it tried.
        tried: &'static str,
    },
    /// The store failed.
    #[error("step `{step}` could not be recorded; run it again, it goes on where it was: {source}")]
    Commit {
        /// The step.
        step: String,
        /// Why not.
        source: Box<UnitError>,
    },
}
