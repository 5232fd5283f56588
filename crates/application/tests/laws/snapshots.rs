//! Snapshots: they save reading, and change nothing else, whatever they hold (laws S01 to S04).

use std::time::{Duration, Instant};

use annals_application::{AsOf, Repository, SnapshotPolicy};
use annals_core::{Digest, Json, Metadata, StreamHead, Timestamp, Version};
use annals_memory::MemoryStore;
use annals_ports::{Adapter, Snapshot};

use crate::account::{Account, Deposits, accounts, ada, balance, deposit, uncached};
use crate::unreliable_snapshots::{Behaviour, snapshot_when, until, with_snapshot_store};
use crate::watched::watch;

fn snapshotted(adapter: &Adapter, every: u64) -> Repository<Account> {
    uncached(adapter).with_snapshots(SnapshotPolicy::every(every))
}

async fn head(adapter: &Adapter) -> StreamHead {
    let stream = accounts(adapter).stream_of(&ada()).unwrap();
    adapter.events.head(&stream).await.unwrap().unwrap()
}

async fn plant(adapter: &Adapter, head: StreamHead, schema: u32, state: Json) {
    let stream = accounts(adapter).stream_of(&ada()).unwrap();
    adapter.snapshots.save(Snapshot::as_stored(stream, head, schema, state)).await.unwrap();
}

async fn five_deposits_with_a_snapshot_at_3(accounts: &Repository<Account>, adapter: &Adapter) {
    for version in 1..=5 {
        deposit(accounts, 2).await;
        if version == 3 {
            let snapshot = snapshot_when(accounts, adapter, |_| true).await;
            assert_eq!(snapshot.head().version, Version::new(3));
        }
    }
}

/// A state that no history of these tests leads to: whoever loads it believed a snapshot.
fn believed() -> Json {
    Json::from_serialize(&Account { balance: 1_000_000, moves: vec![] }).unwrap()
}

#[tokio::test]
async fn s01_a_load_through_a_snapshot_reads_only_its_tail() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = snapshotted(&adapter, 3);
    five_deposits_with_a_snapshot_at_3(&accounts, &adapter).await;
    watched.take_reads();
    let through = accounts.load(&ada()).await.unwrap();
    assert_eq!(watched.take_reads(), [3], "from the snapshot's version, inclusive");
    assert_eq!(through, uncached(&adapter).load(&ada()).await.unwrap());
    assert_eq!(through.state.moves, [2; 5]);
}

#[tokio::test]
async fn s01_a_snapshot_is_written_when_a_multiple_is_jumped_over() {
    let adapter = MemoryStore::new().adapter();
    let accounts = snapshotted(&adapter, 4);
    for version in [3, 6, 9] {
        accounts.execute(&ada(), &Deposits(vec![1, 1, 1]), Metadata::new()).await.unwrap();
        if version > 3 {
            snapshot_when(&accounts, &adapter, |snapshot| snapshot.head().version.get() == version).await;
        }
    }
}

#[tokio::test]
async fn s01_a_long_stream_without_a_snapshot_gets_one_when_it_is_read() {
    let adapter = MemoryStore::new().adapter();
    uncached(&adapter).execute(&ada(), &Deposits(vec![1; 9]), Metadata::new()).await.unwrap();
    let accounts = snapshotted(&adapter, 4);
    accounts.load(&ada()).await.unwrap();
    let snapshot = snapshot_when(&accounts, &adapter, |_| true).await;
    assert_eq!(snapshot.head(), &head(&adapter).await);
    assert_eq!(snapshot.state_schema(), 2);
}

#[tokio::test]
async fn s01_a_snapshot_serves_moments_after_it_and_no_earlier_ones() {
    let (adapter, watched) = watch(&MemoryStore::new().adapter());
    let accounts = snapshotted(&adapter, 3);
    five_deposits_with_a_snapshot_at_3(&accounts, &adapter).await;
    watched.take_reads();
    for (version, from) in [(2, 1), (3, 3), (4, 3), (5, 3)] {
        let then = accounts.load_at(&ada(), AsOf::version(version)).await.unwrap();
        assert_eq!((then.version().get(), then.state.balance), (version, version * 2));
        assert_eq!(watched.take_reads(), [from], "as of version {version}");
    }
    let early = accounts.load_at(&ada(), AsOf::time(Timestamp::UNIX_EPOCH)).await.unwrap();
    assert_eq!(early.version(), Version::NONE);
}

#[tokio::test]
async fn s02_a_snapshot_of_another_schema_is_passed_over_and_replaced() {
    for schema in [1, 3] {
        let adapter = MemoryStore::new().adapter();
        deposit(&uncached(&adapter), 5).await;
        plant(&adapter, head(&adapter).await, schema, believed()).await;
        let accounts = snapshotted(&adapter, 100);
        assert_eq!(balance(&accounts).await, 5);
        let replaced = snapshot_when(&accounts, &adapter, |snapshot| snapshot.state_schema() == 2).await;
        assert_eq!(replaced.state().decode::<Account>().unwrap().balance, 5);
    }
}

#[tokio::test]
async fn s02_a_snapshot_that_does_not_decode_is_passed_over_and_replaced() {
    for garbage in [r#"{"balance":"much"}"#, "{}", "not even JSON"] {
        let adapter = MemoryStore::new().adapter();
        deposit(&uncached(&adapter), 5).await;
        plant(&adapter, head(&adapter).await, 2, Json::as_stored(garbage)).await;
        let accounts = snapshotted(&adapter, 100);
        assert_eq!(balance(&accounts).await, 5);
        snapshot_when(&accounts, &adapter, |snapshot| snapshot.state().as_str() != garbage).await;
    }
}

#[tokio::test]
async fn s03_a_snapshot_beyond_the_head_is_passed_over_and_replaced() {
    let (adapter, _) = with_snapshot_store(&MemoryStore::new().adapter(), Behaviour::KeepsTheHigher);
    deposit(&uncached(&adapter), 5).await;
    let real = head(&adapter).await;
    plant(&adapter, StreamHead { version: Version::new(9), ..real }, 2, believed()).await;
    let accounts = snapshotted(&adapter, 100);
    assert_eq!(balance(&accounts).await, 5);
    snapshot_when(&accounts, &adapter, |snapshot| snapshot.head() == &real).await;
}

#[tokio::test]
async fn s03_a_snapshot_of_another_history_is_passed_over_and_replaced() {
    let adapter = MemoryStore::new().adapter();
    deposit(&uncached(&adapter), 5).await;
    deposit(&uncached(&adapter), 5).await;
    let real = head(&adapter).await;
    plant(&adapter, StreamHead { digest: Digest::from_bytes([7; 32]), ..real }, 2, believed()).await;
    let accounts = snapshotted(&adapter, 100);
    assert_eq!(accounts.load_at(&ada(), AsOf::version(2)).await.unwrap().state.balance, 10);
    assert_eq!(balance(&accounts).await, 10);
    snapshot_when(&accounts, &adapter, |snapshot| snapshot.head() == &real).await;
}

#[tokio::test]
async fn s04_a_snapshot_store_that_never_answers_changes_nothing() {
    let (adapter, store) = with_snapshot_store(&MemoryStore::new().adapter(), Behaviour::Blocks);
    let policy = SnapshotPolicy::every(1).patience(Duration::from_millis(20));
    let accounts = uncached(&adapter).with_snapshots(policy);
    let begun = Instant::now();
    for _ in 0..200 {
        deposit(&accounts, 1).await;
    }
    assert_eq!(balance(&accounts).await, 200);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}: every load waited", begun.elapsed());
    assert_eq!(store.reads(), 1, "a store that did not answer is left alone for a while");
    until("one snapshot hangs", || store.writes() == 1).await;
}

#[tokio::test]
async fn s04_a_snapshot_store_that_fails_changes_nothing() {
    for behaviour in [Behaviour::Fails, Behaviour::ReadsOnly] {
        let (adapter, store) = with_snapshot_store(&MemoryStore::new().adapter(), behaviour);
        let accounts = snapshotted(&adapter, 1);
        for version in 1..=5 {
            deposit(&accounts, 1).await;
            until("a snapshot was tried", || store.writes() >= version).await;
        }
        assert_eq!(balance(&accounts).await, 5);
        assert_eq!(store.reads(), 6, "it is asked again each time");
    }
}

#[tokio::test]
async fn s04_the_next_snapshot_makes_up_for_one_that_was_not_written() {
    let plain = MemoryStore::new().adapter();
    let (broken, store) = with_snapshot_store(&plain, Behaviour::Fails);
    deposit(&snapshotted(&broken, 1), 1).await;
    until("a snapshot was tried", || store.writes() >= 1).await;
    let (mended, _) = with_snapshot_store(&plain, Behaviour::Works);
    let accounts = snapshotted(&mended, 1);
    deposit(&accounts, 1).await;
    snapshot_when(&accounts, &mended, |snapshot| snapshot.head().version == Version::new(2)).await;
}

#[test]
fn s04_snapshots_go_on_when_the_runtime_that_wrote_them_is_gone() {
    let adapter = MemoryStore::new().adapter();
    let accounts = snapshotted(&adapter, 1);
    for version in 1..=2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            deposit(&accounts, 1).await;
            let wanted = |snapshot: &Snapshot| snapshot.head().version == Version::new(version);
            snapshot_when(&accounts, &adapter, wanted).await;
        });
    }
}
