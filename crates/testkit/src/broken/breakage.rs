//! What stands between the suite and a sound store: every call of every port passes through it, and does what the
//! sound store does unless the breakage does otherwise.

use std::sync::Arc;
use std::time::Duration;

use annals_core::{Json, StreamHead, StreamId};
use annals_ports::{
    Acquired, Adapter, Commit, CommitError, Effect, EventFeed, EventStore, FeedHealth, FeedPage,
    FeedPosition, FeedQuery, FeedStart, HistoryImport, ImportError, Imported, Inspect, Lease, Leases, Parked,
    ReadRange, Receipt, RecordedCommit, RowPage, RowQuery, Snapshot, SnapshotStore, StoreDescription,
    StoreError, StreamPage, TypePage, TypeQuery, Upkeep, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use async_trait::async_trait;

use crate::ManualClock;
use crate::conformance::{Layers, RealLayers};

/// The sound store under a breakage, as one process has it.
#[derive(Clone)]
pub struct Sound {
    /// Its ports.
    pub adapter: Adapter,
    /// The clock that it stamps by.
    pub clock: ManualClock,
    /// Whether it is another process's.
    pub is_second: bool,
}

/// All ports of a store with a breakage.
struct Ports {
    sound: Sound,
    breakage: Arc<dyn Breakage>,
}

macro_rules! ports {
    ($($port:ident $field:ident {
        $(fn $call:ident($($name:ident: $type:ty),* $(,)?) -> $answer:ty;)*
        $(also { $($more:tt)* })?
    })*) => {
        /// What a store does wrong. Every call is the sound store's own unless it is written otherwise.
        #[async_trait]
        pub trait Breakage: Send + Sync + 'static {
            $($(
                /// In place of the port's call of this name.
                async fn $call(&self, sound: &Sound, $($name: $type),*) -> $answer {
                    sound.adapter.$field.$call($($name),*).await
                }
            )*)*

            /// The store was closed and is opened again.
            fn reopened(&self) {}

            /// A writer hangs from now on, or no longer does.
            fn writer_hangs(&self, hangs: bool) {
                let _ = hangs;
            }

            /// What the error says of a commit whose answer is lost on the way.
            fn effect_of_a_lost_answer(&self) -> Effect {
                Effect::Unknown
            }

            /// The store's upkeep.
            fn upkeep<'a>(&'a self, sound: &'a Sound) -> Option<&'a dyn Upkeep> {
                sound.adapter.inspect.upkeep()
            }

            /// The layers above the store.
            fn layers(&self) -> Arc<dyn Layers> {
                Arc::new(RealLayers)
            }
        }

        $(
            #[async_trait]
            impl $port for Ports {
                $(
                    async fn $call(&self, $($name: $type),*) -> $answer {
                        self.breakage.$call(&self.sound, $($name),*).await
                    }
                )*
                $($($more)*)?
            }
        )*
    };
}

ports! {
    EventStore events {
        fn commit(commit: Commit) -> Result<Receipt, CommitError>;
        fn read_stream(stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError>;
        fn head(stream: &StreamId) -> Result<Option<StreamHead>, StoreError>;
        fn read_by_type(query: &TypeQuery) -> Result<TypePage, StoreError>;
    }
    EventFeed feed {
        fn next(query: &FeedQuery, after: &FeedPosition, wait: Duration) -> Result<FeedPage, StoreError>;
        fn start(from: FeedStart) -> Result<FeedPosition, StoreError>;
        fn locate(receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError>;
        fn health() -> Result<FeedHealth, StoreError>;
    }
    SnapshotStore snapshots {
        fn latest(stream: &StreamId) -> Result<Option<Snapshot>, StoreError>;
        fn save(snapshot: Snapshot) -> Result<(), StoreError>;
        fn remove(stream: &StreamId) -> Result<(), StoreError>;
    }
    ViewStore views {
        fn list() -> Result<Vec<ViewState>, StoreError>;
        fn state(view: &ViewId) -> Result<Option<ViewState>, StoreError>;
        fn rows(view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError>;
        fn page(view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError>;
        fn routes(view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError>;
        fn parked(view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError>;
        fn apply(batch: ViewBatch) -> Result<(), ViewError>;
        fn reset(view: &ViewId, lease: &Lease) -> Result<(), ViewError>;
    }
    Leases leases {
        fn acquire(name: &str, owner: &str, time_to_live: Duration) -> Result<Acquired, StoreError>;
        fn renew(lease: &Lease, time_to_live: Duration) -> Result<Option<Lease>, StoreError>;
        fn release(lease: &Lease) -> Result<(), StoreError>;
    }
    HistoryImport import {
        fn import(commit: RecordedCommit) -> Result<Imported, ImportError>;
    }
    Inspect inspect {
        fn describe() -> Result<StoreDescription, StoreError>;
        also {
            fn upkeep(&self) -> Option<&dyn Upkeep> {
                self.breakage.upkeep(&self.sound)
            }
        }
    }
}

/// The store's ports with the breakage before them.
pub(super) fn broken(sound: Sound, breakage: Arc<dyn Breakage>) -> Adapter {
    let (name, store) = (sound.adapter.name, sound.adapter.store);
    let ports = Arc::new(Ports { sound, breakage });
    Adapter {
        name,
        store,
        events: ports.clone(),
        feed: ports.clone(),
        snapshots: ports.clone(),
        views: ports.clone(),
        leases: ports.clone(),
        import: ports.clone(),
        inspect: ports,
    }
}
