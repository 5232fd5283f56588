//! A file as a store under test: reopening closes and opens it, and the second adapter is a store of its own on the same
//! file, as another process has it. What goes wrong is another program's doing, through a connection of its own.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_ports::Adapter;
use annals_sqlite::{Durability, SqliteOptions, SqliteStore};
use annals_testkit::ManualClock;
use annals_testkit::conformance::{Held, StoreUnderTest};
use rusqlite::Connection;
use tempfile::TempDir;

/// How the file is opened.
pub(crate) trait Setting: Send + Sync + 'static {
    fn over(options: SqliteOptions) -> SqliteOptions;
}

/// As it is opened in earnest.
pub(crate) struct AsOpened;

impl Setting for AsOpened {
    fn over(options: SqliteOptions) -> SqliteOptions {
        // Long enough for every race, and soon enough where the file is held for good (E02).
        options.busy_timeout(Duration::from_secs(3))
    }
}

/// Where no machine loses its power, so that nothing waits for the disk.
pub(crate) struct Unsynced;

impl Setting for Unsynced {
    fn over(options: SqliteOptions) -> SqliteOptions {
        options.durability(Durability::Off).reader_threads(2)
    }
}

pub(crate) struct OneFile<T> {
    folder: TempDir,
    clock: ManualClock,
    store: Option<SqliteStore>,
    setting: PhantomData<T>,
}

impl<T: Setting> OneFile<T> {
    async fn open(&self) -> SqliteStore {
        let options = SqliteOptions::new(self.folder.path().join("laws.db"));
        let options = T::over(options.clock(Arc::new(self.clock.clone())));
        SqliteStore::open(options).await.expect("the file can be opened")
    }

    fn other_program(&self) -> Connection {
        let connection = Connection::open(self.folder.path().join("laws.db")).expect("the file is there");
        connection.busy_timeout(Duration::from_secs(5)).expect("a time-out can be set");
        connection
    }

    /// The file as a program holds it that began to write and does not end; until the connection is dropped.
    fn hold_the_file(&self) -> Mutex<Connection> {
        let connection = self.other_program();
        connection.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes for good");
        Mutex::new(connection)
    }
}

/// A trigger that lets no checkpoint move; until it is dropped.
struct Stuck(Mutex<Connection>);

impl Stuck {
    fn by(connection: Connection) -> Self {
        let trigger = "CREATE TRIGGER stuck BEFORE UPDATE ON views
            BEGIN SELECT RAISE(ABORT, 'no checkpoint moves'); END";
        connection.execute_batch(trigger).expect("a trigger can be made");
        Self(Mutex::new(connection))
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute_batch("DROP TRIGGER stuck").expect("a trigger can be dropped");
    }
}

#[async_trait::async_trait]
impl<T: Setting> StoreUnderTest for OneFile<T> {
    async fn fresh() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = ManualClock::at_present();
        let mut fresh = Self { folder, clock, store: None, setting: PhantomData };
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

    /// A view's checkpoint stands in its row of `views`, which is written last.
    async fn stick_checkpoints(&self) -> Option<Held> {
        Some(Box::new(Stuck::by(self.other_program())))
    }
}
