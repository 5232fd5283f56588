//! Histories recorded on stores with one thing wrong: the checker catches each.

#[expect(unreachable_pub, reason = "shared by several tests")]
mod sick;

use std::collections::HashMap;
use std::sync::Mutex;

use annals_core::{CommitId, StreamHead, StreamId};
use annals_ports::{
    Adapter, Append, Commit, CommitError, Conflict, Expectation, FeedPage, NewEvent, Outcome, Receipt,
    StoreError, record_append,
};
use annals_testkit::conformance::run;
use annals_testkit::history::{Effort, try_seed};
use async_trait::async_trait;

use sick::{Illness, Sick};

/// The law that the first seed to break one says is broken.
fn caught<I: Illness>() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    run(async move {
        for seed in 1..=10 {
            if let Err(broken) = try_seed::<Sick<I>>(seed, &Effort::default()).await {
                sender.send(broken.to_string()).expect("somebody waits for it");
                return;
            }
        }
        panic!("ten histories were recorded, and nothing was found");
    });
    receiver.recv().expect("a law is broken")
}

/// Every ninth call.
fn is_bad_day(call: usize) -> bool {
    call % 9 == 8
}

#[derive(Default)]
struct Healthy;
impl Illness for Healthy {}

#[test]
fn a_healthy_store_behind_the_same_hooks_is_found_healthy() {
    run(async {
        let tried = try_seed::<Sick<Healthy>>(1, &Effort::default()).await;
        tried.unwrap_or_else(|broken| panic!("{broken}"));
    });
}

#[derive(Default)]
struct Forgets;
#[async_trait]
impl Illness for Forgets {
    async fn commit(&self, store: &Adapter, commit: Commit, call: usize) -> Result<Receipt, CommitError> {
        let Some(append) = commit.appends().first().filter(|_| is_bad_day(call)) else {
            return store.events.commit(commit).await;
        };
        let head = store.events.head(&append.stream).await.expect("memory does not fail");
        append.expected.check(&append.stream, head.as_ref())?;
        let now = annals_ports::Clock::now(&annals_ports::SystemClock);
        let (_, appended) = record_append(append, head.as_ref(), now);
        Ok(Receipt { commit: commit.id(), outcome: Outcome::Committed(vec![appended]), replayed: false })
    }
}

#[test]
fn a_store_that_forgets_what_it_answered_is_caught() {
    let broken = caught::<Forgets>();
    assert!(broken.contains("no order of these operations"), "{broken}");
}

#[derive(Default)]
struct Deaf;
#[async_trait]
impl Illness for Deaf {
    async fn commit(&self, store: &Adapter, commit: Commit, call: usize) -> Result<Receipt, CommitError> {
        store
            .events
            .commit(if is_bad_day(call) { expecting_nothing(&commit, commit.id()) } else { commit })
            .await
    }
}

#[test]
fn a_store_that_does_not_look_at_expectations_is_caught() {
    let broken = caught::<Deaf>();
    assert!(broken.contains("no order of these operations"), "{broken}");
}

fn expecting_nothing(commit: &Commit, id: CommitId) -> Commit {
    let events = |append: &annals_ports::PreparedAppend| -> Vec<NewEvent> {
        append.events.iter().map(|prepared| prepared.event.clone()).collect()
    };
    let appends = commit
        .appends()
        .iter()
        .map(|append| Append::new(append.stream.clone(), Expectation::Any, events(append)));
    Commit::new(id, appends.collect()).expect("it was valid before")
}

#[derive(Default)]
struct Doubles;
#[async_trait]
impl Illness for Doubles {
    async fn commit(&self, store: &Adapter, commit: Commit, call: usize) -> Result<Receipt, CommitError> {
        let again = expecting_nothing(&commit, CommitId::new());
        let receipt = store.events.commit(commit).await?;
        if is_bad_day(call) {
            store.events.commit(again).await?;
        }
        Ok(receipt)
    }
}

#[test]
fn a_store_that_writes_twice_is_caught() {
    let broken = caught::<Doubles>();
    assert!(broken.contains("no order of these operations"), "{broken}");
}

#[derive(Default)]
struct CriesConflict;
#[async_trait]
impl Illness for CriesConflict {
    async fn commit(&self, store: &Adapter, commit: Commit, call: usize) -> Result<Receipt, CommitError> {
        let Some(append) = commit.appends().first().filter(|_| is_bad_day(call)) else {
            return store.events.commit(commit).await;
        };
        let (stream, expected) = (append.stream.clone(), append.expected);
        let actual = store.events.head(&stream).await.expect("memory does not fail");
        Err(CommitError::Conflict(Box::new(Conflict { stream, expected, actual })))
    }
}

#[test]
fn a_store_that_tells_of_conflicts_that_are_none_is_caught() {
    let broken = caught::<CriesConflict>();
    assert!(broken.contains("no order of these operations"), "{broken}");
}

#[derive(Default)]
struct Denies;
#[async_trait]
impl Illness for Denies {
    async fn commit(&self, store: &Adapter, commit: Commit, call: usize) -> Result<Receipt, CommitError> {
        let doing = commit.doing();
        let receipt = store.events.commit(commit).await?;
        if is_bad_day(call) {
            let source = "said to be away".into();
            return Err(CommitError::not_written(StoreError::Unavailable { doing, source }));
        }
        Ok(receipt)
    }
}

#[test]
fn a_store_that_writes_and_denies_it_is_caught() {
    let broken = caught::<Denies>();
    assert!(broken.contains("no order of these operations"), "{broken}");
}

#[derive(Default)]
struct Remembers(Mutex<HashMap<StreamId, Option<StreamHead>>>);
#[async_trait]
impl Illness for Remembers {
    async fn head(
        &self,
        store: &Adapter,
        stream: &StreamId,
        _: usize,
    ) -> Result<Option<StreamHead>, StoreError> {
        let head = store.events.head(stream).await?;
        let mut known = self.0.lock().expect("nobody panics with it");
        Ok(known.insert(stream.clone(), head).unwrap_or(head))
    }
}

#[test]
fn a_store_that_answers_with_an_old_head_is_caught() {
    let broken = caught::<Remembers>();
    assert!(broken.contains("head("), "{broken}");
}

#[derive(Default)]
struct Skips;
impl Illness for Skips {
    fn page(&self, mut page: FeedPage, call: usize) -> FeedPage {
        if is_bad_day(call) {
            page.events.pop();
        }
        page
    }
}

#[derive(Default)]
struct Repeats;
impl Illness for Repeats {
    fn page(&self, mut page: FeedPage, call: usize) -> FeedPage {
        if is_bad_day(call) {
            page.events.extend(page.events.last().cloned());
        }
        page
    }
}

#[derive(Default)]
struct Swaps;
impl Illness for Swaps {
    fn page(&self, mut page: FeedPage, call: usize) -> FeedPage {
        if is_bad_day(call) && page.events.len() > 1 {
            page.events.swap(0, 1);
        }
        page
    }
}

#[test]
fn a_feed_that_skips_doubles_or_swaps_is_caught() {
    for broken in [caught::<Skips>(), caught::<Repeats>(), caught::<Swaps>()] {
        assert!(broken.contains("law F0") && broken.contains("FeedHistory {"), "{broken}");
    }
}
