//! Every law of the contract, on real files: reopening closes and opens the file, and the second adapter is a store
//! of its own on the same file, as another process has it.

use std::sync::Arc;

use annals_ports::Adapter;
use annals_sqlite::{SqliteOptions, SqliteStore};
use annals_testkit::ManualClock;
use annals_testkit::conformance::StoreUnderTest;
use tempfile::TempDir;

struct OneFile {
    folder: TempDir,
    clock: ManualClock,
    store: Option<SqliteStore>,
}

impl OneFile {
    async fn open(&self) -> SqliteStore {
        let options = SqliteOptions::new(self.folder.path().join("laws.db"));
        let options = options.clock(Arc::new(self.clock.clone()));
        SqliteStore::open(options).await.expect("the file can be opened")
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

annals_testkit::conformance_suite!(OneFile);
