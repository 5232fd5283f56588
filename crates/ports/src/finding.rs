//! What a check found wrong: which part of a store, where, what is wrong, and what to do about it.
//!
//! One shape for every check of every store, so that a person reads one table and a program one list. Findings of a part
//! are kept up to a bound and counted beyond it: a store that is broken through and through fits in memory, too.

use std::collections::BTreeMap;
use std::fmt;

use annals_core::{StreamId, Version};
use serde::Serialize;

/// Findings of one part that are kept; more are counted.
const KEPT: usize = 100;

/// What of a store is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckedPart {
    /// What the store is kept in: its file, its tables, and what guards them.
    Storage,
    /// Streams: versions dense, stamps in order, heads that are their last events (laws A04, A10).
    Streams,
    /// Digests, from each stream's first event on (law A14).
    Digests,
    /// The feed: positions without gaps, every stream's events in it (law F01).
    Feed,
    /// Commits whole (law A01).
    Commits,
    /// Outcomes recorded once (law A12).
    Once,
    /// Events that the program's code reads (law E03).
    Events,
    /// Snapshots that are their streams' states (laws S01 and S03).
    Snapshots,
    /// Views that are what a rebuild makes (laws V01 and V05).
    Views,
}

impl CheckedPart {
    /// All parts, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Storage,
        Self::Streams,
        Self::Digests,
        Self::Feed,
        Self::Commits,
        Self::Once,
        Self::Events,
        Self::Snapshots,
        Self::Views,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Streams => "streams",
            Self::Digests => "digests",
            Self::Feed => "feed",
            Self::Commits => "commits",
            Self::Once => "once",
            Self::Events => "events",
            Self::Snapshots => "snapshots",
            Self::Views => "views",
        }
    }
}

/// What to do about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// History, or what it is kept in, is damaged: nothing but a backup has it whole.
    RestoreBackup,
    /// Something stands ahead of history, as after a restore: `recover` removes it.
    Recover,
    /// A view is not what history makes of it: build it again.
    RebuildView,
    /// A snapshot is not what history makes of it: remove it; the next load writes another.
    RemoveSnapshot,
    /// The program is older than the history, or lacks an upcaster.
    UpdateProgram,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RestoreBackup => "restore a backup",
            Self::Recover => "recover the store",
            Self::RebuildView => "rebuild the view",
            Self::RemoveSnapshot => "recover the store, which removes the snapshot",
            Self::UpdateProgram => "run a release that knows this event, or add an upcaster",
        })
    }
}

/// Something that is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The part.
    pub part: CheckedPart,
    /// The stream, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// The event's version, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The table or view, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: Remedy,
}

impl Finding {
    /// Something wrong with a part as a whole.
    pub fn new(part: CheckedPart, problem: impl Into<String>, remedy: Remedy) -> Self {
        Self { part, stream: None, version: None, table: None, problem: problem.into(), remedy }
    }

    /// The same in a stream.
    #[must_use]
    pub fn of_stream(self, stream: &StreamId) -> Self {
        Self { stream: Some(stream.clone()), ..self }
    }

    /// The same at an event of its stream.
    #[must_use]
    pub fn at(self, version: Version) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The same in a table or view.
    #[must_use]
    pub fn in_table(self, table: impl Into<String>) -> Self {
        Self { table: Some(table.into()), ..self }
    }

    /// Whether `other` is of the same part and stream, and at the same version, as far as both name one.
    fn is_told_by(&self, other: &Self) -> bool {
        let is_same = self.stream.is_some() && (self.part, &self.stream) == (other.part, &other.stream);
        is_same && (self.version == other.version || self.version.is_none() || other.version.is_none())
    }

    /// Where it is, in words; empty for a part as a whole.
    pub fn place(&self) -> String {
        let stream = self.stream.as_ref().map_or_else(String::new, ToString::to_string);
        let place = match self.version {
            Some(version) => format!("{stream} v{version}"),
            None => stream,
        };
        match &self.table {
            Some(table) if place.is_empty() => table.clone(),
            Some(table) => format!("{place} in {table}"),
            None => place,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let colon = if place.is_empty() { "" } else { ": " };
        write!(f, "{place}{colon}{}; {}", self.problem, self.remedy)
    }
}

/// Findings as they are gathered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    kept: Vec<Finding>,
    counts: BTreeMap<CheckedPart, u64>,
}

impl Findings {
    /// Nothing found.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the same part of the same stream was found wrong at the same place: two checks may see one fault.
    pub fn add(&mut self, finding: Finding) {
        if self.kept.iter().any(|kept| kept.is_told_by(&finding)) {
            return;
        }
        let count = self.counts.entry(finding.part).or_default();
        *count += 1;
        if *count <= KEPT as u64 {
            self.kept.push(finding);
        }
    }

    /// Adds those of another check.
    pub fn append(&mut self, others: Self) {
        let mut beyond = others.counts;
        for finding in others.kept {
            if let Some(left) = beyond.get_mut(&finding.part) {
                *left -= 1;
            }
            self.add(finding);
        }
        for (part, count) in beyond.into_iter().filter(|(_, count)| *count > 0) {
            *self.counts.entry(part).or_default() += count;
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many there are, those beyond the bound included.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many there are of a part.
    pub fn count_of(&self, part: CheckedPart) -> u64 {
        self.counts.get(&part).copied().unwrap_or(0)
    }

    /// Those kept: the first hundred of each part, in the order in which they were found.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }
}
