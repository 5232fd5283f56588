//! The memory store keeps every law of the contract.

use std::sync::Arc;

use annals_memory::MemoryStore;
use annals_ports::Adapter;
use annals_testkit::ManualClock;
use annals_testkit::conformance::StoreUnderTest;
use async_trait::async_trait;

struct Memory {
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

    /// Nothing outlives the process; a new handle on the same data is all that there can be.
    async fn reopen(&mut self) {
        self.store = self.store.clone();
    }

    async fn second(&self) -> Adapter {
        self.store.adapter()
    }
}

annals_testkit::conformance_suite!(Memory);
