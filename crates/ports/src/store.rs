//! The event store: commits in, streams out. Laws A and R.

use annals_core::{EventType, RecordedEvent, StreamHead, StreamId, Timestamp, Version};
use async_trait::async_trait;

use crate::{Commit, CommitError, Direction, PageToken, Receipt, StoreError};

/// Where events are recorded and read stream by stream.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Records a commit, whole or not at all. Safe to repeat with the same value (law A06).
    ///
    /// What stands under the commit's id answers before its expectations do. A `Conflict` may be answered only after the
    /// id was looked up in a snapshot of the store that is no older than the one in which the conflict was seen: a
    /// retry whose first answer was lost finds its own events at the head, and must come back replayed.
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError>;

    /// A page of a stream; empty for one that is not known (law R03).
    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError>;

    /// A stream's head; none for one without events.
    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError>;

    /// A page of the events of one type, in `(recorded_at, stream, version)` order (law R05).
    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError>;
}

/// Which part of a stream to read, and how much of it at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRange {
    /// The lowest version wanted.
    pub from: Version,
    /// The highest version wanted.
    pub to: Version,
    /// Which end comes first.
    pub direction: Direction,
    /// The most events in a page; a store may give fewer. 0 counts as 1.
    pub limit: usize,
}

impl ReadRange {
    /// Events a page unless said otherwise.
    pub const DEFAULT_LIMIT: usize = 1_000;

    /// The whole stream, forward.
    pub fn all() -> Self {
        Self::between(Version::FIRST, Version::MAX)
    }

    /// From `version` (inclusive) to the end, forward.
    pub fn from(version: Version) -> Self {
        Self::between(version, Version::MAX)
    }

    /// From `from` to `to`, both inclusive, forward.
    pub fn between(from: Version, to: Version) -> Self {
        Self { from, to, direction: Direction::Forward, limit: Self::DEFAULT_LIMIT }
    }

    /// The same from the last version back.
    #[must_use]
    pub fn backward(self) -> Self {
        Self { direction: Direction::Backward, ..self }
    }

    /// The same in pages of at most `limit` events.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit: limit.max(1), ..self }
    }
}

/// A page of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPage {
    /// The events, in the order asked for.
    pub events: Vec<RecordedEvent>,
    /// The range that is left; none when the page ends the range asked for.
    pub rest: Option<ReadRange>,
}

/// Which events of a type to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeQuery {
    /// The type.
    pub event_type: EventType,
    /// The instant from which on (inclusive); all when none.
    pub since: Option<Timestamp>,
    /// The most events in a page; a store may give fewer. 0 counts as 1.
    pub limit: usize,
    /// Where the page before ended; none for the first.
    pub after: Option<PageToken>,
}

impl TypeQuery {
    /// All events of the type.
    pub fn new(event_type: EventType) -> Self {
        Self { event_type, since: None, limit: ReadRange::DEFAULT_LIMIT, after: None }
    }

    /// Those recorded at `instant` or later.
    #[must_use]
    pub fn since(self, instant: Timestamp) -> Self {
        Self { since: Some(instant), ..self }
    }

    /// In pages of at most `limit` events.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit: limit.max(1), ..self }
    }

    /// The page after the one that gave `token`.
    #[must_use]
    pub fn after(self, token: PageToken) -> Self {
        Self { after: Some(token), ..self }
    }
}

/// How complete an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Everything answered before the first page is in it.
    Complete,
    /// The store's index may lag; the complete answer is the filtered feed.
    BestEffort,
}

/// A page of the events of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypePage {
    /// The events, in `(recorded_at, stream, version)` order.
    pub events: Vec<RecordedEvent>,
    /// Where the next page begins; none after the last.
    pub next: Option<PageToken>,
    /// How complete the answer is.
    pub freshness: Freshness,
}

/// What every reader wants of an event store, written once.
#[async_trait]
pub trait EventStoreExt: EventStore {
    /// A whole range of a stream, over as many pages as it takes.
    async fn read_all(&self, stream: &StreamId, range: ReadRange) -> Result<Vec<RecordedEvent>, StoreError> {
        let mut events = Vec::new();
        let mut next = Some(range);
        while let Some(range) = next {
            let page = self.read_stream(stream, range).await?;
            events.extend(page.events);
            next = page.rest;
        }
        Ok(events)
    }

    /// All events of a type, over as many pages as it takes.
    async fn read_all_by_type(&self, query: TypeQuery) -> Result<Vec<RecordedEvent>, StoreError> {
        let mut query = query;
        let mut events = Vec::new();
        loop {
            let page = self.read_by_type(&query).await?;
            events.extend(page.events);
            match page.next {
                Some(token) => query.after = Some(token),
                None => return Ok(events),
            }
        }
    }
}

impl<S: EventStore + ?Sized> EventStoreExt for S {}
