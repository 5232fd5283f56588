//! Snapshots: an aggregate's state at a version, kept so that a load reads only what came after. Laws S.

use annals_core::limits::{self, LimitExceeded};
use annals_core::{Json, StreamHead, StreamId};
use async_trait::async_trait;

use crate::StoreError;

/// Where the latest snapshot of each stream is kept. Losing all of it loses no history.
#[async_trait]
pub trait SnapshotStore: Send + Sync {
    /// The latest snapshot of a stream, whatever its state schema.
    async fn latest(&self, stream: &StreamId) -> Result<Option<Snapshot>, StoreError>;

    /// Keeps a snapshot in place of the stream's earlier one. A store may keep the one of the higher version when
    /// both have the same state schema.
    async fn save(&self, snapshot: Snapshot) -> Result<(), StoreError>;

    /// Drops a stream's snapshot, if there is one.
    async fn remove(&self, stream: &StreamId) -> Result<(), StoreError>;
}

/// An aggregate's state at a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    stream: StreamId,
    head: StreamHead,
    state_schema: u32,
    state: Json,
}

impl Snapshot {
    /// The state of `stream` at `head`, of the aggregate's state schema.
    ///
    /// # Errors
    /// When the state is larger than 256 KiB (law A08).
    pub fn new(
        stream: StreamId,
        head: StreamHead,
        state_schema: u32,
        state: Json,
    ) -> Result<Self, LimitExceeded> {
        limits::between("snapshot size", "bytes", state.len(), 0, limits::ROW_BYTES_MAX)?;
        Ok(Self { stream, head, state_schema, state })
    }

    /// A snapshot as a store holds it, unchecked.
    pub fn as_stored(stream: StreamId, head: StreamHead, state_schema: u32, state: Json) -> Self {
        Self { stream, head, state_schema, state }
    }

    /// The stream.
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// The last event folded into the state.
    pub fn head(&self) -> &StreamHead {
        &self.head
    }

    /// The state's schema (`Snapshotted::STATE_SCHEMA`).
    pub fn state_schema(&self) -> u32 {
        self.state_schema
    }

    /// The state.
    pub fn state(&self) -> &Json {
        &self.state
    }
}
