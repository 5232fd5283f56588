//! Work that goes on whatever happens: tasks that commit, and commit the same value again until it is answered, and a
//! follower that reads on. Afterwards every answered commit must be there once, and have been followed once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use annals_core::{EventId, StreamId, Version};
use annals_ports::{
    Adapter, Commit, EventFeedExt, EventStoreExt, Expectation, FeedPosition, FeedQuery, ReadRange,
    verify_stream,
};
use annals_postgres::PostgresStore;
use tokio::task::JoinSet;

use crate::shop::{commit, stream};

/// Longer than any outage of the tests.
const AGES: Duration = Duration::from_secs(60);

/// Tasks that commit through one store, and one that follows through another.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    /// Every writer has ended: what is there now is all that a follower must see.
    all_written: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    writers: JoinSet<Vec<(StreamId, Version, EventId)>>,
    follower: JoinSet<Vec<EventId>>,
    store: PostgresStore,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) answered: usize,
}

impl Load {
    /// Starts as many writers, each on a stream of its own and now and then on one that all share.
    pub(crate) fn start(store: &PostgresStore, writers: u64) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for writer in 0..writers {
            tasks.spawn(write(store.adapter(), writer, stop.clone(), answered.clone()));
        }
        let mut follower = JoinSet::new();
        let all_written = Arc::new(AtomicBool::new(false));
        follower.spawn(follow(store.adapter(), all_written.clone(), answered.clone()));
        Self { stop, all_written, answered, writers: tasks, follower, store: store.clone() }
    }

    /// Waits until so many further commits were answered.
    pub(crate) async fn goes_on(&self, commits: usize) {
        let (begun, before) = (Instant::now(), self.answered.load(Ordering::SeqCst));
        while self.answered.load(Ordering::SeqCst) < before + commits {
            assert!(begun.elapsed() < AGES, "work does not go on within {AGES:?}");
            assert!(!self.writers.is_empty());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends the work, and checks that nothing was lost or doubled.
    pub(crate) async fn end(mut self) -> Outcome {
        self.stop.store(true, Ordering::SeqCst);
        let mut answered = BTreeMap::new();
        while let Some(written) = self.writers.join_next().await {
            for (stream, version, event) in written.unwrap() {
                let twice = answered.insert(event, (stream, version));
                assert!(twice.is_none(), "{event} was answered twice: {twice:?}");
            }
        }
        self.all_written.store(true, Ordering::SeqCst);
        let followed = self.follower.join_next().await.unwrap().unwrap();
        let adapter = self.store.adapter();
        let beginning = FeedPosition::beginning(adapter.store);
        let (history, _) = adapter.feed.read_to_end(&FeedQuery::all(), beginning).await.unwrap();
        let in_feed: Vec<EventId> = history.iter().map(|event| event.header.id).collect();
        assert_eq!(in_feed.len(), answered.len(), "every answered event is there, and no other");
        for event in &history {
            let header = &event.header;
            let (stream, version) = &answered[&header.id];
            assert_eq!(
                (&header.stream, header.version),
                (stream, *version),
                "it stands where it was answered"
            );
        }
        assert_eq!(followed, in_feed, "whoever followed saw the same");
        let mut streams: Vec<_> = answered.values().map(|(stream, _)| stream.clone()).collect();
        streams.sort();
        streams.dedup();
        for stream in streams {
            verify_stream(&*adapter.events, &stream).await.unwrap();
            let events = adapter.events.read_all(&stream, ReadRange::all()).await.unwrap();
            assert!(events.iter().map(|event| event.header.version.get()).eq(1..=events.len() as u64));
        }
        Outcome { answered: answered.len() }
    }
}

/// Commits until it is answered: what failed was nothing that trying again does not help.
pub(crate) async fn commit_at_last(adapter: &Adapter, value: Commit) -> (StreamId, Version) {
    let begun = Instant::now();
    loop {
        match adapter.events.commit(value.clone()).await {
            Ok(receipt) => {
                let appended = &receipt.appended()[0];
                return (appended.stream.clone(), appended.head.version);
            }
            Err(error) => {
                assert!(error.is_transient(), "this will not pass: {error}; {error:?}");
                let text = error.to_string();
                assert!(text.contains("order-"), "it does not say to which stream: {text}");
                assert!(begun.elapsed() < AGES, "for {AGES:?}: {text}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn write(
    adapter: Adapter,
    writer: u64,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
) -> Vec<(StreamId, Version, EventId)> {
    let mut answered = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let name = if number % 8 == 7 { "order-all".to_owned() } else { format!("order-{writer}") };
        let value = commit(&name, Expectation::Any, number);
        let event = value.appends()[0].events[0].event.id;
        let (place, version) = commit_at_last(&adapter, value).await;
        assert_eq!(place, stream(&name));
        answered.push((place, version, event));
        count.fetch_add(1, Ordering::SeqCst);
    }
    answered
}

/// Follows the feed to its end, by positions that survive as text.
async fn follow(adapter: Adapter, all_written: Arc<AtomicBool>, answered: Arc<AtomicUsize>) -> Vec<EventId> {
    let mut position = FeedPosition::beginning(adapter.store);
    let (mut seen, mut failing) = (Vec::new(), None);
    let mut complete = None;
    loop {
        let is_all = all_written.load(Ordering::SeqCst);
        match adapter.feed.next(&FeedQuery::all(), &position, Duration::from_millis(200)).await {
            Ok(page) => {
                failing = None;
                seen.extend(page.events.iter().map(|event| event.header.id));
                position = page.next.to_string().parse().unwrap();
                let answered = answered.load(Ordering::SeqCst);
                if is_all && page.at_end && seen.len() >= answered {
                    return seen;
                }
                if is_all {
                    let since = complete.get_or_insert_with(Instant::now).elapsed();
                    assert!(since < AGES, "{} of {answered} after {since:?}: {position}", seen.len());
                }
            }
            Err(error) => {
                assert!(error.is_transient(), "this will not pass: {error}; {error:?}");
                let since = *failing.get_or_insert_with(Instant::now);
                assert!(since.elapsed() < AGES, "for {AGES:?}: {error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
