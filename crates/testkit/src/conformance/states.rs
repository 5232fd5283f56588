//! Laws S01 to S04, through the application layer over the store under test: a snapshot saves reading, and changes
//! nothing else, whatever it holds.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_core::{Digest, Json, Rehydrated, Snapshotted, StreamHead, StreamId, Version};
use annals_ports::{Adapter, ReadRange, Snapshot, SnapshotStore, StoreError};
use async_trait::async_trait;

use super::StoreUnderTest;
use super::scene::{Scene, id};
use super::tally::Tally;
use super::tally::TallyCommand::{Count, Take};

/// Events of the tally that snapshots are taken of.
const EVENTS: u64 = 9;

/// A tally's stream of some counts and takes, with its state after each.
async fn write<S: StoreUnderTest>(scene: &Scene<S>) -> Vec<Rehydrated<Tally>> {
    let tallies = scene.store.layers().cached(&scene.adapter());
    for number in 1..=EVENTS {
        let command = if number % 4 == 0 { Take(number) } else { Count(10 + number) };
        tallies.execute("1", command).await.expect("nothing stands against this command");
    }
    let page = scene.events().read_stream(&id("tally-1"), ReadRange::all()).await.expect("it can be read");
    let mut state = Rehydrated::<Tally>::default();
    page.events
        .iter()
        .map(|event| {
            state.apply(event).expect("the tally's own events");
            state.clone()
        })
        .collect()
}

/// Puts a snapshot in the place of any other.
async fn plant(adapter: &Adapter, head: StreamHead, schema: u32, state: &Json) {
    let stream = id("tally-1");
    adapter.snapshots.remove(&stream).await.expect("snapshots can be dropped");
    let snapshot = Snapshot::as_stored(stream, head, schema, state.clone());
    adapter.snapshots.save(snapshot).await.expect("snapshots can be saved");
}

/// A state that no history here leads to: who answers with it believed a snapshot.
fn believed() -> Json {
    Json::from_serialize(&Tally { total: 1_000_000, moves: vec![7] }).expect("portable")
}

async fn load<S: StoreUnderTest>(scene: &Scene<S>) -> Rehydrated<Tally> {
    let tallies = scene.store.layers().snapshotted(&scene.adapter());
    tallies.load("1").await.expect("a tally can be loaded, whatever its snapshot holds")
}

/// Waits until the snapshot that was passed over is no longer there.
async fn assert_replaced<S: StoreUnderTest>(scene: &Scene<S>, head: StreamHead) {
    let began = Instant::now();
    loop {
        let found = scene.adapter().snapshots.latest(&id("tally-1")).await.expect("snapshots can be read");
        let is_right = found.is_some_and(|found| {
            found.head() == &head
                && found.state_schema() == Tally::STATE_SCHEMA
                && found.state().decode::<Tally>().is_ok()
        });
        if is_right {
            return;
        }
        assert!(began.elapsed() < S::PATIENCE, "a snapshot that is of no use was not replaced");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// S01: through a snapshot of any version, with any tail, the state is the same as without one.
pub async fn s01_state_through_any_snapshot_is_the_same<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let states = write(&scene).await;
    let whole = states.last().expect("there are events");
    for state in &states {
        let (head, state) = (state.head.expect("it has events"), Json::from_serialize(&state.state));
        plant(&scene.adapter(), head, Tally::STATE_SCHEMA, &state.expect("portable")).await;
        assert_eq!(&load(&scene).await, whole, "through a snapshot at version {}", head.version);
    }
}

/// S02: a snapshot of another state schema yields no state, though it would decode; it is replaced.
pub async fn s02_a_snapshot_of_another_schema_yields_no_state<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let states = write(&scene).await;
    let whole = states.last().expect("there are events");
    let head = whole.head.expect("it has events");
    for schema in [Tally::STATE_SCHEMA - 1, Tally::STATE_SCHEMA + 1] {
        plant(&scene.adapter(), head, schema, &believed()).await;
        assert_eq!(&load(&scene).await, whole, "past a snapshot of schema {schema}");
        assert_replaced(&scene, head).await;
    }
}

/// S02: a snapshot that does not decode yields no state; it is replaced.
pub async fn s02_a_snapshot_that_does_not_decode_yields_no_state<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let states = write(&scene).await;
    let whole = states.last().expect("there are events");
    let head = whole.head.expect("it has events");
    for garbage in [r#"{"total":"much"}"#, "{}", r#"{"total":-1,"moves":[]}"#] {
        plant(&scene.adapter(), head, Tally::STATE_SCHEMA, &Json::as_stored(garbage)).await;
        assert_eq!(&load(&scene).await, whole, "past a snapshot that holds {garbage}");
        assert_replaced(&scene, head).await;
    }
}

/// S03: a snapshot of a version that the stream does not have is passed over, and replaced.
pub async fn s03_a_snapshot_beyond_the_head_is_passed_over<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let states = write(&scene).await;
    let whole = states.last().expect("there are events");
    let head = whole.head.expect("it has events");
    for beyond in [1, 1_000] {
        let planted = StreamHead { version: Version::new(head.version.get() + beyond), ..head };
        plant(&scene.adapter(), planted, Tally::STATE_SCHEMA, &believed()).await;
        assert_eq!(&load(&scene).await, whole, "past a snapshot that is {beyond} ahead");
        assert_replaced(&scene, head).await;
    }
}

/// S03: a snapshot whose last event is not the stream's at its version is passed over, and replaced.
pub async fn s03_a_snapshot_of_another_history_is_passed_over<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let states = write(&scene).await;
    let whole = states.last().expect("there are events");
    let head = whole.head.expect("it has events");
    for state in &states {
        let planted =
            StreamHead { digest: Digest::from_bytes([7; 32]), ..state.head.expect("it has events") };
        plant(&scene.adapter(), planted, Tally::STATE_SCHEMA, &believed()).await;
        assert_eq!(&load(&scene).await, whole, "past a snapshot of another version {}", planted.version);
        assert_replaced(&scene, head).await;
    }
}

/// S04: a snapshot store that never answers holds no command up, and changes no answer.
pub async fn s04_a_snapshot_store_that_blocks_changes_nothing<S: StoreUnderTest>() {
    commands_go_on::<S>(true).await;
}

/// S04: nor does one that always fails.
pub async fn s04_a_snapshot_store_that_fails_changes_nothing<S: StoreUnderTest>() {
    commands_go_on::<S>(false).await;
}

async fn commands_go_on<S: StoreUnderTest>(blocks: bool) {
    const COMMANDS: u64 = 12;
    let scene = Scene::<S>::new().await;
    let adapter = Adapter { snapshots: Arc::new(Unwilling { blocks }), ..scene.adapter() };
    let tallies = scene.store.layers().snapshotted(&adapter);
    let commands = async {
        for number in 1..=COMMANDS {
            let done = tallies.execute("1", Count(number)).await;
            let done = done.unwrap_or_else(|error| panic!("snapshots failed a command: {error}"));
            assert_eq!(done.version, Version::new(number), "commands are answered in order");
        }
        tallies.load("1").await.unwrap_or_else(|error| panic!("snapshots failed a load: {error}"))
    };
    let state = tokio::time::timeout(S::PATIENCE, commands).await.expect("snapshots hold up a command");
    assert_eq!(state.state.moves, (1..=12).collect::<Vec<i64>>());
}

/// A snapshot store that never answers, or always fails.
struct Unwilling {
    blocks: bool,
}

impl Unwilling {
    async fn refuse<T>(&self) -> Result<T, StoreError> {
        if self.blocks {
            pending::<()>().await;
        }
        Err(StoreError::Unavailable { doing: "keeping snapshots".to_owned(), source: "gone".into() })
    }
}

#[async_trait]
impl SnapshotStore for Unwilling {
    async fn latest(&self, _: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        self.refuse().await
    }

    async fn save(&self, _: Snapshot) -> Result<(), StoreError> {
        self.refuse().await
    }

    async fn remove(&self, _: &StreamId) -> Result<(), StoreError> {
        self.refuse().await
    }
}
