//! A commit's answer.

use annals_core::{CommitId, Json, StreamHead, StreamId, Timestamp, Version};

/// The answer to a commit: what is recorded under its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The commit's id.
    pub commit: CommitId,
    /// What is recorded.
    pub outcome: Outcome,
    /// Whether it was recorded by an earlier call, and this one wrote nothing (laws A06 and A12).
    pub replayed: bool,
}

/// What is recorded under a commit's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Events.
    Committed(Vec<Appended>),
    /// A refusal, without events.
    Refused {
        /// The reason, as it was given.
        reason: Json,
    },
    /// That there was nothing to change, without events.
    Unchanged,
}

/// What a commit added to one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The stream.
    pub stream: StreamId,
    /// The first version added.
    pub first: Version,
    /// The stream's head after the commit.
    pub head: StreamHead,
}

impl Receipt {
    /// What was added, by stream in the commit's order; nothing where no events are.
    pub fn appended(&self) -> &[Appended] {
        match &self.outcome {
            Outcome::Committed(appended) => appended,
            Outcome::Refused { .. } | Outcome::Unchanged => &[],
        }
    }

    /// The head that the commit gave `stream`.
    pub fn head(&self, stream: &StreamId) -> Option<StreamHead> {
        self.appended().iter().find(|appended| &appended.stream == stream).map(|appended| appended.head)
    }

    /// When its events were recorded; none where there are none. Streams of one commit may differ by a clock's step.
    pub fn recorded_at(&self) -> Option<Timestamp> {
        self.appended().iter().map(|appended| appended.head.recorded_at).max()
    }
}
