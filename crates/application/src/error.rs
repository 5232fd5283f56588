//! What can go wrong when commands run and state is read. Every error says what was being done and to which
//! stream, and whether trying again can help (law E01).

use annals_core::{CommitId, DecodeError, InvalidStreamId, StoreId, StreamId, Version};
use annals_ports::{BoxError, CommitError, Conflict, Effect, InvalidCommit, StoreError};

/// State could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The aggregate's id makes no stream's name.
    #[error(transparent)]
    Stream(#[from] InvalidStreamId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be decoded; it is never skipped (law E03).
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The stream has not come so far.
    #[error("{stream} has no version {asked}: its head is version {head}")]
    NoSuchVersion {
        /// The stream.
        stream: StreamId,
        /// The version asked for.
        asked: Version,
        /// The stream's version.
        head: Version,
    },
    /// The state has no JSON form to compare.
    #[error("the state of {stream} at version {version} cannot be shown as JSON: {source}")]
    NotJson {
        /// The stream.
        stream: StreamId,
        /// The version.
        version: Version,
        /// Why not.
        source: serde_json::Error,
    },
}

impl LoadError {
    /// Whether trying the same again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

/// A command was not carried out. `R` is the aggregate's rejection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<R> {
    /// The aggregate refused.
    #[error(transparent)]
    Rejected(R),
    /// The aggregate's id makes no stream's name.
    #[error(transparent)]
    Stream(InvalidStreamId),
    /// What was decided cannot be committed: it exceeds a limit, or is not portable JSON (laws A08 and A09).
    #[error(transparent)]
    Invalid(InvalidCommit),
    /// The state could not be read.
    #[error(transparent)]
    Load(LoadError),
    /// The commit failed; see [`ExecuteError::effect`].
    #[error(transparent)]
    Commit(CommitError),
    /// The command has an outcome, recorded under its key (law A12), which could not be read.
    #[error(
        "an outcome is recorded under {key}, but it could not be read; call again with the same key: {source}"
    )]
    Unread {
        /// The key.
        key: CommitId,
        /// Why not.
        source: LoadError,
    },
    /// Others came first, time and again (law C03). Nothing was written.
    #[error(
        "gave up on {stream} after {attempts} attempts, others came first each time; try again later: {last}"
    )]
    Contended {
        /// The stream.
        stream: StreamId,
        /// How often it was tried.
        attempts: u32,
        /// The last conflict.
        #[source]
        last: Box<Conflict>,
    },
}

impl<R> ExecuteError<R> {
    /// Whether trying again later can help. After [`Effect::Unknown`] a command that is executed anew may act
    /// twice: only [`execute_once`](crate::Repository::execute_once) with the same key is safe then.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Rejected(_) | Self::Stream(_) | Self::Invalid(_) => false,
            Self::Load(error) | Self::Unread { source: error, .. } => error.is_transient(),
            Self::Commit(error) => error.is_transient(),
            Self::Contended { .. } => true,
        }
    }

    /// What is left behind.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Commit(error) => error.effect(),
            // By an earlier call, or by an attempt of this one whose answer was lost.
            Self::Unread { .. } => Effect::Unknown,
            _ => Effect::NotWritten,
        }
    }
}

impl<R> From<InvalidStreamId> for ExecuteError<R> {
    fn from(error: InvalidStreamId) -> Self {
        Self::Stream(error)
    }
}

impl<R> From<InvalidCommit> for ExecuteError<R> {
    fn from(error: InvalidCommit) -> Self {
        Self::Invalid(error)
    }
}

impl<R> From<LoadError> for ExecuteError<R> {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl<R> From<CommitError> for ExecuteError<R> {
    fn from(error: CommitError) -> Self {
        Self::Commit(error)
    }
}

/// A unit was not carried out, in no part of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// An aggregate refused its command.
    #[error("{stream} refused: {source}")]
    Rejected {
        /// The aggregate's stream.
        stream: StreamId,
        /// The rejection.
        source: BoxError,
    },
    /// A refusal was recorded under the unit's key earlier (law A12).
    #[error("refused before, under {key}: {reason}")]
    RefusedBefore {
        /// The key.
        key: CommitId,
        /// The reason, as it was recorded.
        reason: String,
    },
    /// The same stream in two steps.
    #[error("{stream} stands in two steps of one unit; make them one command of the aggregate")]
    StreamTwice {
        /// The stream.
        stream: StreamId,
    },
    /// A step's repository works on another store than the unit.
    #[error(
        "{stream} is in store {found}, the unit commits to {expected}; one commit cannot span two stores"
    )]
    OtherStore {
        /// The step's stream.
        stream: StreamId,
        /// The unit's store.
        expected: StoreId,
        /// The repository's store.
        found: StoreId,
    },
    /// An aggregate's id makes no stream's name.
    #[error(transparent)]
    Stream(#[from] InvalidStreamId),
    /// What was decided cannot be committed: it exceeds a limit, or is not portable JSON (laws A08 and A09).
    #[error(transparent)]
    Invalid(#[from] InvalidCommit),
    /// A state could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The commit failed; see [`UnitError::effect`].
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Others came first, time and again (law C03). Nothing was written.
    #[error("gave up after {attempts} attempts, others came first each time; try again later: {last}")]
    Contended {
        /// How often it was tried.
        attempts: u32,
        /// The last conflict.
        #[source]
        last: Box<Conflict>,
    },
}

impl UnitError {
    /// Whether trying again later can help. After [`Effect::Unknown`] a unit that is built anew may act twice: only
    /// one with the same [`once`](crate::Unit::once) key is safe then.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Load(error) => error.is_transient(),
            Self::Commit(error) => error.is_transient(),
            Self::Contended { .. } => true,
            _ => false,
        }
    }

    /// What is left behind.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Commit(error) => error.effect(),
            _ => Effect::NotWritten,
        }
    }
}
