//! What an import came to, for people and for programs.

use serde::Serialize;

use super::plan::Plan;
use super::refusal::Refusals;

/// What an import came to. Lines accepted and lines refused are all lines read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Lines read.
    pub lines: u64,
    /// Lines accepted: part of an order, or of a return.
    pub accepted: u64,
    /// Lines refused, by reason.
    pub refused: Refusals,
    /// The orders.
    pub orders: Carried,
    /// The returns, one for each accepted line of a cancellation.
    pub returns: Carried,
    /// Events recorded by this run.
    pub events: u64,
    /// Whether it was stopped before its end; run again, it goes on where it was.
    pub stopped: bool,
}

/// How many of something were carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// By this run, if only to their end.
    pub new: u64,
    /// By an earlier run.
    pub already_there: u64,
    /// By an earlier run, with another content; left as it was recorded.
    pub changed: u64,
    /// Refused by the shop.
    pub refused: u64,
    /// Not yet, for the run was stopped.
    pub left: u64,
}

impl ImportReport {
    /// The report before anything is carried out.
    pub(super) fn begin(plan: &Plan) -> Self {
        let left = |left| Carried { left, ..Carried::default() };
        Self {
            lines: plan.lines,
            accepted: plan.accepted(),
            refused: plan.refusals.clone(),
            orders: left(plan.orders.len() as u64),
            returns: left(plan.returns()),
            events: 0,
            stopped: false,
        }
    }

    pub(super) fn refuse(&mut self, reason: super::Refusal, lines: &[u64]) {
        self.accepted -= lines.len() as u64;
        for line in lines {
            self.refused.add(reason, *line);
        }
    }
}

impl Carried {
    pub(super) fn add(&mut self, carried: super::run::Carrying) {
        self.left -= 1;
        match carried {
            super::run::Carrying::New => self.new += 1,
            super::run::Carrying::AlreadyThere => self.already_there += 1,
            super::run::Carrying::Changed => self.changed += 1,
            super::run::Carrying::Refused => self.refused += 1,
        }
    }
}
