//! Law F01 on DynamoDB, where it is hardest: the feed is kept by one process at a time, and whoever keeps it may fall
//! silent at any moment, be replaced, and wake up again.
//!
//! Two processes stand ready to keep the feed, and the one that does is paused past its lease, twenty times, while others
//! commit; the stream's records come shuffled, twice, and late. A reader must have seen the history in each stream's order,
//! nothing missed and nothing twice, and see the same when it reads again. That the fence is what keeps this, the adapter's own
//! tests show, in which a pause is played step by step: here it takes luck to hit the moment.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use annals::dynamodb::{DynamoOptions, DynamoStore};
use annals::ports::{
    Append, Commit, EventFeed, EventFeedExt, EventStore, Expectation, FeedPosition, FeedQuery, NewEvent,
};
use annals::{CommitId, EventId, EventType, Json, RecordedEvent, Store};
use annals_services::{Engine, Fault, FaultyEndpoint, dynamodb};

use crate::child::{self, Running};

const URL: &str = "ANNALS_TEST_STORE";

/// How long whoever keeps the feed may be silent before another does.
const LEASE: Duration = Duration::from_millis(600);

/// How often one that keeps the feed is paused; a long run asks for more.
fn pauses() -> u32 {
    child::asked("ANNALS_INDEXER_PAUSES", 20)
}

/// What a child does until it is killed: it stands ready to keep the feed.
async fn stand_ready() {
    child::end_on_panic();
    let url = child::given::<String>(URL);
    let store = DynamoStore::open(DynamoOptions::from_url(&url).unwrap()).await.unwrap();
    child::say("ready");
    // Whoever waits at the end keeps the feed awake.
    let mut position = FeedPosition::beginning(store.id());
    loop {
        match store.next(&FeedQuery::all(), &position, Duration::from_millis(200)).await {
            Ok(page) => position = page.next,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// How the feed differs from what was committed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    missed: usize,
    doubled: usize,
    out_of_order: usize,
    /// Whether it was read otherwise the second time.
    changed: bool,
}

/// What the feed holds, compared with what stands in the streams.
async fn compare(store: &Store, committed: usize, seen: &[RecordedEvent]) -> Difference {
    let mut found = Difference::default();
    let mut versions: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for event in seen {
        versions.entry(event.header.stream.to_string()).or_default().push(event.header.version.get());
    }
    let mut distinct = 0;
    for (stream, versions) in versions {
        let mut sorted = versions.clone();
        sorted.sort_unstable();
        found.out_of_order += usize::from(sorted != versions);
        sorted.dedup();
        found.doubled += versions.len() - sorted.len();
        distinct += sorted.len();
        let head = store.adapter().events.head(&stream.parse().unwrap()).await.unwrap();
        assert!(head.is_some_and(|head| head.version.get() >= sorted[sorted.len() - 1]), "{stream}");
    }
    found.missed = committed - distinct;
    found
}

/// Commits to few streams and many, several events at a time.
async fn write(store: DynamoStore, until: tokio::sync::watch::Receiver<bool>) -> usize {
    let mut events = 0;
    let mut round = 0_u64;
    while !*until.borrow() {
        round += 1;
        let count = 1 + fastrand::usize(0..3);
        let name =
            if round.is_multiple_of(3) { format!("new-{round}") } else { format!("few-{}", round % 5) };
        let note = || NewEvent {
            id: EventId::new(),
            event_type: EventType::new("Noted").unwrap(),
            schema_version: 1,
            payload: Json::empty(),
            metadata: Json::empty(),
        };
        let append =
            Append::new(name.parse().unwrap(), Expectation::Any, (0..count).map(|_| note()).collect());
        let value = Commit::new(CommitId::new(), vec![append]).unwrap();
        store.commit(value).await.unwrap();
        events += count;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..20))).await;
    }
    events
}

/// Lets two processes keep the feed in turns, and tells how what they made differs from what was committed.
async fn run(test: &str, pauses: u32) -> Difference {
    let server = dynamodb(Engine::Local).await;
    let tables = server.tables();
    let prefix = tables.prefix();
    let common = format!("deletion_protection=off&point_in_time_recovery=off&lease={}", LEASE.as_millis());
    let url = |endpoint: &str, more: &str| {
        DynamoOptions::from_url(&format!("dynamodb://{prefix}?endpoint={endpoint}&{common}{more}")).unwrap()
    };
    // Neither keeps the feed.
    let writer = DynamoStore::open(url(server.endpoint(), "&indexer=off")).await.unwrap();
    let reader = DynamoStore::open(url(server.endpoint(), "&indexer=off")).await.unwrap();
    let (mut endpoints, mut children) = (Vec::new(), Vec::new());
    for seed in 0..2 {
        let endpoint = FaultyEndpoint::to(server.endpoint(), seed).await;
        for fault in [Fault::Shuffled, Fault::Repeated, Fault::Delayed] {
            endpoint.set(fault, 0.3);
        }
        let mut command = child::command(test, "indexer");
        command.env(URL, format!("{}&{common}", url(endpoint.endpoint(), "").location()));
        endpoints.push(endpoint);
        let (running, mut lines) = Running::start(command);
        assert_eq!(lines.next().as_deref(), Some("ready"));
        children.push(running);
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writing = tokio::spawn(write(writer.clone(), stopped));
    for pause in 0..pauses {
        // Whichever keeps the feed is hit every other time at least.
        let child = &children[(pause % 2) as usize];
        tokio::time::sleep(Duration::from_millis(fastrand::u64(100..500))).await;
        child.pause();
        tokio::time::sleep(LEASE * 2).await;
        child.wake();
    }
    stop.send(true).unwrap();
    let committed = writing.await.unwrap();
    let store = Store::new(reader.adapter());
    let seen = until_still(&reader, committed).await;
    let mut difference = compare(&store, committed, &seen).await;
    let again = reader.read_to_end(&FeedQuery::all(), FeedPosition::beginning(reader.id())).await;
    difference.changed = again.map_or(true, |(again, _)| again != seen);
    let strikes: u64 = endpoints.iter().map(|endpoint| endpoint.faults(Fault::Shuffled)).sum();
    println!("indexers: {committed} events, {pauses} pauses, {strikes} answers shuffled: {difference:?}");
    for child in children {
        child.kill();
    }
    difference
}

/// All that the feed comes to hold: as many events as were committed, or what there is when no more come.
async fn until_still(reader: &DynamoStore, committed: usize) -> Vec<RecordedEvent> {
    let still = Duration::from_secs(5);
    let mut position = FeedPosition::beginning(reader.id());
    let (mut seen, mut last) = (Vec::new(), Instant::now());
    while last.elapsed() < still {
        // A feed that is spoilt is not read to its end.
        let Ok(page) = reader.next(&FeedQuery::all(), &position, Duration::from_millis(200)).await else {
            break;
        };
        position = page.next;
        if !page.events.is_empty() {
            last = Instant::now();
            seen.extend(page.events);
        }
        if seen.len() >= committed && last.elapsed() > Duration::from_millis(500) {
            break;
        }
    }
    seen
}

#[test]
fn paused_and_woken_indexers_put_every_event_into_the_feed_once_in_order() {
    if child::role().is_some() {
        return annals::block_on(stand_ready());
    }
    let test = "indexers::paused_and_woken_indexers_put_every_event_into_the_feed_once_in_order";
    let difference = annals::block_on(run(test, pauses()));
    assert_eq!(difference, Difference::default());
}
