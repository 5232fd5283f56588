//! Operations on one stream as they were seen from outside, small enough to be written by hand: commits and the events
//! that they recorded are numbers. Printed as the Rust code that makes them.

use std::fmt;
use std::ops::{Bound, RangeBounds};

/// The number of a commit that nobody made.
pub const UNRECORDED: u32 = 0;

/// What happened on one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHistory {
    /// The stream's name.
    pub stream: String,
    /// The commits of the events that stood there before, one entry an event.
    pub start: Vec<u32>,
    /// What was called and answered, in any order.
    pub operations: Vec<Operation>,
}

/// One call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who called.
    pub task: usize,
    /// When; moments are numbers that rise across all tasks.
    pub called: u64,
    /// When it was answered; none when it never was, or with an unknown outcome.
    pub answered: Option<u64>,
    /// What was asked and answered.
    pub action: Action,
}

/// What was asked, and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Some events were to be added.
    Commit {
        /// The commit's number, from 1; the same again when it is repeated.
        commit: u32,
        /// What it expected of the stream.
        expected: Expected,
        /// How many events it adds to the stream.
        events: u64,
        /// What came of it.
        answer: Answer,
    },
    /// The head was asked for.
    Head {
        /// The version found; 0 for none.
        version: u64,
        /// The commit of the last event; [`UNRECORDED`] without one.
        commit: u32,
    },
    /// The stream was read from its beginning.
    Read {
        /// The commit of each event found, in version order.
        found: Vec<u32>,
        /// Whether that was all.
        to_end: bool,
    },
}

/// What a commit expects of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It has no events.
    NoStream,
    /// It has events.
    Exists,
    /// Nothing.
    Any,
    /// It has so many events.
    Exact(u64),
    /// It has so many events, the last one of this commit.
    Head(u64, u32),
}

/// What came of a commit. One that failed and certainly wrote nothing is no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was recorded by this call.
    Done {
        /// The version of its first event.
        first: u64,
    },
    /// An earlier call recorded it.
    Replayed {
        /// The version of its first event.
        first: u64,
    },
    /// Its expectation did not hold.
    Conflict {
        /// The actual version; 0 for none.
        version: u64,
        /// The commit of the last event; [`UNRECORDED`] without one.
        commit: u32,
    },
    /// Nobody knows: it takes effect at any moment after the call, or never.
    Unknown,
}

/// A commit of `events` events, called and answered at `when`: `3..5`, or `3..` without an answer.
pub fn commit(
    task: usize,
    when: impl RangeBounds<u64>,
    commit: u32,
    expected: Expected,
    events: u64,
    answer: Answer,
) -> Operation {
    Operation::new(task, &when, Action::Commit { commit, expected, events, answer })
}

/// The head asked for, and `version`, of `commit`, found.
pub fn head(task: usize, when: impl RangeBounds<u64>, version: u64, commit: u32) -> Operation {
    Operation::new(task, &when, Action::Head { version, commit })
}

/// The stream read to its end, and events of these commits found.
pub fn read(task: usize, when: impl RangeBounds<u64>, found: &[u32]) -> Operation {
    Operation::new(task, &when, Action::Read { found: found.to_vec(), to_end: true })
}

/// The stream read from its beginning, not to its end, and events of these commits found.
pub fn read_beginning(task: usize, when: impl RangeBounds<u64>, found: &[u32]) -> Operation {
    Operation::new(task, &when, Action::Read { found: found.to_vec(), to_end: false })
}

impl StreamHistory {
    /// What happened on a stream on which events of the commits in `start` stood before.
    pub fn new(stream: &str, start: &[u32], operations: Vec<Operation>) -> Self {
        Self { stream: stream.to_owned(), start: start.to_vec(), operations }
    }
}

impl Operation {
    fn new(task: usize, when: &impl RangeBounds<u64>, action: Action) -> Self {
        let called = match when.start_bound() {
            Bound::Included(at) | Bound::Excluded(at) => *at,
            Bound::Unbounded => 0,
        };
        let answered = match when.end_bound() {
            Bound::Included(at) | Bound::Excluded(at) => Some(*at),
            Bound::Unbounded => None,
        };
        Self { task, called, answered, action }
    }

    /// Whether it may have had no effect at all, ever: nobody knows what came of it.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self.action, Action::Commit { answer: Answer::Unknown, .. })
    }

    /// Whether it adds events when it takes effect.
    pub(crate) fn may_add(&self) -> bool {
        matches!(self.action, Action::Commit { answer: Answer::Unknown | Answer::Done { .. }, .. })
    }
}

impl fmt::Display for StreamHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "let history = StreamHistory::new({:?}, &{:?}, vec![", self.stream, self.start)?;
        let mut operations: Vec<_> = self.operations.iter().collect();
        operations.sort_by_key(|operation| operation.called);
        for operation in operations {
            writeln!(f, "    {operation},")?;
        }
        f.write_str("]);")
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.answered {
            Some(answered) => format!("{}, {}..{answered}", self.task, self.called),
            None => format!("{}, {}..", self.task, self.called),
        };
        match &self.action {
            Action::Commit { commit, expected, events, answer } => {
                write!(f, "commit({when}, {commit}, {expected:?}, {events}, {answer:?})")
            }
            Action::Head { version, commit } => write!(f, "head({when}, {version}, {commit})"),
            Action::Read { found, to_end: true } => write!(f, "read({when}, &{found:?})"),
            Action::Read { found, to_end: false } => write!(f, "read_beginning({when}, &{found:?})"),
        }
    }
}
