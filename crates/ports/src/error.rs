//! What can go wrong at a port. Every error says what was being done, to what, and whether trying again can help
//! (law E01); none of them shows a secret (E04).

use std::time::Duration;

use annals_core::{CommitId, StoreId, StreamId, Timestamp};

use crate::{Conflict, FeedPosition};

/// Any cause, as adapters pass it on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached, or refuses work for now.
    #[error("{doing}: the store is unavailable: {source}")]
    Unavailable {
        /// What was being done, and to what.
        doing: String,
        /// The cause.
        source: BoxError,
    },
    /// The store did not answer in time.
    #[error("{doing}: no answer within {after:?}; try again once nobody else holds the store")]
    TimedOut {
        /// What was being done, and to what.
        doing: String,
        /// The configured time-out.
        after: Duration,
    },
    /// There is no room left.
    #[error("{doing}: the store is full: {source}; make room and try again")]
    Full {
        /// What was being done, and to what.
        doing: String,
        /// The cause.
        source: BoxError,
    },
    /// The store may be read, not written.
    #[error("{doing}: the store is read-only: {source}; open it with the right to write")]
    ReadOnly {
        /// What was being done, and to what.
        doing: String,
        /// The cause.
        source: BoxError,
    },
    /// What the store holds is not what it was given.
    #[error("{doing}: the store is damaged: {detail}; restore a backup")]
    Damaged {
        /// What was being done, and to what.
        doing: String,
        /// What is wrong.
        detail: String,
    },
    /// What was opened is no store of this kind.
    #[error("{what} is no annals store: {detail}")]
    NotAStore {
        /// What was opened.
        what: String,
        /// What was found instead.
        detail: String,
    },
    /// The store was written by a newer release.
    #[error("{what} has schema version {found}, this release knows up to {supported}; use a newer release")]
    NewerSchema {
        /// What was opened.
        what: String,
        /// Its schema version.
        found: u32,
        /// The newest that this release knows.
        supported: u32,
    },
    /// A position or page token of another store (law R06).
    #[error("this {what} belongs to store {found}, not to {expected}; take one from this store")]
    WrongStore {
        /// Position or page token.
        what: &'static str,
        /// The store that was asked.
        expected: StoreId,
        /// The store that it names.
        found: StoreId,
    },
    /// A page token that this query cannot have given.
    #[error("{text:?} is no page token of this query: {reason}")]
    InvalidToken {
        /// The token.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The event that a position names no longer stands there (law F09).
    #[error(
        "position {position} names an event that is not there: the store was restored or lost its last events; \
         rebuild what follows it from the beginning"
    )]
    PositionLost {
        /// The position.
        position: Box<FeedPosition>,
    },
    /// The store refused for a reason that trying again will not change.
    #[error("{doing}: {reason}")]
    Refused {
        /// What was being done, and to what.
        doing: String,
        /// Why, and what to do.
        reason: String,
    },
}

impl StoreError {
    /// Whether trying the same again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::TimedOut { .. } | Self::Full { .. })
    }
}

/// What a failed commit left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing was written.
    NotWritten,
    /// It may have been written. Only committing the same value again can tell (law A06).
    Unknown,
}

/// Why a commit was not answered with a receipt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// An expectation does not hold; nothing was written (law A02).
    #[error(transparent)]
    Conflict(#[from] Box<Conflict>),
    /// The id was used for another commit; nothing was written (law A06).
    #[error("commit id {commit} was used before for something else{}; draw a new id", at(.stream.as_ref()))]
    CommitIdReused {
        /// The id.
        commit: CommitId,
        /// A stream in which the two differ.
        stream: Option<StreamId>,
    },
    /// The process's clock is too far from the store's; nothing was written (law A10).
    #[error(
        "the clock of this process says {ours}, the store's says {theirs}: more than 10 s apart; set the clock"
    )]
    ClockSkew {
        /// This process's clock.
        ours: Timestamp,
        /// The store's clock.
        theirs: Timestamp,
    },
    /// The store failed.
    #[error("{source} ({})", match .effect { Effect::NotWritten => "nothing was written", Effect::Unknown => "it may have been written: commit the same value again to find out" })]
    Store {
        /// What is left behind.
        effect: Effect,
        /// The failure.
        #[source]
        source: StoreError,
    },
}

fn at(stream: Option<&StreamId>) -> String {
    stream.map_or_else(String::new, |stream| format!(" (they differ at {stream})"))
}

impl CommitError {
    /// The store failed before it wrote anything.
    pub fn not_written(source: StoreError) -> Self {
        Self::Store { effect: Effect::NotWritten, source }
    }

    /// The store failed, and may have written.
    pub fn unknown(source: StoreError) -> Self {
        Self::Store { effect: Effect::Unknown, source }
    }

    /// What is left behind.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Store { effect, .. } => *effect,
            _ => Effect::NotWritten,
        }
    }

    /// Whether committing the same value again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store { source, .. } if source.is_transient())
    }
}
