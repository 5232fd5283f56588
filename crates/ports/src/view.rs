//! Views: rows, routes, parked events and a checkpoint, changed together. Laws V.

use std::fmt;

use annals_core::limits::{self, LimitExceeded};
use annals_core::{Json, StreamId, Timestamp, Version};
use async_trait::async_trait;
use serde::Serialize;

use crate::{FeedPosition, IndexValues, Lease, RowPage, RowQuery, StoreError};

/// Where read models are kept.
#[async_trait]
pub trait ViewStore: Send + Sync {
    /// Every view that has a checkpoint.
    async fn list(&self) -> Result<Vec<ViewState>, StoreError>;

    /// A view's state; none before its first batch.
    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError>;

    /// The rows with these keys, in the order of the keys.
    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError>;

    /// A page of rows in a stable order (law V03).
    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError>;

    /// The row keys that each of these streams was routed to, in the order of the streams.
    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError>;

    /// The events that wait for a route of one of these streams, in the order in which they were parked.
    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError>;

    /// Changes rows, routes, parked events and the checkpoint as one (law V01), while the lease is held and the
    /// checkpoint is the one the batch was made from (V02).
    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError>;

    /// Drops a view's rows, routes, parked events and checkpoint, while the lease is held.
    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError>;
}

/// One version of a view.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ViewId {
    /// The projection's name.
    pub name: String,
    /// The projection's version.
    pub version: u32,
}

impl ViewId {
    /// Version `version` of the view `name`.
    pub fn new(name: impl Into<String>, version: u32) -> Self {
        Self { name: name.into(), version }
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

/// How far a view has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewState {
    /// The view.
    pub view: ViewId,
    /// How far.
    pub checkpoint: Checkpoint,
    /// Its rows.
    pub rows: u64,
    /// Events that wait for a route.
    pub parked: u64,
}

/// Up to where a view has applied the feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// The position after the last event scanned.
    pub position: FeedPosition,
    /// Events applied since the view was begun.
    pub events: u64,
    /// When the last event applied was recorded.
    pub last_recorded_at: Option<Timestamp>,
}

/// A row put, or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    key: String,
    put: Option<(Json, IndexValues)>,
}

/// Why a row cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRow {
    /// A limit of law A08.
    #[error("row {key:?}: {exceeded}")]
    Limit {
        /// The row's key.
        key: String,
        /// The limit and the value.
        #[source]
        exceeded: LimitExceeded,
    },
    /// A character that a key must not hold.
    #[error("row key {key:?} holds a control character")]
    Character {
        /// The row's key.
        key: String,
    },
}

impl RowChange {
    /// Puts `row` under `key`, to be found by these index values.
    ///
    /// # Errors
    /// When the key is not 1 to 512 bytes without control characters, the row larger than 256 KiB, or an index
    /// value longer than 512 bytes (law A08).
    pub fn put(key: String, row: Json, index: IndexValues) -> Result<Self, InvalidRow> {
        check_key(&key)?;
        let over = |exceeded| InvalidRow::Limit { key: key.clone(), exceeded };
        limits::between("row size", "bytes", row.len(), 0, limits::ROW_BYTES_MAX).map_err(over)?;
        for (_, value) in index.iter() {
            let bytes = value.as_str().len();
            limits::between("index value", "bytes", bytes, 0, limits::INDEX_VALUE_BYTES_MAX).map_err(over)?;
        }
        Ok(Self { key, put: Some((row, index)) })
    }

    /// Takes the row under `key` away.
    ///
    /// # Errors
    /// When the key is not 1 to 512 bytes without control characters.
    pub fn delete(key: String) -> Result<Self, InvalidRow> {
        check_key(&key)?;
        Ok(Self { key, put: None })
    }

    /// The row's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The row and its index values; none when it is taken away.
    pub fn row(&self) -> Option<(&Json, &IndexValues)> {
        self.put.as_ref().map(|(row, index)| (row, index))
    }
}

fn check_key(key: &str) -> Result<(), InvalidRow> {
    limits::between("row key", "bytes", key.len(), 1, limits::INDEX_VALUE_BYTES_MAX)
        .map_err(|exceeded| InvalidRow::Limit { key: key.to_owned(), exceeded })?;
    if key.chars().any(char::is_control) {
        return Err(InvalidRow::Character { key: key.to_owned() });
    }
    Ok(())
}

/// A row key that a stream's events belong to, learned from one of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The stream.
    pub stream: StreamId,
    /// The key of the row.
    pub key: String,
}

/// An event that waits for a route: by name, since history keeps the event itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parked {
    /// The stream whose route it waits for.
    pub awaits: StreamId,
    /// The event's own stream.
    pub stream: StreamId,
    /// The event's version.
    pub version: Version,
}

/// What one page of the feed does to a view. All of it happens, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewBatch {
    /// The view.
    pub view: ViewId,
    /// The lease under which it is written.
    pub lease: Lease,
    /// The checkpoint that it was made from; none for the first.
    pub from: Option<FeedPosition>,
    /// Rows put and taken away; each key at most once.
    pub changes: Vec<RowChange>,
    /// Routes learned.
    pub routes: Vec<Route>,
    /// Events that wait for a route.
    pub park: Vec<Parked>,
    /// Events that waited and were applied.
    pub unpark: Vec<Parked>,
    /// The checkpoint after it.
    pub checkpoint: Checkpoint,
}

/// Why a view was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// Somebody else runs the view now (law V02).
    #[error("the lease {lease} of {owner} was lost: another runner took over {view}")]
    LeaseLost {
        /// The view.
        view: ViewId,
        /// The lease's name.
        lease: String,
        /// Who held it.
        owner: String,
    },
    /// The checkpoint is not the one that the batch was made from.
    #[error("the checkpoint of {view} has moved: expected {}, found {}", at(.expected.as_ref()), at(.found.as_ref()))]
    CheckpointMoved {
        /// The view.
        view: ViewId,
        /// The checkpoint that the batch was made from.
        expected: Option<FeedPosition>,
        /// The checkpoint found.
        found: Option<FeedPosition>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn at(position: Option<&FeedPosition>) -> String {
    position.map_or_else(|| "none".to_owned(), ToString::to_string)
}
