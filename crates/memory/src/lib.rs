//! The event store in memory: the store contract's executable specification, and a fast store for tests.
//!
//! Everything lies behind one mutex, so each law can be read off a few plain lines. When a law is unclear, it is
//! settled here first. Nothing outlives the process, and nothing here is made to be fast on a large history.
//!
//! ```
//! use annals_memory::MemoryStore;
//!
//! let store = MemoryStore::new();
//! let adapter = store.adapter();
//! assert_eq!(adapter.name, "memory");
//! ```

mod feed;
mod import;
mod leases;
mod snapshots;
mod store;
mod upkeep;
mod views;

use std::sync::Arc;

use annals_core::StoreId;
use annals_ports::{Adapter, Clock, SystemClock};

use store::Shared;

/// An event store in memory with all its ports. Clones share what it holds.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

impl MemoryStore {
    /// An empty store that stamps by the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty store that stamps by `clock`.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared::new(StoreId::new(), clock)) }
    }

    /// All ports of the store.
    pub fn adapter(&self) -> Adapter {
        let store = Arc::new(self.clone());
        Adapter {
            name: "memory",
            store: self.shared.id,
            events: store.clone(),
            feed: store.clone(),
            snapshots: store.clone(),
            views: store.clone(),
            leases: store.clone(),
            import: store.clone(),
            inspect: store,
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}
