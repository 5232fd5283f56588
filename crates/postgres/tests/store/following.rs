//! Followers of one handle: they share the pages that they want at the same moment, and none is answered with what was
//! read before it asked; a follower that waits where it was before is told what happened there.

use std::time::{Duration, Instant};

use annals_core::CommitId;
use annals_ports::{
    Append, Commit, EventFeed, EventFeedExt, EventStore, Expectation, FeedPosition, FeedQuery, FeedStart,
    StoreError,
};
use annals_postgres::PostgresStore;
use tokio::task::JoinSet;

use crate::shop::{commit, database, event, open, stream};

/// Longer than a wait in these tests takes.
const WAIT: Duration = Duration::from_secs(10);

/// Commits, and reads from `position` to the end without waiting; what it read to there.
async fn commit_and_read(
    store: PostgresStore,
    position: FeedPosition,
    value: Commit,
) -> (String, Vec<String>) {
    let id = value.id().to_string();
    store.commit(value).await.unwrap();
    let (mut seen, mut position) = (Vec::new(), position);
    loop {
        let page = store.next(&FeedQuery::all(), &position, Duration::ZERO).await.unwrap();
        seen.extend(page.events.iter().map(|event| event.header.commit.id.to_string()));
        position = page.next;
        if page.at_end {
            return (id, seen);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_after_a_commit_was_answered_reads_it_before_the_end() {
    let database = database().await;
    let store = open(database.url()).await;
    // Long enough a page that commits are made and answered while it is on its way.
    for first in (0..1_500).step_by(50) {
        let events = (first..first + 50).map(event).collect();
        let append = Append::new(stream("order-before"), Expectation::Any, events);
        store.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    }
    // Pages are on their way all the time, most of them asked for while everything was settled.
    let mut readers = JoinSet::new();
    for _ in 0..2 {
        let store = store.clone();
        readers.spawn(async move {
            loop {
                let beginning = FeedPosition::beginning(store.id());
                store.next(&FeedQuery::all(), &beginning, Duration::ZERO).await.unwrap();
            }
        });
    }
    for round in 0..60 {
        let value = commit(&format!("order-{round}"), Expectation::NoStream, round);
        let beginning = FeedPosition::beginning(store.id());
        let (id, seen) = commit_and_read(store.clone(), beginning, value).await;
        assert!(seen.contains(&id), "{id} was answered, and is not among the {} read", seen.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_at_one_place_are_all_told_of_what_another_process_commits() {
    let database = database().await;
    let (store, elsewhere) = (open(database.url()).await, open(database.url()).await);
    let mut followers = JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        followers.spawn(async move {
            let (mut position, mut seen) = (FeedPosition::beginning(store.id()), 0);
            while seen < 200 {
                let page = store.next(&FeedQuery::all(), &position, WAIT).await.unwrap();
                assert!(!page.events.is_empty(), "nothing came within {WAIT:?}");
                seen += page.events.len();
                position = page.next;
            }
            seen
        });
    }
    for number in 0..200 {
        let value = commit(&format!("order-{number}"), Expectation::NoStream, number);
        elsewhere.commit(value).await.unwrap();
    }
    while let Some(seen) = followers.join_next().await {
        assert_eq!(seen.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_comes_back_to_an_end_is_told_when_it_is_not_there_any_more() {
    let database = database().await;
    let store = open(database.url()).await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let end = store.start(FeedStart::End).await.unwrap();
    let quiet = store.next(&FeedQuery::all(), &end, Duration::from_millis(10)).await.unwrap();
    assert!(quiet.events.is_empty() && quiet.at_end);
    database.execute("ALTER TABLE annals.events DISABLE TRIGGER ALL; DELETE FROM annals.events").await;
    let told = store.next(&FeedQuery::all(), &end, Duration::from_millis(100)).await;
    assert!(matches!(told, Err(StoreError::PositionLost { .. })), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_took_back_of_the_fence_is_settled_again() {
    let database = database().await;
    let store = open(database.url()).await;
    let (query, beginning) = (FeedQuery::all(), FeedPosition::beginning(store.id()));
    let mut receipts = Vec::new();
    for number in 0..10 {
        let value = commit(&format!("order-{number}"), Expectation::NoStream, number);
        receipts.push(store.commit(value).await.unwrap());
    }
    let (all, end) = store.read_to_end(&query, beginning.clone()).await.unwrap();
    assert_eq!(all.len(), 10);
    // As after a crash in which the last that was published had not reached the disk, but every event had.
    for settled in [0, 3, 9] {
        database.execute(&format!("UPDATE annals.feed_state SET settled = {settled}")).await;
        let read = tokio::time::timeout(WAIT, store.read_to_end(&query, beginning.clone()));
        let (again, end_again) = read.await.expect("the feed goes on").unwrap();
        assert_eq!((again.len(), &end_again), (10, &end), "settled up to {settled}");
    }
    database.execute("UPDATE annals.feed_state SET settled = 3").await;
    let last = receipts.last().unwrap();
    let begun = Instant::now();
    while store.locate(last).await.unwrap().is_none() {
        assert!(begun.elapsed() < WAIT, "the last commit is not settled within {WAIT:?}");
    }
    let page = store.next(&query, &beginning, Duration::ZERO).await.unwrap();
    assert_eq!(page.events.len(), 10, "what is located is there to be read");
}
