//! Replay equivalence: for the same commands every store holds the same events, gives the same state at every
//! version and instant, and the same read models, live, resumed and rebuilt. Adding a store adds one line to
//! `stores`.
//!
//! The memory store, the specification, carries the commands out one by one. The others carry several out at once, with the
//! fault injector in their way; every store is opened again, its clock moves by leaps and back, and its read models change their
//! version half-way.

mod models;
mod policy;
mod shop;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use annals::dynamodb::{DynamoOptions, DynamoStore};
use annals::memory::MemoryStore;
use annals::ports::{Adapter, Clock, EventFeedExt, FeedPosition, FeedQuery, RowQuery, SystemClock};
use annals::postgres::{PostgresOptions, PostgresStore};
use annals::sqlite::{SqliteOptions, SqliteStore};
use annals::{AsOf, RecordedEvent, Repository, Snapshotted, Store, Timestamp};
use annals_services::{Collation, Engine, Version, dynamodb, postgres};
use annals_testkit::ManualClock;
use annals_testkit::faults::Faults;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use serde::{Deserialize, Serialize};

use self::models::{Models, runners};
use self::policy::{Policy, policy};
use self::shop::Shop;
use crate::script::{Step, all_ids, script};

/// A script, and how it is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Case {
    policy: Policy,
    script: Vec<Step>,
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

/// One by one and undisturbed, or as the policy has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Plain,
    Disturbed,
}

/// A store, what it shows, and how many faults were in its way.
struct Ran {
    store: &'static str,
    seen: Seen,
    faults: usize,
}

/// The store with faults in the way of history, feed and snapshots. Leases would last for ever by a clock that stands still,
/// so that views are spared: they have scenarios of their own.
fn behind(faults: &Faults, store: &Store) -> Store {
    let sound = store.adapter();
    let process = faults.over(sound).adapter();
    Store::new(Adapter { views: sound.views.clone(), leases: sound.leases.clone(), ..process })
}

async fn see(
    script: &[Step],
    policy: &Policy,
    (store, manner): (&'static str, Manner),
    clock: &ManualClock,
    open: impl AsyncFn() -> Store,
) -> Ran {
    let faults = if manner == Manner::Plain { Faults::none() } else { policy.faults() };
    let reopened = async || Shop::over(behind(&faults, &open().await), clock, policy);
    let mut shop = reopened().await;
    let (mut answers, mut models) = (Vec::new(), Models::Today);
    for (number, steps) in script.chunks(policy.at_once).enumerate() {
        policy.move_clock(clock, number);
        if number == policy.reopen_before {
            shop = reopened().await;
        }
        if number == policy.renew_before {
            models = Models::Renewed;
        }
        let at_once = if manner == Manner::Plain { 1 } else { steps.len() };
        for together in steps.chunks(at_once) {
            answers.extend(shop.round(together).await);
        }
        if number % policy.catch_up_every == 0 {
            models::catch_up(&shop.store, policy.page_size, models).await;
        }
    }
    faults.settled().await;
    let shop = Shop::over(open().await, clock, policy);
    models::catch_up(&shop.store, policy.page_size, models).await;
    let live = rows(&shop.store).await;
    for runner in runners(&shop.store, policy.page_size, models) {
        runner.rebuild(&mut |_| {}).await.unwrap();
    }
    let events = all_events(&shop.store).await;
    let mut streams = BTreeMap::<String, Vec<String>>::new();
    for event in &events {
        streams.entry(event.header.stream.to_string()).or_default().push(essence(event));
    }
    let seen = Seen { answers, streams, states: states(&shop).await, live, rebuilt: rows(&shop.store).await };
    Ran { store, seen, faults: faults.injected().len() }
}

pub(crate) async fn catch_up(store: &Store, page_size: usize) {
    models::catch_up(store, page_size, Models::Today).await;
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

/// Every store, with what it shows after the script; memory, the specification, comes first.
async fn stores(script: &[Step], policy: &Policy) -> Vec<Ran> {
    let mut ran = Vec::new();
    // A store with a clock of its own refuses stamps that are far from it (A10).
    let begin = SystemClock.now();
    let clock = ManualClock::at(begin);
    let memory = MemoryStore::with_clock(Arc::new(clock.clone()));
    let open = async || Store::new(memory.adapter());
    ran.push(see(script, policy, ("memory", Manner::Plain), &clock, open).await);

    let clock = ManualClock::at(begin);
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("shop.db")).clock(Arc::new(clock.clone()));
    let open = async || Store::new(SqliteStore::open(options.clone()).await.unwrap().adapter());
    ran.push(see(script, policy, ("sqlite", Manner::Disturbed), &clock, open).await);

    let clock = ManualClock::at(begin);
    let database = postgres(Version::V15).await.database(Collation::Server).await;
    let options = PostgresOptions::from_url(database.url()).unwrap().clock(Arc::new(clock.clone()));
    let open = async || Store::new(PostgresStore::open(options.clone()).await.unwrap().adapter());
    ran.push(see(script, policy, ("postgres", Manner::Disturbed), &clock, open).await);

    let clock = ManualClock::at(begin);
    let server = dynamodb(Engine::Embedded).await;
    let tables = server.tables();
    let options = DynamoOptions::new(tables.prefix()).unwrap().endpoint(server.endpoint()).unwrap();
    let options =
        options.deletion_protection(false).point_in_time_recovery(false).clock(Arc::new(clock.clone()));
    let open = async || Store::new(DynamoStore::open(options.clone()).await.unwrap().adapter());
    ran.push(see(script, policy, ("dynamodb", Manner::Disturbed), &clock, open).await);
    ran
}

/// What the scripts are drawn from: `ANNALS_SEED`, or the clock.
pub(crate) fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    std::env::var("ANNALS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(now)
}

/// What a script came to, where every store showed the same.
struct Size {
    events: usize,
    faults: usize,
}

impl Case {
    fn compare(&self) -> Result<Size, String> {
        let ran = annals::block_on(stores(&self.script, &self.policy));
        let (specification, others) = ran.split_first().expect("memory comes first");
        let specification = &specification.seen;
        if specification.live != specification.rebuilt {
            return Err(format!(
                "memory, live and rebuilt:\n{:#?}\n{:#?}",
                specification.live, specification.rebuilt
            ));
        }
        for Ran { store, seen, .. } in others {
            if seen != specification {
                return Err(format!("memory and {store}:\n{specification:#?}\n{seen:#?}"));
            }
        }
        Ok(Size {
            events: specification.streams.values().map(Vec::len).sum(),
            faults: others.iter().map(|ran| ran.faults).sum(),
        })
    }

    /// A test of this case alone, to be put into this file.
    fn as_test(&self) -> String {
        let text = serde_json::to_string(self).expect("cases are written as JSON");
        format!("#[test]\nfn every_store_gives_the_same_here() {{\n    gives_the_same(r#\"{text}\"#);\n}}\n")
    }
}

/// Compares the stores over a case as [`Case::as_test`] writes it.
fn gives_the_same(case: &str) {
    let case: Case = serde_json::from_str(case).expect("a case");
    if let Err(difference) = case.compare() {
        panic!("{difference}");
    }
}

fn cases() -> impl Strategy<Value = Case> {
    (script(40), policy()).prop_map(|(script, policy)| Case { policy, script })
}

fn drawn_from(seed: u64, cases: u32) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

#[test]
fn every_store_gives_the_same_answers_histories_states_and_read_models() {
    let count = std::env::var("ANNALS_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let seed = seed();
    let (commands, events, faults) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let ran = drawn_from(seed, count).run(&cases(), |case| {
        let size = case.compare().map_err(TestCaseError::fail)?;
        commands.set(commands.get() + case.script.len());
        events.set(events.get() + size.events);
        faults.set(faults.get() + size.faults);
        Ok(())
    });
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(difference, case)) => {
            panic!(
                "with ANNALS_SEED={seed}: {difference}\n\nThe smallest script found, to repeat it:\n\n{}",
                case.as_test()
            )
        }
        Err(TestError::Abort(why)) => panic!("with ANNALS_SEED={seed}: {why}"),
    }
    let (commands, events, faults) = (commands.get(), events.get(), faults.get());
    assert!(faults > 0, "nothing was in the way");
    assert!(events > commands / 20, "the scripts record something: {events} events of {commands} commands");
    println!(
        "equivalence: {count} scripts, {commands} commands, {events} events, {faults} faults, seed {seed}: no difference"
    );
}

#[test]
fn a_short_script_gives_the_same_as_it_stands_here() {
    gives_the_same(
        r#"{"policy":{"page_size":2,"snapshot_every":1,"cached":false,"at_once":3,"clock":[100,-50],
        "catch_up_every":2,"reopen_before":1,"renew_before":1,"faults":1},"script":[
        {"Account":["0",{"command":"open","owner":"Ada","opening_balance":{"amount":"20","currency":"USD"}}]},
        {"Inventory":["1",{"command":"receive","quantity":3}]},
        {"Payment":["2",{"command":"fail","reason":"there is no such payment"}]},
        {"Account":["0",{"command":"withdraw","amount":{"amount":"5","currency":"USD"}}]}]}"#,
    );
}

#[test]
fn a_script_that_is_told_to_repeat_is_the_one_that_ran() {
    let told = drawn_from(seed(), 200).run(&cases(), |case| {
        let test = case.as_test();
        let text = test.split_once("r#\"").and_then(|(_, rest)| rest.split_once("\"#"));
        let (text, _) = text.ok_or_else(|| TestCaseError::fail("no case in it"))?;
        let again: Case =
            serde_json::from_str(text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(again, case);
        Ok(())
    });
    told.unwrap_or_else(|error| panic!("{error}"));
}
