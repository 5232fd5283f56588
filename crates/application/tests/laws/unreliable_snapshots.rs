//! A snapshot store that misbehaves as it is told to, and one to wait on.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annals_application::Repository;
use annals_core::StreamId;
use annals_ports::{Adapter, Snapshot, SnapshotStore, StoreError};
use async_trait::async_trait;

use crate::account::{Account, ada};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    /// Never answers.
    Blocks,
    /// Always fails.
    Fails,
    /// Fails to write.
    ReadsOnly,
    /// Keeps the snapshot of the higher version, as a store may.
    KeepsTheHigher,
    /// As good as the store beneath it.
    Works,
}

pub(crate) struct Unreliable {
    inner: Arc<dyn SnapshotStore>,
    behaviour: Behaviour,
    reads: AtomicUsize,
    writes: AtomicUsize,
}

/// The adapter with such a snapshot store.
pub(crate) fn with_snapshot_store(adapter: &Adapter, behaviour: Behaviour) -> (Adapter, Arc<Unreliable>) {
    let inner = Arc::clone(&adapter.snapshots);
    let store = Unreliable { inner, behaviour, reads: AtomicUsize::new(0), writes: AtomicUsize::new(0) };
    let store = Arc::new(store);
    (Adapter { snapshots: Arc::clone(&store) as Arc<dyn SnapshotStore>, ..adapter.clone() }, store)
}

impl Unreliable {
    /// How often a snapshot was asked for.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// How often one was to be written.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    async fn behave(&self, writing: bool) -> Result<(), StoreError> {
        match self.behaviour {
            Behaviour::Blocks => pending().await,
            Behaviour::ReadsOnly if !writing => Ok(()),
            Behaviour::Fails | Behaviour::ReadsOnly => {
                Err(StoreError::Unavailable { doing: "keeping snapshots".to_owned(), source: "gone".into() })
            }
            Behaviour::KeepsTheHigher | Behaviour::Works => Ok(()),
        }
    }
}

#[async_trait]
impl SnapshotStore for Unreliable {
    async fn latest(&self, stream: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.behave(false).await?;
        self.inner.latest(stream).await
    }

    async fn save(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.behave(true).await?;
        let kept = self.inner.latest(snapshot.stream()).await?;
        let higher = kept.is_some_and(|kept| kept.head().version > snapshot.head().version);
        if higher && matches!(self.behaviour, Behaviour::KeepsTheHigher) {
            return Ok(());
        }
        self.inner.save(snapshot).await
    }

    async fn remove(&self, stream: &StreamId) -> Result<(), StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.behave(true).await?;
        self.inner.remove(stream).await
    }
}

/// The account's snapshot, once it is as wanted.
pub(crate) async fn snapshot_when(
    accounts: &Repository<Account>,
    adapter: &Adapter,
    wanted: impl Fn(&Snapshot) -> bool,
) -> Snapshot {
    let stream = accounts.stream_of(&ada()).unwrap();
    let wait = async {
        loop {
            match adapter.snapshots.latest(&stream).await.unwrap() {
                Some(snapshot) if wanted(&snapshot) => return snapshot,
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the snapshot is written within 10 s")
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait)
        .await
        .unwrap_or_else(|_| panic!("within 10 s: {what}"));
}
