//! The latest snapshot of each stream. Laws S.

use annals_core::StreamId;
use annals_ports::{Snapshot, SnapshotStore, StoreError};
use async_trait::async_trait;

use crate::DynamoStore;

#[async_trait]
impl SnapshotStore for DynamoStore {
    async fn latest(&self, _: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        unimplemented!()
    }
    async fn save(&self, _: Snapshot) -> Result<(), StoreError> {
        unimplemented!()
    }
    async fn remove(&self, _: &StreamId) -> Result<(), StoreError> {
        unimplemented!()
    }
}
