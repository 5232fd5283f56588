//! The fault injector: each fault does what it says, and the scenarios catch stores that do not survive it.

#[expect(unreachable_pub, reason = "shared by several tests")]
mod sick;

use std::time::Duration;

use annals_core::{CommitId, StreamId, Version};
use annals_memory::MemoryStore;
use annals_ports::{
    Adapter, Append, Checkpoint, Commit, CommitError, Effect, EventStore, Expectation, NewEvent, Receipt,
    StoreError, ViewBatch, ViewError,
};
use annals_testkit::conformance::run;
use annals_testkit::faults::scenarios::{each_fault_at_each_step, random_faults};
use annals_testkit::faults::{Broken, Fault, Faults, Rates};
use annals_testkit::generators::{new_event, sample};
use async_trait::async_trait;

use sick::{Illness, Sick};

fn order() -> StreamId {
    "order-1".parse().expect("a valid name")
}

fn commit() -> Commit {
    let append = Append::new(order(), Expectation::Any, vec![sample(&new_event(), 1)]);
    Commit::new(CommitId::new(), vec![append]).expect("a valid commit")
}

/// What a commit that meets `fault` is answered, and how many events the store holds then and later.
async fn met_by(fault: Fault) -> (Result<Receipt, CommitError>, u64, u64) {
    let store = MemoryStore::new();
    let faults = Faults::at_step(1, fault);
    let answer = faults.over(&store.adapter()).adapter().events.commit(commit()).await;
    let count = || async { store.head(&order()).await.expect("memory does not fail") };
    let version =
        |head: Option<annals_core::StreamHead>| head.map_or(Version::NONE, |head| head.version).get();
    let then = version(count().await);
    faults.settled().await;
    (answer, then, version(count().await))
}

#[track_caller]
fn effect_of(answer: &Result<Receipt, CommitError>) -> Effect {
    let error = answer.as_ref().expect_err("a fault was in the way");
    assert!(error.is_transient() && error.to_string().contains("committing 1 event to order-1"), "{error}");
    error.effect()
}

#[tokio::test]
async fn each_fault_does_what_it_says_and_tells_no_more_than_a_caller_can_know() {
    let (answer, then, later) = met_by(Fault::Before).await;
    assert_eq!((effect_of(&answer), then, later), (Effect::NotWritten, 0, 0));
    let (answer, then, later) = met_by(Fault::RequestLost).await;
    assert_eq!((effect_of(&answer), then, later), (Effect::Unknown, 0, 0));
    let (answer, then, later) = met_by(Fault::AnswerLost).await;
    assert_eq!((effect_of(&answer), then, later), (Effect::Unknown, 1, 1));
    let (answer, then, later) = met_by(Fault::Late(Duration::from_millis(5))).await;
    assert_eq!((effect_of(&answer), then, later), (Effect::Unknown, 0, 1));
    let (answer, then, later) = met_by(Fault::CrashBefore).await;
    assert_eq!((effect_of(&answer), then, later), (Effect::Unknown, 0, 0));
    let (answer, then, later) = met_by(Fault::CrashAfter).await;
    assert_eq!((effect_of(&answer), then, later), (Effect::Unknown, 1, 1));
    let (answer, then, _) = met_by(Fault::Delay(Duration::from_millis(1))).await;
    assert!(answer.is_ok() && then == 1);
}

#[tokio::test]
async fn after_a_crash_nothing_is_answered_until_a_new_process_takes_over() {
    let store = MemoryStore::new().adapter();
    let faults = Faults::at_step(2, Fault::CrashAfter);
    let process = faults.over(&store);
    process.adapter().events.commit(commit()).await.expect("nothing is in the way yet");
    assert!(!process.has_crashed());
    process.adapter().events.commit(commit()).await.expect_err("it dies");
    let ports = process.adapter();
    assert!(process.has_crashed());
    let error = ports.events.commit(commit()).await.expect_err("it is dead");
    assert_eq!(error.effect(), Effect::NotWritten);
    assert!(ports.feed.health().await.is_err());
    assert!(ports.views.list().await.is_err());
    assert!(ports.snapshots.latest(&order()).await.is_err());
    assert!(ports.leases.acquire("a", "b", Duration::from_secs(1)).await.is_err());
    assert!(ports.inspect.describe().await.is_ok(), "describing a store passes through");
    let restarted = faults.over(&store).adapter();
    let head = restarted.events.head(&order()).await.expect("it lives").expect("two were written");
    assert_eq!(head.version, Version::new(2));
    assert_eq!(faults.steps(), 3);
}

#[tokio::test]
async fn whose_call_is_under_way_when_the_process_dies_is_not_answered() {
    let store = MemoryStore::new().adapter();
    let faults = Faults::at_steps([(1, Fault::Delay(Duration::from_millis(20))), (2, Fault::CrashBefore)]);
    let process = faults.over(&store);
    let ports = process.adapter();
    let order = order();
    let (delayed, killed) = tokio::join!(ports.events.commit(commit()), ports.events.head(&order));
    assert!(killed.is_err());
    assert_eq!(effect_of(&delayed), Effect::Unknown);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults_and_the_log_tells_them() {
    let log_of = |seed| async move {
        let faults = Faults::random(seed, Rates { late: 0, delay: 0, crash: 0, ..Rates::default() });
        let store = faults.over(&MemoryStore::new().adapter()).adapter();
        for _ in 0..200 {
            let _ = store.events.head(&order()).await;
        }
        faults.to_string()
    };
    let log = log_of(7).await;
    assert_eq!(log, log_of(7).await);
    assert_ne!(log, log_of(8).await);
    assert!(log.starts_with("seed 7, 200 steps, "), "{log}");
    assert!(log.contains("answer lost: reading the head of order-1"), "{log}");
    let faults = Faults::random(1, Rates::NONE);
    let _ = faults.over(&MemoryStore::new().adapter()).adapter().events.head(&order()).await;
    assert_eq!(faults.to_string(), "seed 1, 1 steps, 0 faults");
}

/// The law that is found broken, though every store behaves as long as nothing is in its way.
fn caught<I: Illness>() -> Broken {
    let (sender, receiver) = std::sync::mpsc::channel();
    run(async move {
        let broken = match each_fault_at_each_step::<Sick<I>>().await {
            Ok(_) => random_faults::<Sick<I>>((1..=50).collect()).await.expect_err("nothing was found"),
            Err(broken) => broken,
        };
        sender.send(broken).expect("somebody waits for it");
    });
    receiver.recv().expect("a law is broken")
}

/// Does not know a commit again that it has seen.
#[derive(Default)]
struct KnowsNobody;
#[async_trait]
impl Illness for KnowsNobody {
    async fn commit(&self, store: &Adapter, commit: Commit, _: usize) -> Result<Receipt, CommitError> {
        let events = |append: &annals_ports::PreparedAppend| -> Vec<NewEvent> {
            append.events.iter().map(|prepared| prepared.event.clone()).collect()
        };
        let appends = commit
            .appends()
            .iter()
            .map(|append| Append::new(append.stream.clone(), append.expected, events(append)));
        let appends: Vec<_> = appends.collect();
        if appends.is_empty() {
            return store.events.commit(commit).await;
        }
        let stranger = Commit::new(CommitId::new(), appends).expect("it was valid before");
        let receipt = store.events.commit(stranger).await?;
        Ok(Receipt { commit: commit.id(), ..receipt })
    }
}

#[test]
fn a_store_that_does_not_know_a_repeated_commit_again_is_caught() {
    let broken = caught::<KnowsNobody>();
    assert!(["A02", "A06", "A12", "R02"].contains(&broken.law), "{broken}");
}

/// Takes part of a batch of rows, and answers that it failed.
#[derive(Default)]
struct AppliesByHalves;
#[async_trait]
impl Illness for AppliesByHalves {
    async fn apply(&self, store: &Adapter, batch: ViewBatch, call: usize) -> Result<(), ViewError> {
        let Some(from) = batch.from.clone().filter(|_| call % 5 == 4) else {
            return store.views.apply(batch).await;
        };
        let checkpoint = Checkpoint { position: from, ..batch.checkpoint.clone() };
        store.views.apply(ViewBatch { checkpoint, ..batch }).await?;
        let (doing, source) = ("changing rows".to_owned(), "away".into());
        Err(ViewError::Store(StoreError::Unavailable { doing, source }))
    }
}

#[test]
fn a_view_store_that_keeps_rows_without_their_checkpoint_is_caught() {
    assert_eq!(caught::<AppliesByHalves>().law, "V01");
}

#[derive(Default)]
struct SkipsForAWhile;
impl Illness for SkipsForAWhile {
    fn page(&self, mut page: annals_ports::FeedPage, call: usize) -> annals_ports::FeedPage {
        if (15..40).contains(&call) {
            page.events.pop();
        }
        page
    }
}

#[test]
fn a_feed_that_skips_the_last_event_of_a_page_for_a_while_is_caught() {
    let broken = caught::<SkipsForAWhile>();
    assert!(["V01", "F01", "F03"].contains(&broken.law), "{broken}");
}

#[derive(Default)]
struct Healthy;
impl Illness for Healthy {}

#[test]
fn a_healthy_store_behind_the_same_hooks_survives_everything() {
    annals_testkit::faults::scenarios::survives_faults::<Sick<Healthy>>(50);
}
