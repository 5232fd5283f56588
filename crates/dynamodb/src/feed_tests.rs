//! The keeping of the feed, tried on `DynamoDB` Local: in order, out of order, after a kill, after a cut, and by two at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_core::{
    CommitId, CommitPlace, Digest, EventHeader, EventId, EventType, Json, RecordedEvent, StreamHead,
    StreamId, Timestamp, Version,
};
use annals_ports::{Appended, EventFeed, EventFeedExt, FeedQuery, FeedStart};
use annals_services::{Engine, dynamodb};

use crate::batch::{Named, Run};
use crate::changes::{Added, Change, Changes};
use crate::database::Database;
use crate::event_item::{self, Beside};
use crate::hub::Hub;
use crate::indexed::Indexed;
use crate::indexer;
use crate::indexing::Indexing;
use crate::keeper_state::{Alarms, KeeperState};
use crate::shards::{Mark, Marks};
use crate::tables::Table;
use crate::tail::Tail;
use crate::unseen::Unseen;
use crate::write::Write;
use crate::{DynamoOptions, DynamoStore, FeedLag, feed_check};

async fn options() -> DynamoOptions {
    let server = dynamodb(Engine::Local).await;
    let options = DynamoOptions::new(format!("t{:016x}", fastrand::u64(..))).unwrap();
    let options = options.deletion_protection(false).point_in_time_recovery(false);
    options.endpoint(server.endpoint()).unwrap()
}

async fn remove(database: &Database) {
    for table in Table::ALL {
        database.dynamo.delete_table().table_name(database.name(table)).send().await.unwrap();
    }
}

fn event(stream: &StreamId, version: u64, at: Timestamp) -> RecordedEvent {
    RecordedEvent {
        header: EventHeader {
            id: EventId::new(),
            stream: stream.clone(),
            version: Version::new(version),
            event_type: EventType::new("Counted").unwrap(),
            schema_version: 1,
            recorded_at: at,
            commit: CommitPlace { id: CommitId::new(), index: 0, size: 1 },
            metadata: Json::empty(),
            digest: Digest::from_bytes([0; 32]),
        },
        payload: Json::empty(),
    }
}

/// Writes a stream's next event, as a commit does.
async fn write(database: &Database, stream: &str, version: u64) -> (RecordedEvent, Appended) {
    let stream: StreamId = stream.parse().unwrap();
    let now = database.now();
    let event = event(&stream, version, now);
    let previous = (version > 1).then_some(now);
    let beside = Beside { previous, written: None, append_end: event.header.version };
    let item = event_item::encode(&event, beside, 8);
    database.write(&Write::put(Table::Events, item).where_none_stands()).await.unwrap();
    let head = StreamHead { version: event.header.version, recorded_at: now, digest: event.header.digest };
    (event, Appended { stream, first: head.version, head })
}

async fn written(database: &Database, streams: u64, versions: u64) {
    for version in 1..=versions {
        for stream in 0..streams {
            write(database, &format!("order-{stream}"), version).await;
        }
    }
}

/// The change that a stream tells of an event.
fn added(event: &RecordedEvent) -> Change {
    let header = &event.header;
    let named = Named {
        stream: header.stream.clone(),
        version: header.version,
        id: header.id,
        recorded_at: header.recorded_at,
        written: header.recorded_at,
    };
    let previous = (header.version > Version::FIRST).then_some(header.recorded_at);
    let event = Some(Arc::new(event.clone()));
    Change::Added(Box::new(Added { named, previous, event, created: None, is_stamped_now: true }))
}

/// The map of a feed that is empty.
fn whole() -> Indexed {
    Indexed::new(Timestamp::MIN, Duration::from_hours(1))
}

/// A tail that has read nothing yet, for what is in the feed.
fn tail(database: &Arc<Database>) -> Tail {
    Tail::new(database, Unseen::default())
}

async fn assert_whole(database: &Arc<Database>) {
    let findings = feed_check::check(&tail(database)).await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_come_soon_and_in_order_and_the_end_is_after_them() {
    let options = options().await;
    let store = DynamoStore::open(options).await.unwrap();
    let database = store.database().clone();
    let mut delays = Vec::new();
    let mut position = store.start(FeedStart::End).await.unwrap();
    for version in 1..=30 {
        let (reader, from) = (store.clone(), position.clone());
        let waiting = tokio::spawn(async move {
            let page = reader.next(&FeedQuery::all(), &from, Duration::from_secs(10)).await.unwrap();
            (page, Instant::now())
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (event, appended) = write(&database, "order-1", version).await;
        let answered = Instant::now();
        store.shared.hub.committed(&[appended]);
        let (page, woken) = waiting.await.unwrap();
        assert_eq!(page.events, [event]);
        position = page.next;
        delays.push(woken.saturating_duration_since(answered));
    }
    delays.sort_unstable();
    eprintln!("from the answer to the reader: median {:?}, worst {:?}", delays[15], delays[29]);
    for version in 1..=20 {
        let (event, appended) = write(&database, "order-2", version).await;
        store.shared.hub.committed(&[appended]);
        let (events, end) = store.read_to_end(&FeedQuery::all(), position.clone()).await.unwrap();
        assert_eq!(events, [event]);
        assert_eq!(store.health().await.unwrap().end, end);
        position = end;
    }
    let health = store.health().await.unwrap();
    assert!(health.warnings.is_empty(), "{health:?}");
    assert_whole(&database).await;
    eprintln!("{:?}", store.usage());
    remove(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_is_told_in_events_and_seconds() {
    let options = options().await;
    let store = DynamoStore::open(options.clone().indexer(false)).await.unwrap();
    assert_eq!(store.feed_lag(), FeedLag::default());
    for version in 1..=3 {
        let (_, appended) = write(store.database(), "order-1", version).await;
        store.shared.hub.committed(&[appended]);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let lag = store.feed_lag();
    assert!(lag.events == 3 && lag.age >= Duration::from_millis(100), "{lag}");
    // The hub is the process's: now it keeps the feed.
    let keeper = DynamoStore::open(options).await.unwrap();
    let (events, _) = keeper
        .read_to_end(&FeedQuery::all(), store.start(FeedStart::Beginning).await.unwrap())
        .await
        .unwrap();
    let caught_up = store.feed_lag();
    assert!(
        events.len() == 3 && caught_up.events == 0 && caught_up.age < Duration::from_secs(10),
        "{caught_up}"
    );
    remove(store.database()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_what_does_not_come_takes_next_to_no_time() {
    const WAIT: Duration = Duration::from_secs(4);
    let options = options().await;
    let store = DynamoStore::open(options).await.unwrap();
    let end = store.start(FeedStart::End).await.unwrap();
    let (before, asked) = (cpu_time(), store.usage().requests);
    let page = store.next(&FeedQuery::all(), &end, WAIT).await.unwrap();
    let took = cpu_time().saturating_sub(before);
    assert!(page.events.is_empty() && page.at_end && page.next == end);
    eprintln!("{took:?} of {WAIT:?}; from {asked:?} to {:?}", store.usage().requests);
    remove(store.database()).await;
}

/// The processor's time that this process has had.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

#[tokio::test]
async fn shuffled_and_repeated_records_come_once_and_in_order() {
    let options = options().await;
    let database = Arc::new(Database::open(options).await.unwrap());
    let mut changes = Vec::new();
    for version in 1..=20 {
        for stream in ["order-1", "order-2", "order-3"] {
            let (event, _) = write(&database, stream, version).await;
            changes.push(added(&event));
        }
    }
    changes.extend(changes.clone());
    fastrand::Rng::with_seed(7).shuffle(&mut changes);
    let tail = tail(&database);
    let mut indexing = Indexing::new(&tail, whole(), 0, Run::START, Alarms::default());
    for few in changes.chunks(7) {
        indexing.take(few.to_vec()).await.unwrap();
    }
    assert_whole(&database).await;
    assert_eq!(indexing.alarms, Alarms::default());
    remove(&database).await;
}

#[test]
fn another_keeper_takes_over_after_a_kill() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let options = second.block_on(options()).lease(Duration::from_millis(600));
    let key = |database: &Database, name: &str| (name.to_owned(), database.id);
    let start = |database: &Arc<Database>, name: &str| {
        let hub = Hub::new(database, key(database, name), name.to_owned(), Unseen::default());
        hub.run();
        hub
    };
    let killed = {
        let options = options.clone();
        first.block_on(async move {
            let database = Arc::new(Database::open(options).await.unwrap());
            let hub = start(&database, "first");
            written(&database, 5, 10).await;
            hub
        })
    };
    // Whatever it was at.
    first.shutdown_background();
    second.block_on(async move {
        let database = Arc::new(Database::open(options).await.unwrap());
        for version in 11..=15 {
            write(&database, "order-0", version).await;
        }
        let hub = start(&database, "second");
        let begun = Instant::now();
        assert_whole(&database).await;
        eprintln!("taken over, and whole, after {:?}", begun.elapsed());
        drop(hub);
        remove(&database).await;
    });
    drop(killed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cut_stream_does_not_tell_is_found_in_history() {
    let options = options().await;
    let database = Arc::new(Database::open(options).await.unwrap());
    written(&database, 4, 3).await;
    let first = tail(&database);
    {
        let (mut indexing, _) = crate::recovery::recover(&first, Alarms::default()).await.unwrap();
        indexing.index_young().await.unwrap();
        assert_whole(&database).await;
    }
    // A day later: the shard that was read is gone.
    let marks = Marks::from([("shardId-gone".to_owned(), Mark::After("1".to_owned()))]);
    let state = KeeperState {
        token: 0,
        owner: "before".to_owned(),
        marks,
        batches: 1,
        low: database.now(),
        reported: database.now(),
        alarms: Alarms::default(),
    };
    assert!(state.save(&database, true).await.unwrap());
    for version in 4..=6 {
        write(&database, "order-1", version).await;
    }
    let hub = Hub::new(&database, ("cut".to_owned(), database.id), "cut".to_owned(), Unseen::default());
    hub.run();
    assert_whole(&database).await;
    drop(hub);
    remove(&database).await;
}

/// Two keepers that do not heed the lease, while somebody writes. Whether the feed is whole then.
async fn two_at_once(options: DynamoOptions) -> bool {
    const STREAMS: u64 = 6;
    const VERSIONS: u64 = 40;
    let database = Arc::new(Database::open(options).await.unwrap());
    let keeper = |database: Arc<Database>| async move {
        let tail = tail(&database);
        tail.read_up().await.unwrap();
        let (mut indexing, mut stream, _) = indexer::take_over(&tail).await.unwrap();
        let begun = Instant::now();
        let is_done = |indexing: &Indexing<'_>| {
            (0..STREAMS).all(|stream| {
                let name = format!("order-{stream}").parse().unwrap();
                indexing.indexed.last(&name) == Some(Version::new(VERSIONS))
            })
        };
        while !is_done(&indexing) && begun.elapsed() < Duration::from_mins(1) {
            let round = stream.round().await.unwrap();
            indexing.take(round.changes).await.unwrap();
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..8))).await;
        }
    };
    let one = tokio::spawn(keeper(database.clone()));
    let other = tokio::spawn(keeper(database.clone()));
    written(&database, STREAMS, VERSIONS).await;
    one.await.unwrap();
    other.await.unwrap();
    let findings = feed_check::check(&tail(&database)).await.unwrap();
    remove(&database).await;
    findings.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keepers_at_once_put_every_event_once() {
    let options = options().await;
    assert!(two_at_once(options).await);
}

/// A keeper that was paused, and another one that took over meanwhile: each puts what it has read, in batches of its own.
async fn one_after_a_pause(options: DynamoOptions) -> bool {
    let database = Arc::new(Database::open(options).await.unwrap());
    let mut changes = Vec::new();
    for version in 1..=4 {
        changes.push(added(&write(&database, "order-1", version).await.0));
    }
    let (first, second) = (tail(&database), tail(&database));
    let keeper = |tail| Indexing::new(tail, whole(), 0, Run::START, Alarms::default());
    let (mut paused, mut other) = (keeper(&first), keeper(&second));
    paused.take(changes[..2].to_vec()).await.unwrap();
    other.take(changes[..1].to_vec()).await.unwrap();
    other.take(changes[1..3].to_vec()).await.unwrap();
    paused.take(changes[2..].to_vec()).await.unwrap();
    let findings = feed_check::check(&tail(&database)).await.unwrap();
    remove(&database).await;
    findings.is_empty()
}

#[tokio::test]
async fn a_keeper_that_was_paused_puts_nothing_twice() {
    let options = options().await;
    assert!(one_after_a_pause(options).await);
}

#[cfg(feature = "broken")]
#[tokio::test]
async fn a_feed_without_the_fence_is_noticed() {
    let options = options().await;
    let options = crate::broken::named(options.timeout(Duration::from_secs(2)), "fence").unwrap();
    assert!(!one_after_a_pause(options).await);
}
