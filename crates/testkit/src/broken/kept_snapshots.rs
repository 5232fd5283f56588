//! More that breaks laws S01 and S02, at the port: snapshots that are not kept, not dropped, or not replaced.

use annals_core::StreamId;
use annals_ports::{Snapshot, StoreError};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// S01: a snapshot that another process saves takes no earlier one's place.
#[derive(Default)]
pub(super) struct KeepsTheFirst;

#[async_trait]
impl Breakage for KeepsTheFirst {
    async fn save(&self, sound: &Sound, snapshot: Snapshot) -> Result<(), StoreError> {
        if sound.is_second && sound.adapter.snapshots.latest(snapshot.stream()).await?.is_some() {
            return Ok(());
        }
        sound.adapter.snapshots.save(snapshot).await
    }
}

/// S02: what is dropped stays.
#[derive(Default)]
pub(super) struct DropsNothing;

#[async_trait]
impl Breakage for DropsNothing {
    async fn remove(&self, _: &Sound, _: &StreamId) -> Result<(), StoreError> {
        Ok(())
    }
}

/// S02: the snapshot of the higher version stays, whatever its schema.
#[derive(Default)]
pub(super) struct KeepsTheHigher;

#[async_trait]
impl Breakage for KeepsTheHigher {
    async fn save(&self, sound: &Sound, snapshot: Snapshot) -> Result<(), StoreError> {
        let kept = sound.adapter.snapshots.latest(snapshot.stream()).await?;
        if kept.is_some_and(|kept| kept.head().version > snapshot.head().version) {
            return Ok(());
        }
        sound.adapter.snapshots.save(snapshot).await
    }
}
