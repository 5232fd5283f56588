//! What a store can tell about itself, for people.

use annals_core::{StoreId, Timestamp};
use async_trait::async_trait;
use serde::Serialize;

use crate::StoreError;

/// A store that can describe itself.
#[async_trait]
pub trait Inspect: Send + Sync {
    /// The store as it is now.
    async fn describe(&self) -> Result<StoreDescription, StoreError>;
}

/// A store as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreDescription {
    /// The adapter's name.
    pub adapter: String,
    /// Where the store is, without secrets.
    pub location: String,
    /// Its id.
    pub store: StoreId,
    /// Its schema's version.
    pub schema_version: u32,
    /// Events recorded.
    pub events: u64,
    /// Streams with events.
    pub streams: u64,
    /// Snapshots kept.
    pub snapshots: u64,
    /// Rows of all views.
    pub view_rows: u64,
    /// When the last event was recorded.
    pub last_recorded_at: Option<Timestamp>,
    /// Bytes on disk, as far as the store knows.
    pub bytes: Option<u64>,
    /// Settings worth knowing, by name.
    pub settings: Vec<(String, String)>,
}
