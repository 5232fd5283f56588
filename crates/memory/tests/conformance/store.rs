//! The memory store as a store under test. Nothing of it outlives the process: another handle on the same data is all
//! that there can be. Its calls cannot fail half-way, hang or be away.

use std::sync::Arc;

use annals_memory::MemoryStore;
use annals_ports::Adapter;
use annals_testkit::ManualClock;
use annals_testkit::conformance::StoreUnderTest;
use async_trait::async_trait;

pub(crate) struct Memory {
    store: MemoryStore,
    clock: ManualClock,
}

#[async_trait]
impl StoreUnderTest for Memory {
    async fn fresh() -> Self {
        let clock = ManualClock::at_present();
        Self { store: MemoryStore::with_clock(Arc::new(clock.clone())), clock }
    }

    fn adapter(&self) -> Adapter {
        self.store.adapter()
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    async fn reopen(&mut self) {
        self.store = self.store.clone();
    }

    async fn second(&self) -> Adapter {
        self.store.adapter()
    }
}
