//! Every law of the contract, on real files: reopening closes and opens the file, and the second adapter is a store
//! of its own on the same file, as another process has it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_ports::Adapter;
use annals_sqlite::{SqliteOptions, SqliteStore};
use annals_testkit::ManualClock;
use annals_testkit::conformance::{Held, StoreUnderTest};
use tempfile::TempDir;

struct OneFile {
    folder: TempDir,
    clock: ManualClock,
    store: Option<SqliteStore>,
}

impl OneFile {
    async fn open(&self) -> SqliteStore {
        let options = SqliteOptions::new(self.folder.path().join("laws.db"));
        // Long enough for every race, and soon enough where the file is held for good (E02).
        let options = options.clock(Arc::new(self.clock.clone())).busy_timeout(Duration::from_secs(3));
        SqliteStore::open(options).await.expect("the file can be opened")
    }
}

impl OneFile {
    /// The file as a program holds it that began to write and does not end; until the connection is dropped.
    fn hold_the_file(&self) -> Mutex<rusqlite::Connection> {
        let file = self.folder.path().join("laws.db");
        let connection = rusqlite::Connection::open(file).expect("the file is there");
        connection.busy_timeout(Duration::from_secs(5)).expect("a time-out can be set");
        connection.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes for good");
        Mutex::new(connection)
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

    async fn hang_writer(&self) -> Option<Held> {
        Some(Box::new(self.hold_the_file()))
    }

    /// A file that another program writes to is away for writers, until their patience ends.
    async fn take_away(&self) -> Option<Held> {
        Some(Box::new(self.hold_the_file()))
    }
}

annals_testkit::conformance_suite!(OneFile);
