//! The SQLite store while several tasks are at work on one file over two handles, and while faults are in the way. After
//! every other crash the file is closed and opened again; after the rest another handle takes over.

use std::sync::Arc;

use annals_ports::Adapter;
use annals_sqlite::{Durability, SqliteOptions, SqliteStore};
use annals_testkit::ManualClock;
use annals_testkit::conformance::StoreUnderTest;
use annals_testkit::faults::scenarios::survives_faults;
use annals_testkit::history::{Effort, stays_linearizable};
use tempfile::TempDir;

struct OneFile {
    folder: TempDir,
    clock: ManualClock,
    store: Option<SqliteStore>,
}

impl OneFile {
    /// No machine loses its power here, so nothing waits for the disk.
    async fn open(&self) -> SqliteStore {
        let options = SqliteOptions::new(self.folder.path().join("history.db"));
        let options = options.clock(Arc::new(self.clock.clone())).durability(Durability::Off);
        SqliteStore::open(options.reader_threads(2)).await.expect("the file can be opened")
    }
}

#[async_trait::async_trait]
impl StoreUnderTest for OneFile {
    async fn fresh() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut fresh = Self { folder, clock: ManualClock::at_present(), store: None };
        fresh.store = Some(fresh.open().await);
        fresh
    }

    fn adapter(&self) -> Adapter {
        self.store.as_ref().expect("the store is open").adapter()
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    async fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.open().await);
    }

    async fn second(&self) -> Adapter {
        self.open().await.adapter()
    }
}

#[test]
fn concurrent_histories_are_linearizable_and_feed_readers_miss_nothing() {
    stays_linearizable::<OneFile>(&Effort::default());
}

#[test]
fn every_law_survives_each_fault_at_each_step_and_many_at_random() {
    survives_faults::<OneFile>(60);
}
