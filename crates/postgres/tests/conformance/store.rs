//! PostgreSQL as a store under test: a database of its own behind a line of its own, which can be cut.
//!
//! The tables are made once and copied, with another store id each time. The second adapter is a store of its own on the
//! same database, as another process has it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use annals_core::{StreamHead, StreamId};
use annals_ports::{
    Adapter, Commit, CommitError, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage, TypeQuery,
};
use annals_postgres::{PostgresOptions, PostgresStore};
use annals_services::{Collation, PgBouncer, Proxy, TestDatabase, Version, pgbouncer, postgres};
use annals_testkit::ManualClock;
use annals_testkit::conformance::{Held, Secret, StoreUnderTest};
use async_trait::async_trait;
use sqlx::{Connection, PgConnection};

/// What a store is tried on.
pub(crate) trait Setting: Send + Sync + 'static {
    const VERSION: Version = Version::V15;
    const COLLATION: Collation = Collation::Server;
    const POOLED: bool = false;
}

pub(crate) struct V15;
impl Setting for V15 {}

pub(crate) struct V18;
impl Setting for V18 {
    const VERSION: Version = Version::V18;
}

pub(crate) struct Icu;
impl Setting for Icu {
    const COLLATION: Collation = Collation::Icu("en-US");
}

pub(crate) struct Pooled;
impl Setting for Pooled {
    const POOLED: bool = true;
}

/// After this time the server ends a transaction of ours that does nothing.
const WRITER_TIMEOUT: Duration = Duration::from_secs(2);

/// A store on a database of its own. What is declared first is dropped first.
pub(crate) struct OneDatabase<S> {
    store: Option<PostgresStore>,
    clock: ManualClock,
    line: Arc<Proxy>,
    bouncer: Option<PgBouncer>,
    database: TestDatabase,
    setting: PhantomData<S>,
}

/// This build: what another made is not to be copied.
fn build() -> String {
    let program = std::env::current_exe().and_then(std::fs::metadata).expect("a program knows its file");
    let since = program.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{} bytes of {since:?}", program.len())
}

async fn migrate(url: String) {
    let options = PostgresOptions::from_url(&url).expect("a URL of the tests");
    PostgresStore::open(options).await.expect("a new database takes the schema");
}

impl<S: Setting> OneDatabase<S> {
    fn url(&self) -> String {
        let url = match &self.bouncer {
            Some(bouncer) => bouncer.url(self.database.url()) + "&pooler=transaction",
            None => self.database.url().to_owned(),
        };
        self.line.url(&url)
    }

    fn options(&self) -> PostgresOptions {
        let options = PostgresOptions::from_url(&self.url()).expect("a URL of the tests");
        // Long enough for every race, and soon enough where the server is away (E02).
        let options = options.clock(Arc::new(self.clock.clone())).timeout(Duration::from_secs(4));
        options.writer_timeout(WRITER_TIMEOUT)
    }

    async fn open(&self) -> PostgresStore {
        PostgresStore::open(self.options()).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

#[async_trait]
impl<S: Setting> StoreUnderTest for OneDatabase<S> {
    async fn fresh() -> Self {
        let server = postgres(S::VERSION).await;
        let bouncer = if S::POOLED { Some(pgbouncer(&server).await) } else { None };
        let database = server.prepared("laws", &build(), S::COLLATION, migrate).await;
        database.execute("UPDATE annals.store SET id = gen_random_uuid()").await;
        let in_front =
            bouncer.as_ref().map_or(database.url().to_owned(), |pooler| pooler.url(database.url()));
        let line = Arc::new(Proxy::to(&in_front).await);
        let clock = ManualClock::at_present();
        let mut fresh = Self { store: None, clock, line, bouncer, database, setting: PhantomData };
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

    /// One of ours that began to write and fell silent: the server ends it in time.
    async fn hang_writer(&self) -> Option<Held> {
        let mut writer = self.database.connect().await;
        let begin = format!(
            "SET application_name = 'silent'; SET idle_in_transaction_session_timeout = {}; BEGIN;
             INSERT INTO annals.events (stream_id, version, event_id, event_type, schema_version, commit_id,
                 commit_index, commit_size, recorded_at, digest, metadata, payload)
             VALUES ('hung-1', 1, gen_random_uuid(), 'Counted', 1, gen_random_uuid(), 0, 1, now(), '', '{{}}', '{{}}')",
            WRITER_TIMEOUT.as_millis()
        );
        let begun = sqlx::raw_sql(sqlx::AssertSqlSafe(begin)).execute(&mut writer).await;
        begun.expect("nobody stands in the way");
        Some(Box::new(Silent(std::sync::Mutex::new(Some(writer)))))
    }

    fn writer_timeout(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn take_away(&self) -> Option<Held> {
        self.line.refuse(true);
        self.line.cut();
        Some(Box::new(Away(self.line.clone())))
    }

    async fn stick_checkpoints(&self) -> Option<Held> {
        let mut owner = self.database.connect().await;
        let stick = "CREATE FUNCTION annals.stick() RETURNS trigger LANGUAGE plpgsql AS
                         $$ BEGIN RAISE EXCEPTION 'checkpoints stick'; END $$;
                     CREATE TRIGGER stick BEFORE UPDATE OF position ON annals.views
                         FOR EACH ROW EXECUTE FUNCTION annals.stick()";
        sqlx::raw_sql(stick).execute(&mut owner).await.expect("the owner may");
        Some(Box::new(Stuck(std::sync::Mutex::new(owner))))
    }

    async fn cut_line(&self) -> Option<Adapter> {
        let adapter = self.open().await.adapter();
        let cut =
            CutLine { events: adapter.events.clone(), line: self.line.clone(), armed: AtomicBool::new(true) };
        Some(Adapter { events: Arc::new(cut), ..adapter })
    }

    async fn secret(&self) -> Option<Secret> {
        let (_, password) = postgres(S::VERSION).await.credentials();
        let elsewhere = self.url().replace(self.database.name(), "no_such_database");
        let misspelt = self.url().replace("sslmode", "sslmodus");
        let mut shown = vec![format!("{:?}", self.options()), format!("{:?}", self.store)];
        for url in [elsewhere, misspelt, self.url().replace("127.0.0.1", "127.0.0.1:1,:")] {
            let failed = match PostgresOptions::from_url(&url) {
                Ok(options) => PostgresStore::open(options).await.map(drop),
                Err(error) => Err(error),
            };
            let error = failed.expect_err("such a URL opens no store");
            shown.extend([error.to_string(), format!("{error:?}")]);
        }
        Some(Secret { secret: password, shown })
    }
}

/// A connection that ends when this is dropped, and its transaction with it.
struct Silent(std::sync::Mutex<Option<PgConnection>>);

impl Drop for Silent {
    fn drop(&mut self) {
        let connection = self.0.lock().ok().and_then(|mut connection| connection.take());
        if let Some(connection) = connection {
            tokio::spawn(connection.close_hard());
        }
    }
}

/// Checkpoints can be written again once this is dropped.
struct Stuck(std::sync::Mutex<PgConnection>);

impl Drop for Stuck {
    fn drop(&mut self) {
        let owner = self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let free = sqlx::raw_sql("DROP FUNCTION annals.stick() CASCADE").execute(owner);
        let freed = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(free));
        freed.expect("the owner may");
    }
}

struct Away(Arc<Proxy>);

impl Drop for Away {
    fn drop(&mut self) {
        self.0.refuse(false);
    }
}

/// Loses the answer to the first commit: the server carries it out, and the line is down before anybody hears of it.
struct CutLine {
    events: Arc<dyn EventStore>,
    line: Arc<Proxy>,
    armed: AtomicBool,
}

#[async_trait]
impl EventStore for CutLine {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        if self.armed.swap(false, Ordering::SeqCst) {
            self.line.lose_answer_to(commit.id().as_bytes().to_vec());
        }
        let answer = self.events.commit(commit).await;
        self.line.refuse(false);
        answer
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        self.events.read_stream(stream, range).await
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        self.events.head(stream).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        self.events.read_by_type(query).await
    }
}
