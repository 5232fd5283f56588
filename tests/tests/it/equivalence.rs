//! Replay equivalence: for the same commands every store holds the same events, gives the same state at every
//! version and instant, and the same read models, live, resumed and rebuilt. Adding a store adds one line to
//! `stores`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use annals::dynamodb::{DynamoOptions, DynamoStore};
use annals::memory::MemoryStore;
use annals::ports::{Clock, EventFeedExt, FeedPosition, FeedQuery, RowQuery, SystemClock};
use annals::postgres::{PostgresOptions, PostgresStore};
use annals::projection::{AnyRunner, Projection, RunnerOptions};
use annals::sqlite::{SqliteOptions, SqliteStore};
use annals::{
    Aggregate, AsOf, Metadata, RecordedEvent, Repository, RepositoryOptions, SnapshotPolicy, Snapshotted,
    Store, Timestamp,
};
use annals_services::{Collation, Engine, Version, dynamodb, postgres};
use annals_testkit::ManualClock;
use ordermaster::read_models::{
    AccountSummary, CustomerOrders, CustomerTotals, DailySales, InventoryLevels, OrderHistory, OrderSummary,
    TransactionHistory,
};
use ordermaster_domain::{Account, Inventory, Order, OrderCommand, Payment};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::script::{Step, all_ids, script};

/// How a script is run; the outcome must not depend on it.
#[derive(Clone, Debug)]
struct Policy {
    page_size: usize,
    snapshot_every: u64,
    cached: bool,
    /// After how many commands the read models catch up, with a new runner each time.
    catch_up_every: usize,
    /// Before which command the store is closed and opened again, where that means anything.
    reopen_before: usize,
}

fn policy() -> impl Strategy<Value = Policy> {
    let page_size = prop_oneof![Just(1_usize), Just(2), Just(7), Just(1_000)];
    (page_size, 1..6_u64, any::<bool>(), 1..30_usize, 0..40_usize).prop_map(
        |(page_size, snapshot_every, cached, catch_up_every, reopen_before)| Policy {
            page_size,
            snapshot_every,
            cached,
            catch_up_every,
            reopen_before,
        },
    )
}

/// Everything that can be seen of a store after a script.
#[derive(Debug, PartialEq)]
struct Seen {
    answers: Vec<String>,
    streams: BTreeMap<String, Vec<String>>,
    states: BTreeMap<String, String>,
    live: BTreeMap<String, String>,
    rebuilt: BTreeMap<String, String>,
}

struct Shop {
    store: Store,
    orders: Repository<Order>,
    payments: Repository<Payment>,
    inventory: Repository<Inventory>,
    accounts: Repository<Account>,
}

impl Shop {
    fn over(store: Store, clock: &ManualClock, policy: &Policy) -> Self {
        Self {
            orders: repository(&store, clock, policy),
            payments: repository(&store, clock, policy),
            inventory: repository(&store, clock, policy),
            accounts: repository(&store, clock, policy),
            store,
        }
    }
}

fn repository<A: Snapshotted>(store: &Store, clock: &ManualClock, policy: &Policy) -> Repository<A> {
    let capacity = if policy.cached { 100 } else { 0 };
    let options = RepositoryOptions::default().clock(Arc::new(clock.clone())).cache_capacity(capacity);
    store.repository().with_options(options).with_snapshots(SnapshotPolicy::every(policy.snapshot_every))
}

fn runner<P: Projection>(store: &Store, projection: P, page_size: usize) -> Box<dyn AnyRunner> {
    let options = RunnerOptions { page_size, ..RunnerOptions::default() };
    Box::new(store.runner(projection).with_options(options))
}

fn runners(store: &Store, page_size: usize) -> Vec<Box<dyn AnyRunner>> {
    vec![
        runner(store, AccountSummary, page_size),
        runner(store, CustomerOrders, page_size),
        runner(store, CustomerTotals, page_size),
        runner(store, DailySales, page_size),
        runner(store, InventoryLevels, page_size),
        runner(store, OrderHistory, page_size),
        runner(store, OrderSummary, page_size),
        runner(store, TransactionHistory, page_size),
    ]
}

/// Between two commands; those of a whole script take less than the time by which a clock may be off (A10).
const STEP: Duration = Duration::from_millis(100);

async fn see(script: &[Step], policy: &Policy, clock: &ManualClock, open: impl AsyncFn() -> Store) -> Seen {
    let mut shop = Shop::over(open().await, clock, policy);
    let mut answers = Vec::new();
    for (place, step) in script.iter().enumerate() {
        clock.advance(STEP);
        if place == policy.reopen_before {
            shop = Shop::over(open().await, clock, policy);
        }
        answers.push(run(&shop, step).await);
        if place % policy.catch_up_every == 0 {
            catch_up(&shop.store, policy.page_size).await;
        }
    }
    catch_up(&shop.store, policy.page_size).await;
    let live = rows(&shop.store).await;
    for runner in runners(&shop.store, policy.page_size) {
        runner.rebuild(&mut |_| {}).await.unwrap();
    }
    let events = all_events(&shop.store).await;
    let mut streams = BTreeMap::<String, Vec<String>>::new();
    for event in &events {
        streams.entry(event.header.stream.to_string()).or_default().push(essence(event));
    }
    Seen { answers, streams, states: states(&shop).await, live, rebuilt: rows(&shop.store).await }
}

async fn run(shop: &Shop, step: &Step) -> String {
    match step {
        Step::Order(id, command) => answer(shop.orders.execute(id, command, metadata()).await),
        Step::PayInFull(id, payment) => {
            let order = shop.orders.load(id).await.unwrap().state;
            let Some(total) = order.placed().map(|placed| placed.total) else {
                return "nothing to pay".to_owned();
            };
            let command = OrderCommand::MarkPaid { payment: payment.clone(), amount: total };
            answer(shop.orders.execute(id, &command, metadata()).await)
        }
        Step::Payment(id, command) => answer(shop.payments.execute(id, command, metadata()).await),
        Step::Inventory(id, command) => answer(shop.inventory.execute(id, command, metadata()).await),
        Step::Account(id, command) => answer(shop.accounts.execute(id, command, metadata()).await),
    }
}

fn metadata() -> Metadata {
    Metadata::correlated("script").by("Ada")
}

fn answer<A: Aggregate>(result: Result<annals::Executed<A>, annals::ExecuteError<A::Rejection>>) -> String {
    match result {
        Ok(done) => format!("version {}, {} events", done.version, done.events.len()),
        Err(annals::ExecuteError::Rejected(rejection)) => format!("refused: {rejection}"),
        Err(other) => panic!("a store failed: {other}"),
    }
}

pub(crate) async fn catch_up(store: &Store, page_size: usize) {
    for runner in runners(store, page_size) {
        runner.catch_up(&mut |_| {}).await.unwrap();
    }
}

/// All but ids, positions and digests, which differ from store to store.
fn essence(event: &RecordedEvent) -> String {
    let header = &event.header;
    let payload = event.payload.canonical().unwrap();
    let metadata = header.metadata.canonical().unwrap();
    let (version, at) = (header.version, header.recorded_at);
    let (event_type, schema) = (&header.event_type, header.schema_version);
    let (index, size) = (header.commit.index, header.commit.size);
    format!("{version} {event_type} v{schema} {at} {index}/{size} {} {}", payload.as_str(), metadata.as_str())
}

async fn all_events(store: &Store) -> Vec<RecordedEvent> {
    let feed = &store.adapter().feed;
    let beginning = FeedPosition::beginning(store.adapter().store);
    feed.read_to_end(&FeedQuery::all(), beginning).await.unwrap().0
}

/// The state of every aggregate at every version and at the instant of every version.
async fn states(shop: &Shop) -> BTreeMap<String, String> {
    let (orders, payments, skus, accounts) = all_ids();
    let mut states = BTreeMap::new();
    states_of(&shop.orders, &orders, &mut states).await;
    states_of(&shop.payments, &payments, &mut states).await;
    states_of(&shop.inventory, &skus, &mut states).await;
    states_of(&shop.accounts, &accounts, &mut states).await;
    states
}

async fn states_of<A: Snapshotted>(
    repository: &Repository<A>,
    ids: &[A::Id],
    states: &mut BTreeMap<String, String>,
) {
    for id in ids {
        let stream = repository.stream_of(id).unwrap();
        let last = repository.load(id).await.unwrap().version().get();
        for version in 0..=last {
            let at_version = repository.load_at(id, AsOf::version(version)).await.unwrap();
            let state = serde_json::to_string(&at_version.state).unwrap();
            if let Some(head) = at_version.head {
                let at_instant = repository.load_at(id, AsOf::time(head.recorded_at)).await.unwrap();
                let just_before = Timestamp::from_micros(head.recorded_at.as_micros() - 1);
                let earlier = repository.load_at(id, AsOf::time(just_before)).await.unwrap();
                assert!(at_instant.version() >= at_version.version(), "{stream} at {}", head.recorded_at);
                assert!(earlier.version() < at_version.version(), "{stream} before {}", head.recorded_at);
            }
            states.insert(format!("{stream}@{version}"), state);
        }
    }
}

pub(crate) async fn rows(store: &Store) -> BTreeMap<String, String> {
    let views = &store.adapter().views;
    let mut rows = BTreeMap::new();
    for state in views.list().await.unwrap() {
        let mut query = RowQuery::all().limit(7);
        loop {
            let page = views.page(&state.view, &query).await.unwrap();
            for row in page.rows {
                let json = row.row.canonical().unwrap();
                rows.insert(format!("{}/{}", state.view, row.key), json.as_str().to_owned());
            }
            match page.next {
                Some(token) => query = query.after(token),
                None => break,
            }
        }
    }
    rows
}

/// Every store, by name, with what it shows after the script.
async fn stores(script: &[Step], policy: &Policy) -> Vec<(&'static str, Seen)> {
    let mut seen = Vec::new();
    // A store with a clock of its own refuses stamps that are far from it (A10).
    let begin = SystemClock.now();
    let clock = ManualClock::at(begin);
    let memory = MemoryStore::with_clock(Arc::new(clock.clone()));
    seen.push(("memory", see(script, policy, &clock, async || Store::new(memory.adapter())).await));

    let clock = ManualClock::at(begin);
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("shop.db")).clock(Arc::new(clock.clone()));
    let open = async || Store::new(SqliteStore::open(options.clone()).await.unwrap().adapter());
    seen.push(("sqlite", see(script, policy, &clock, open).await));

    let clock = ManualClock::at(begin);
    let database = postgres(Version::V15).await.database(Collation::Server).await;
    let options = PostgresOptions::from_url(database.url()).unwrap().clock(Arc::new(clock.clone()));
    let open = async || Store::new(PostgresStore::open(options.clone()).await.unwrap().adapter());
    seen.push(("postgres", see(script, policy, &clock, open).await));

    let clock = ManualClock::at(begin);
    let server = dynamodb(Engine::Embedded).await;
    let tables = server.tables();
    let options = DynamoOptions::new(tables.prefix()).unwrap().endpoint(server.endpoint()).unwrap();
    let options =
        options.deletion_protection(false).point_in_time_recovery(false).clock(Arc::new(clock.clone()));
    let open = async || Store::new(DynamoStore::open(options.clone()).await.unwrap().adapter());
    seen.push(("dynamodb", see(script, policy, &clock, open).await));
    seen
}

/// What the scripts are drawn from: `ANNALS_SEED`, or the clock.
pub(crate) fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    std::env::var("ANNALS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(now)
}

#[test]
fn every_store_gives_the_same_answers_histories_states_and_read_models() {
    let cases = std::env::var("ANNALS_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let seed = seed();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let (commands, events) = (Cell::new(0), Cell::new(0));
    runner
        .run(&(script(40), policy()), |(script, policy)| {
            let seen = annals::block_on(stores(&script, &policy));
            let (specification, others) = seen.split_first().expect("memory comes first");
            commands.set(commands.get() + script.len());
            events.set(events.get() + specification.1.streams.values().map(Vec::len).sum::<usize>());
            prop_assert_eq!(&specification.1.live, &specification.1.rebuilt, "memory: live and rebuilt");
            for (name, other) in others {
                prop_assert_eq!(&specification.1, other, "memory and {}", name);
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("with ANNALS_SEED={seed}: {failure}"));
    let (commands, events) = (commands.get(), events.get());
    assert!(events > commands / 20, "the scripts record something: {events} events of {commands} commands");
    println!(
        "equivalence: {cases} scripts, {commands} commands, {events} events, seed {seed}: no difference"
    );
}
