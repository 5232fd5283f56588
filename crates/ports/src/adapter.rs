//! What an adapter hands out: all its ports, behind one handle.

use std::sync::Arc;

use annals_core::StoreId;

use crate::{EventFeed, EventStore, HistoryImport, Inspect, Leases, SnapshotStore, ViewStore};

/// All ports of one store. Cheap to clone.
#[derive(Clone)]
pub struct Adapter {
    /// The adapter's name, such as `sqlite`.
    pub name: &'static str,
    /// The store's id.
    pub store: StoreId,
    /// Commits and streams.
    pub events: Arc<dyn EventStore>,
    /// The feed.
    pub feed: Arc<dyn EventFeed>,
    /// Snapshots.
    pub snapshots: Arc<dyn SnapshotStore>,
    /// Views.
    pub views: Arc<dyn ViewStore>,
    /// Leases.
    pub leases: Arc<dyn Leases>,
    /// Import of recorded history.
    pub import: Arc<dyn HistoryImport>,
    /// The store's description.
    pub inspect: Arc<dyn Inspect>,
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adapter")
            .field("name", &self.name)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
