//! Replay: a history recorded in any mix of old event versions gives the same states and rows as its upcast form, on
//! every store, with snapshots of any kind, in pages of any size, and with restarts anywhere. Adding a store adds one
//! line to `stores`.

mod aged;
mod paged;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use annals::memory::MemoryStore;
use annals::ports::{
    Append, Clock, Commit, EventStoreExt, Expectation, NewEvent, ReadRange, Snapshot, SystemClock,
};
use annals::projection::{Projection, interleavings};
use annals::sqlite::{Durability, SqliteOptions, SqliteStore};
use annals::{
    AsOf, CommitId, Digest, EventId, EventSet, Json, RecordedEvent, Rehydrated, Repository,
    RepositoryOptions, SnapshotPolicy, Snapshotted, Store, StreamHead, StreamId, Version,
};
use annals_testkit::ManualClock;
use ordermaster::read_models::{
    AccountSummary, CustomerOrders, CustomerTotals, DailySales, InventoryLevels, OrderHistory, OrderSummary,
    TransactionHistory,
};
use ordermaster_domain::{Account, Inventory, Order, Payment};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::aged::{Aged, STEP, aged};
use self::paged::in_pages_of;
use crate::equivalence::{catch_up, rows, seed};
use crate::script::{all_ids, script};

/// In which form a history is written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Today,
    Mixed,
}

/// What stands in the snapshot store before a state is loaded.
#[derive(Clone, Debug)]
enum Snapshots {
    Off,
    /// Whatever the repository writes itself, one every so many events.
    Written(u64),
    /// Of an earlier version, rightly so.
    Stale,
    Garbage,
    OtherSchema,
    /// Of a version that the stream does not have yet.
    FromTheFuture,
    OtherHistory,
}

/// How a history is written and read; what comes of it must not depend on it.
#[derive(Clone, Debug)]
struct Policy {
    page_size: usize,
    snapshots: Snapshots,
    cached: bool,
    reopen_every: usize,
}

fn policy() -> impl Strategy<Value = Policy> {
    let page_size = prop_oneof![Just(1_usize), Just(2), Just(7), Just(1_000)];
    let snapshots = prop_oneof![
        Just(Snapshots::Off),
        (1..4_u64).prop_map(Snapshots::Written),
        Just(Snapshots::Stale),
        Just(Snapshots::Garbage),
        Just(Snapshots::OtherSchema),
        Just(Snapshots::FromTheFuture),
        Just(Snapshots::OtherHistory),
    ];
    (page_size, snapshots, any::<bool>(), 1..12_usize).prop_map(
        |(page_size, snapshots, cached, reopen_every)| Policy { page_size, snapshots, cached, reopen_every },
    )
}

/// What a store shows of a history: the state of each stream at each version, and the rows of every read model.
#[derive(Debug, PartialEq)]
struct Seen {
    states: BTreeMap<String, String>,
    rows: BTreeMap<String, String>,
}

async fn see(
    history: &[Aged],
    form: Form,
    policy: &Policy,
    clock: &ManualClock,
    open: impl AsyncFn() -> Store,
) -> Seen {
    let mut store = open().await;
    for (place, event) in history.iter().enumerate() {
        clock.advance(STEP);
        if place % policy.reopen_every == 0 {
            store = open().await;
        }
        write(&store, event, form).await;
    }
    let (orders, payments, skus, accounts) = all_ids();
    let mut states = BTreeMap::new();
    let store = in_pages_of(policy.page_size, &open().await);
    states_of::<Order>(&store, policy, clock, &orders, &mut states).await;
    states_of::<Payment>(&store, policy, clock, &payments, &mut states).await;
    states_of::<Inventory>(&store, policy, clock, &skus, &mut states).await;
    states_of::<Account>(&store, policy, clock, &accounts, &mut states).await;
    catch_up(&store, policy.page_size).await;
    Seen { states, rows: rows(&store).await }
}

async fn write(store: &Store, event: &Aged, form: Form) {
    let (schema_version, payload) = match form {
        Form::Today => &event.today,
        Form::Mixed => &event.mixed,
    };
    let new = NewEvent {
        id: EventId::new(),
        event_type: event.event_type.clone(),
        schema_version: *schema_version,
        payload: Json::from_value(payload).unwrap(),
        metadata: Json::empty(),
    };
    let append = Append::new(event.stream.clone(), Expectation::Any, vec![new]);
    let receipt =
        store.adapter().events.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    assert_eq!(receipt.recorded_at(), Some(event.at), "the history was drawn up for this instant");
}

/// The state at every version, as the repository loads it and as folding the events gives it.
async fn states_of<A: Snapshotted>(
    store: &Store,
    policy: &Policy,
    clock: &ManualClock,
    ids: &[A::Id],
    states: &mut BTreeMap<String, String>,
) {
    for id in ids {
        let stream = repository::<A>(store, policy, clock).stream_of(id).unwrap();
        let folded = folded::<A>(store, &stream).await;
        plant(store, policy, &stream, &folded).await;
        // Twice by new repositories, so that one finds what the other left in the snapshot store; then by the same again.
        for _ in 0..2 {
            let repository = repository::<A>(store, policy, clock);
            for _ in 0..2 {
                let latest = repository.load(id).await.unwrap();
                let expected = folded.last().expect("the state before every event");
                assert_eq!(shown(&latest), shown(expected), "{stream}");
                assert_eq!(latest.head, expected.head, "{stream}");
            }
            for expected in &folded {
                let version = expected.version();
                let found = repository.load_at(id, AsOf::version(version.get())).await.unwrap();
                assert_eq!(shown(&found), shown(expected), "{stream} at {version}");
                states.insert(format!("{stream}@{version}"), shown(&found));
                if let Some(head) = expected.head {
                    let found = repository.load_at(id, AsOf::time(head.recorded_at)).await.unwrap();
                    assert_eq!(shown(&found), shown(expected), "{stream} at {}", head.recorded_at);
                }
            }
        }
    }
}

fn shown<A: Snapshotted>(state: &Rehydrated<A>) -> String {
    serde_json::to_string(&state.state).unwrap()
}

/// The state before the first event and after each.
async fn folded<A: Snapshotted>(store: &Store, stream: &StreamId) -> Vec<Rehydrated<A>> {
    let mut state = Rehydrated::<A>::default();
    let mut folded = vec![state.clone()];
    for event in store.adapter().events.read_all(stream, ReadRange::all()).await.unwrap() {
        state.apply(&event).unwrap();
        folded.push(state.clone());
    }
    folded
}

fn repository<A: Snapshotted>(store: &Store, policy: &Policy, clock: &ManualClock) -> Repository<A> {
    let capacity = if policy.cached { 100 } else { 0 };
    let options = RepositoryOptions::default().clock(Arc::new(clock.clone())).cache_capacity(capacity);
    let repository = store.repository().with_options(options);
    match policy.snapshots {
        Snapshots::Off => repository,
        Snapshots::Written(every) => repository.with_snapshots(SnapshotPolicy::every(every)),
        _ => repository.with_snapshots(SnapshotPolicy::every(1_000)),
    }
}

/// Puts a snapshot in place as the policy has it.
async fn plant<A: Snapshotted>(store: &Store, policy: &Policy, stream: &StreamId, folded: &[Rehydrated<A>]) {
    let last = folded.last().expect("the state before every event");
    let Some(head) = last.head else { return };
    let wrong = Json::from_serialize(&A::default()).unwrap();
    let (head, schema, state) = match policy.snapshots {
        Snapshots::Off | Snapshots::Written(_) => return,
        Snapshots::Stale => {
            let earlier = &folded[folded.len() / 2];
            let head = earlier.head.expect("after some event");
            (head, A::STATE_SCHEMA, Json::from_serialize(&earlier.state).unwrap())
        }
        Snapshots::Garbage => (head, A::STATE_SCHEMA, Json::as_stored(r#"[{"phase":"#)),
        Snapshots::OtherSchema => (head, A::STATE_SCHEMA + 1, wrong),
        Snapshots::FromTheFuture => {
            let head = StreamHead { version: Version::new(head.version.get() + 3), ..head };
            (head, A::STATE_SCHEMA, wrong)
        }
        Snapshots::OtherHistory => {
            (StreamHead { digest: Digest::from_bytes([7; 32]), ..head }, A::STATE_SCHEMA, wrong)
        }
    };
    let snapshot = Snapshot::as_stored(stream.clone(), head, schema, state);
    store.adapter().snapshots.save(snapshot).await.unwrap();
}

/// Every store, by name, with what it shows of the history in both forms.
async fn stores(history: &[Aged], policy: &Policy) -> Vec<(String, Seen)> {
    let begin = history[0].at.minus(STEP);
    let mut seen = Vec::new();
    for form in [Form::Today, Form::Mixed] {
        let clock = ManualClock::at(begin);
        let memory = MemoryStore::with_clock(Arc::new(clock.clone()));
        let open = async || Store::new(memory.adapter());
        seen.push((format!("memory, {form:?}"), see(history, form, policy, &clock, open).await));

        let clock = ManualClock::at(begin);
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("shop.db")).clock(Arc::new(clock.clone()));
        // No machine loses its power here, so nothing waits for the disk.
        let options = options.durability(Durability::Off);
        let open = async || Store::new(SqliteStore::open(options.clone()).await.unwrap().adapter());
        seen.push((format!("sqlite, {form:?}"), see(history, form, policy, &clock, open).await));
    }
    seen
}

/// Runs a property over so many random histories.
fn over_histories<S: Strategy>(
    cases: u32,
    with: S,
    property: impl Fn(&[Aged], S::Value) -> Result<(), TestCaseError>,
) {
    let seed = seed();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let config = Config { cases, max_shrink_iters: 100, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let choices = prop::collection::vec(0..3_u16, 120);
    let (events, old) = (Cell::new(0), Cell::new(0));
    runner
        .run(&(script(100), choices, with), |(script, choices, with)| {
            let history = aged(&script, &choices, SystemClock.now());
            events.set(events.get() + history.len());
            old.set(old.get() + history.iter().filter(|event| event.today != event.mixed).count());
            if history.is_empty() { Ok(()) } else { property(&history, with) }
        })
        .unwrap_or_else(|failure| panic!("with ANNALS_SEED={seed}: {failure}"));
    assert!(old.get() > 0, "no event was old");
    println!("replay: {cases} histories, {} events, {} of them old, seed {seed}", events.get(), old.get());
}

fn cases() -> u32 {
    std::env::var("ANNALS_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

#[test]
fn a_mix_of_old_event_versions_replays_as_its_upcast_form() {
    over_histories(cases(), policy(), |history, policy| {
        let seen = annals::block_on(stores(history, &policy));
        let (first, others) = seen.split_first().expect("memory comes first");
        for (name, other) in others {
            prop_assert_eq!(&first.1, other, "{} and {}", &first.0, name);
        }
        Ok(())
    });
}

fn any_interleaving<P: Projection>(
    projection: P,
    streams: &[Vec<RecordedEvent>],
) -> Result<(), TestCaseError> {
    let categories = P::Event::categories();
    let subscribed: Vec<_> = streams
        .iter()
        .filter(|stream| {
            stream.first().is_some_and(|event| categories.contains(&event.header.stream.category()))
        })
        .cloned()
        .collect();
    match interleavings(projection, &subscribed, 6, 30) {
        Ok(_) => Ok(()),
        Err(error) => Err(TestCaseError::fail(error.to_string())),
    }
}

#[test]
fn v06_every_read_model_gives_the_same_rows_for_every_interleaving() {
    over_histories(cases(), Just(()), |history, ()| {
        let streams = annals::block_on(async {
            let clock = ManualClock::at(history[0].at.minus(STEP));
            let store = Store::new(MemoryStore::with_clock(Arc::new(clock.clone())).adapter());
            let mut streams = BTreeMap::new();
            for event in history {
                clock.advance(STEP);
                write(&store, event, Form::Mixed).await;
                streams.insert(event.stream.clone(), Vec::new());
            }
            for (stream, events) in &mut streams {
                *events = store.adapter().events.read_all(stream, ReadRange::all()).await.unwrap();
            }
            streams.into_values().collect::<Vec<_>>()
        });
        any_interleaving(AccountSummary, &streams)?;
        any_interleaving(CustomerOrders, &streams)?;
        any_interleaving(CustomerTotals, &streams)?;
        any_interleaving(DailySales, &streams)?;
        any_interleaving(InventoryLevels, &streams)?;
        any_interleaving(OrderHistory, &streams)?;
        any_interleaving(OrderSummary, &streams)?;
        any_interleaving(TransactionHistory, &streams)
    });
}
