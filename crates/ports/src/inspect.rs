//! What a store can tell about itself, for people.

use annals_core::{StoreId, Timestamp};
use async_trait::async_trait;
use serde::Serialize;

use crate::{StoreError, Upkeep};

/// A store that can describe itself.
#[async_trait]
pub trait Inspect: Send + Sync {
    /// The store as it is now.
    async fn describe(&self) -> Result<StoreDescription, StoreError>;

    /// Ends the store's work in the background in good order, for a process that is about to end: what others would wait for
    /// is given back. Most stores have no such work. The store is not used after.
    async fn close(&self) {}

    /// The store's own upkeep: checks below the other ports, backups, recovery. None unless the store has it.
    fn upkeep(&self) -> Option<&dyn Upkeep> {
        None
    }
}

/// How many streams a category has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryCount {
    /// The category.
    pub category: String,
    /// Its streams.
    pub streams: u64,
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
    /// Its streams by category, in the order of the categories' names.
    pub categories: Vec<CategoryCount>,
    /// Snapshots kept.
    pub snapshots: u64,
    /// Outcomes recorded without events: refusals, and that there was nothing to change (law A12).
    pub outcomes: u64,
    /// Views that have a checkpoint.
    pub views: u64,
    /// Rows of all views.
    pub view_rows: u64,
    /// When the last event was recorded.
    pub last_recorded_at: Option<Timestamp>,
    /// Bytes on disk, as far as the store knows.
    pub bytes: Option<u64>,
    /// Settings worth knowing, by name.
    pub settings: Vec<(String, String)>,
}
