//! DynamoDB as a store under test: tables of its own behind an endpoint of its own, which can be away and lose answers.
//!
//! The second adapter is a store of its own on the same tables, as another process has it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals_core::{StreamHead, StreamId};
use annals_dynamodb::{DynamoOptions, DynamoStore};
use annals_ports::{
    Adapter, Commit, CommitError, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage, TypeQuery,
};
use annals_services::{Answer, Engine, Fault, FaultyEndpoint, Requests, TestTables, dynamodb};
use annals_testkit::ManualClock;
use annals_testkit::conformance::{Held, StoreUnderTest};
use async_trait::async_trait;

/// What a store is tried on.
pub(crate) trait Setting: Send + Sync + 'static {
    const ENGINE: Engine = Engine::Local;
    /// What goes wrong, and how often.
    const FAULTS: &'static [(Fault, f64)] = &[];
}

pub(crate) struct Local;
impl Setting for Local {}

pub(crate) struct Embedded;
impl Setting for Embedded {
    const ENGINE: Engine = Engine::Embedded;
}

/// The setting `S`, with what goes wrong.
pub(crate) struct Faulty<S>(PhantomData<S>);
impl<S: Setting> Setting for Faulty<S> {
    const ENGINE: Engine = S::ENGINE;
    const FAULTS: &'static [(Fault, f64)] = &[
        (Fault::Throttled, 0.3),
        (Fault::Conflicting, 0.05),
        (Fault::LostBefore, 0.01),
        (Fault::LostAfter, 0.03),
        (Fault::FailedAfter, 0.01),
        (Fault::Partial, 0.2),
        (Fault::ShortPage, 0.2),
        (Fault::Shuffled, 0.5),
        (Fault::Repeated, 0.3),
        (Fault::Delayed, 0.2),
    ];
}

/// A store on tables of its own. What is declared first is dropped first.
pub(crate) struct OwnTables<S> {
    store: Option<DynamoStore>,
    clock: ManualClock,
    line: Arc<FaultyEndpoint>,
    tables: TestTables,
    setting: PhantomData<S>,
}

impl<S: Setting> OwnTables<S> {
    fn options(&self) -> DynamoOptions {
        let options = DynamoOptions::new(self.tables.prefix()).expect("a prefix of the tests");
        let options = options.endpoint(self.line.endpoint()).expect("a URL");
        let options = options.deletion_protection(false).point_in_time_recovery(false);
        // Emulators take their time for each of the shards of a type, and all the more where much is tried again.
        let options = options.type_shards(if S::FAULTS.is_empty() { 2 } else { 1 });
        // Long enough for every race, and soon enough where the service is away (E02).
        options.clock(Arc::new(self.clock.clone())).timeout(Duration::from_secs(8))
    }

    async fn open(&self) -> DynamoStore {
        DynamoStore::open(self.options()).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

#[async_trait]
impl<S: Setting> StoreUnderTest for OwnTables<S> {
    // Where three requests of ten are refused: still more than one answer of the service holds.
    const LONG_STREAM: u64 = if S::FAULTS.is_empty() { 10_000 } else { 2_500 };

    async fn fresh() -> Self {
        let server = dynamodb(S::ENGINE).await;
        let seed = fastrand::u64(..);
        let line = Arc::new(FaultyEndpoint::to(server.endpoint(), seed).await);
        let tables = server.tables();
        let clock = ManualClock::at_present();
        let mut fresh = Self { store: None, clock, line, tables, setting: PhantomData };
        fresh.store = Some(fresh.open().await);
        if !S::FAULTS.is_empty() {
            eprintln!("faults by seed {seed}");
        }
        for (fault, rate) in S::FAULTS {
            fresh.line.set(*fault, *rate);
        }
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

    fn keeps_the_order_of_answers(&self) -> bool {
        false
    }

    async fn take_away(&self) -> Option<Held> {
        self.line.refuse(true);
        self.line.cut();
        Some(Box::new(Away(self.line.clone())))
    }

    async fn stick_checkpoints(&self) -> Option<Held> {
        let checkpoints = Requests::to("TransactWriteItems").with("\"Checkpoint\"");
        self.line.script_times(checkpoints, Answer::access_denied(), usize::MAX);
        Some(Box::new(Stuck(self.line.clone())))
    }

    async fn cut_line(&self) -> Option<Adapter> {
        // One attempt, so that the store does not find out by itself.
        let options = self.options().indexer(false).timeout(Duration::from_millis(600));
        let store = DynamoStore::open(options).await.unwrap_or_else(|error| panic!("{error}"));
        let adapter = store.adapter();
        let cut =
            CutLine { events: adapter.events.clone(), line: self.line.clone(), armed: AtomicBool::new(true) };
        Some(Adapter { events: Arc::new(cut), ..adapter })
    }
}

/// Checkpoints can be written again once this is dropped.
struct Stuck(Arc<FaultyEndpoint>);

impl Drop for Stuck {
    fn drop(&mut self) {
        self.0.clear_script();
    }
}

struct Away(Arc<FaultyEndpoint>);

impl Drop for Away {
    fn drop(&mut self) {
        self.0.refuse(false);
    }
}

/// Loses the answer to the first commit: the service carries it out, and is away before anybody hears of it.
struct CutLine {
    events: Arc<dyn EventStore>,
    line: Arc<FaultyEndpoint>,
    armed: AtomicBool,
}

#[async_trait]
impl EventStore for CutLine {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        if !self.armed.swap(false, Ordering::SeqCst) {
            return self.events.commit(commit).await;
        }
        self.line.lose_answer_to(commit.id().to_string().into_bytes());
        let lost = self.line.counts().lost;
        let answer = loop {
            let going_away = async {
                while self.line.counts().lost == lost {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                self.line.refuse(true);
                std::future::pending::<()>().await;
            };
            let answer = tokio::select! {
                answer = self.events.commit(commit.clone()) => answer,
                () = going_away => unreachable!("it waits for ever"),
            };
            // Where requests fail by chance, the time may be over before the one whose answer is to be lost.
            if self.line.counts().lost > lost || answer.is_ok() {
                break answer;
            }
        };
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
