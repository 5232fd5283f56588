//! The memory store while several tasks are at work on it, and while faults are in the way.

use std::sync::Arc;

use annals_memory::MemoryStore;
use annals_ports::Adapter;
use annals_testkit::ManualClock;
use annals_testkit::conformance::StoreUnderTest;
use annals_testkit::faults::scenarios::survives_faults;
use annals_testkit::history::{Effort, stays_linearizable};
use async_trait::async_trait;

struct Memory(MemoryStore, ManualClock);

#[async_trait]
impl StoreUnderTest for Memory {
    async fn fresh() -> Self {
        let clock = ManualClock::at_present();
        Self(MemoryStore::with_clock(Arc::new(clock.clone())), clock)
    }

    fn adapter(&self) -> Adapter {
        self.0.adapter()
    }

    fn clock(&self) -> &ManualClock {
        &self.1
    }

    /// Nothing outlives the process; a new handle on the same data is all that there can be.
    async fn reopen(&mut self) {
        self.0 = self.0.clone();
    }

    async fn second(&self) -> Adapter {
        self.0.adapter()
    }
}

#[test]
fn concurrent_histories_are_linearizable_and_feed_readers_miss_nothing() {
    stays_linearizable::<Memory>(&Effort::default());
}

#[test]
fn every_law_survives_each_fault_at_each_step_and_many_at_random() {
    survives_faults::<Memory>(300);
}
