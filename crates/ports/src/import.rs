//! Importing history: recorded commits, written as they were (law A13). Copying and restoring stand on it.
//! What makes a list of events one whole commit, and what makes it follow a stream, is checked here for all.

use annals_core::{CommitId, DigestMismatch, Json, RecordedEvent, StreamHead, verify_link};
use async_trait::async_trait;

use crate::{CommitError, Conflict, Expectation};

/// Where recorded history is written as it was.
#[async_trait]
pub trait HistoryImport: Send + Sync {
    /// Writes a recorded commit with its ids, stamps, digests and `once` key, only where it continues the heads of
    /// its streams. What is there already changes nothing.
    async fn import(&self, commit: RecordedCommit) -> Result<Imported, ImportError>;
}

/// A commit as a store recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedCommit {
    /// All events of the commit, in commit order.
    Events(Vec<RecordedEvent>),
    /// A refusal recorded under a commit's id.
    Refusal {
        /// The commit's id.
        id: CommitId,
        /// The reason.
        reason: Json,
    },
    /// That there was nothing to change, recorded under a commit's id.
    Unchanged {
        /// The commit's id.
        id: CommitId,
    },
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It wrote the commit.
    Written,
    /// The commit was there already, equal to the last bit.
    AlreadyThere,
}

/// Why a recorded commit was not imported; nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It does not continue a stream: events are missing before it, or others stand in its place.
    #[error("cannot import: {0}")]
    Conflict(#[from] Box<Conflict>),
    /// A digest does not follow from the event and its predecessor.
    #[error("cannot import: {0}")]
    Digest(#[from] DigestMismatch),
    /// The events are not one whole commit.
    #[error("cannot import commit {id}: {reason}")]
    NotACommit {
        /// The commit's id.
        id: CommitId,
        /// What is wrong.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl RecordedCommit {
    /// Its id; none for an empty list of events.
    pub fn id(&self) -> Option<CommitId> {
        match self {
            Self::Events(events) => events.first().map(|event| event.header.commit.id),
            Self::Refusal { id, .. } | Self::Unchanged { id } => Some(*id),
        }
    }
}

/// Checks that `events` are one whole commit, in commit order: one id, places dense, each stream in one piece with
/// dense versions and stamps that do not fall.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_whole(events: &[RecordedEvent]) -> Result<(), ImportError> {
    let id = events.first().map_or(CommitId::from_bytes([0; 16]), |event| event.header.commit.id);
    let fail = |reason: String| Err(ImportError::NotACommit { id, reason });
    if events.is_empty() {
        return fail("it has no events".to_owned());
    }
    for (index, event) in events.iter().enumerate() {
        let place = event.header.commit;
        if place.id != id {
            return fail(format!("event {index} belongs to commit {}", place.id));
        }
        if usize::from(place.index) != index || usize::from(place.size) != events.len() {
            let found = events.len();
            return fail(format!(
                "event {index} of {found} says that it is {} of {}",
                place.index, place.size
            ));
        }
        if events[..index].iter().any(|earlier| earlier.header.id == event.header.id) {
            return fail(format!("event {} stands in it twice", event.header.id));
        }
    }
    let pieces: Vec<_> = events.chunk_by(|a, b| a.header.stream == b.header.stream).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let stream = &piece[0].header.stream;
        if pieces[..at].iter().any(|earlier| &earlier[0].header.stream == stream) {
            return fail(format!("the events of {stream} are not in one piece"));
        }
        for pair in piece.windows(2) {
            let (before, after) = (&pair[0].header, &pair[1].header);
            if after.version != before.version.next() || after.recorded_at < before.recorded_at {
                return fail(format!(
                    "event {} of {stream} does not follow {}",
                    after.version, before.version
                ));
            }
        }
    }
    Ok(())
}

/// Checks that `piece`, the events of one stream in a recorded commit, continues the stream's `head`: in version, in
/// stamp (law A10), and in digest (A14).
///
/// # Errors
/// What does not follow.
pub fn check_continues(head: Option<&StreamHead>, piece: &[RecordedEvent]) -> Result<(), ImportError> {
    let mut last = head.copied();
    for event in piece {
        let header = &event.header;
        Expectation::Exact(header.version.previous()).check(&header.stream, last.as_ref())?;
        verify_link(&StreamHead::digest_of(last.as_ref()), event)?;
        if last.is_some_and(|last| header.recorded_at < last.recorded_at) {
            let (stream, version) = (&header.stream, header.version);
            let reason = format!("event {version} of {stream} was recorded before its predecessor");
            return Err(ImportError::NotACommit { id: header.commit.id, reason });
        }
        last = Some(StreamHead::of(header));
    }
    Ok(())
}
