//! The latest snapshot of each stream. Laws S.

use annals_core::StreamId;
use annals_ports::{Snapshot, SnapshotStore, StoreError};
use async_trait::async_trait;

use crate::MemoryStore;

#[async_trait]
impl SnapshotStore for MemoryStore {
    async fn latest(&self, stream: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.shared.state().snapshots.get(stream).cloned())
    }

    async fn save(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        self.shared.state().snapshots.insert(snapshot.stream().clone(), snapshot);
        Ok(())
    }

    async fn remove(&self, stream: &StreamId) -> Result<(), StoreError> {
        self.shared.state().snapshots.remove(stream);
        Ok(())
    }
}
