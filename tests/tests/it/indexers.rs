//! Law F01 on DynamoDB, where it is hardest: the feed is kept by one process at a time, and whoever keeps it may fall
//! silent at any moment, be replaced, and wake up again.
//!
//! Two processes stand ready to keep the feed, and the one that does is paused past its lease, twenty times, while others
//! commit; or killed and started anew; or both are killed, and the stream's records gone when they come back. Records come
//! shuffled, twice, and late. A reader must have seen the history in each stream's order, nothing missed and nothing twice,
//! and see the same when it reads again. That the fence is what keeps this, the adapter's own
//! tests show, in which a pause is played step by step: here it takes luck to hit the moment.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use annals::dynamodb::{DynamoOptions, DynamoStore};
use annals::ports::{
    Append, Commit, EventFeed, EventFeedExt, EventStore, Expectation, FeedPosition, FeedQuery, NewEvent,
};
use annals::{CommitId, EventId, EventType, Json, RecordedEvent, Store};
use annals_services::{Answer, DynamoDb, Engine, Fault, FaultyEndpoint, TestTables, dynamodb};

use crate::child::{self, Running};

const URL: &str = "ANNALS_TEST_STORE";

/// How long whoever keeps the feed may be silent before another does.
const LEASE: Duration = Duration::from_millis(600);

/// How often one that keeps the feed is paused; a long run asks for more.
fn pauses() -> u32 {
    child::asked("ANNALS_INDEXER_PAUSES", 20)
}

/// How often one is killed.
fn kills() -> u32 {
    child::asked("ANNALS_INDEXER_KILLS", 10)
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

/// The feed of a store that two processes stand ready to keep, each behind an endpoint that stirs the stream's records.
struct Kept {
    test: &'static str,
    endpoints: Vec<FaultyEndpoint>,
    children: Vec<Option<Running>>,
    /// Neither of these keeps the feed.
    writer: DynamoStore,
    reader: DynamoStore,
    prefix: String,
    _tables: TestTables,
    _server: DynamoDb,
}

impl Kept {
    async fn new(test: &'static str) -> Self {
        let server = dynamodb(Engine::Local).await;
        let tables = server.tables();
        let prefix = tables.prefix().to_owned();
        let idle =
            DynamoOptions::from_url(&format!("{}&indexer=off", url(&prefix, server.endpoint()))).unwrap();
        let writer = DynamoStore::open(idle.clone()).await.unwrap();
        let reader = DynamoStore::open(idle).await.unwrap();
        let (mut endpoints, children) = (Vec::new(), vec![None, None]);
        for seed in 0..2 {
            let endpoint = FaultyEndpoint::to(server.endpoint(), seed).await;
            for fault in [Fault::Shuffled, Fault::Repeated, Fault::Delayed] {
                endpoint.set(fault, 0.3);
            }
            endpoints.push(endpoint);
        }
        let mut kept =
            Self { test, endpoints, children, writer, reader, prefix, _tables: tables, _server: server };
        kept.start(0);
        kept.start(1);
        kept
    }

    fn start(&mut self, place: usize) {
        let mut command = child::command(self.test, "indexer");
        command.env(URL, url(&self.prefix, self.endpoints[place].endpoint()));
        let (running, mut lines) = Running::start(command);
        assert_eq!(lines.next().as_deref(), Some("ready"));
        self.children[place] = Some(running);
    }

    fn child(&self, place: usize) -> &Running {
        self.children[place].as_ref().unwrap()
    }

    /// SIGKILL.
    fn kill(&mut self, place: usize) {
        self.children[place].take().unwrap().kill();
    }

    /// How the feed differs from the events that were committed, and from itself when it is read again.
    async fn difference(&self, committed: usize) -> Difference {
        let seen = until_still(&self.reader, committed).await;
        let mut difference = compare(&Store::new(self.reader.adapter()), committed, &seen).await;
        let again =
            self.reader.read_to_end(&FeedQuery::all(), FeedPosition::beginning(self.reader.id())).await;
        difference.changed = again.map_or(true, |(again, _)| again != seen);
        let shuffled: u64 = self.endpoints.iter().map(|endpoint| endpoint.faults(Fault::Shuffled)).sum();
        println!("{}: {committed} events, {shuffled} answers shuffled: {difference:?}", self.test);
        difference
    }
}

fn url(prefix: &str, endpoint: &str) -> String {
    let lease = LEASE.as_millis();
    format!(
        "dynamodb://{prefix}?endpoint={endpoint}&deletion_protection=off&point_in_time_recovery=off&lease={lease}"
    )
}

/// Commits without a pause while something happens to who keeps the feed, and tells how the feed differs then.
async fn under_load(test: &'static str, times: u32, happens: impl AsyncFn(&mut Kept, usize)) -> Difference {
    let mut kept = Kept::new(test).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writing = tokio::spawn(write(kept.writer.clone(), stopped));
    for time in 0..times {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(100..500))).await;
        // Whichever keeps the feed is hit every other time at least.
        happens(&mut kept, (time % 2) as usize).await;
    }
    stop.send(true).unwrap();
    let committed = writing.await.unwrap();
    kept.difference(committed).await
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
    let difference = annals::block_on(under_load(test, pauses(), async |kept, place| {
        kept.child(place).pause();
        tokio::time::sleep(LEASE * 2).await;
        kept.child(place).wake();
    }));
    assert_eq!(difference, Difference::default());
}

#[test]
fn killed_indexers_leave_nothing_out_and_nothing_twice() {
    if child::role().is_some() {
        return annals::block_on(stand_ready());
    }
    let test = "indexers::killed_indexers_leave_nothing_out_and_nothing_twice";
    let difference = annals::block_on(under_load(test, kills(), async |kept, place| {
        kept.kill(place);
        // Every third time the other one takes over first.
        if fastrand::u8(0..3) == 0 {
            tokio::time::sleep(LEASE * 2).await;
        }
        kept.start(place);
    }));
    assert_eq!(difference, Difference::default());
}

/// All who keep the feed are killed, and what is committed meanwhile has left the stream before another one comes.
#[test]
fn what_was_dropped_from_the_stream_is_recovered_from_history() {
    if child::role().is_some() {
        return annals::block_on(stand_ready());
    }
    let test = "indexers::what_was_dropped_from_the_stream_is_recovered_from_history";
    let difference = annals::block_on(async {
        let mut kept = Kept::new(test).await;
        let mut committed = 0;
        for _ in 0..3 {
            committed += write_for(&kept.writer, Duration::from_millis(700)).await;
            for place in 0..2 {
                kept.kill(place);
                kept.endpoints[place].forget_records(true);
                kept.endpoints[place].script("GetShardIterator", Answer::trimmed());
            }
            committed += write_for(&kept.writer, Duration::from_millis(700)).await;
            kept.start(0);
            kept.start(1);
            let seen = until_still(&kept.reader, committed).await;
            assert_eq!(seen.len(), committed, "the recovery finds what the stream no longer tells");
            for endpoint in &kept.endpoints {
                endpoint.clear_script();
                endpoint.forget_records(false);
            }
        }
        let forgotten: u64 = kept.endpoints.iter().map(|endpoint| endpoint.counts().forgotten).sum();
        assert!(forgotten > 0, "no record was dropped");
        kept.difference(committed).await
    });
    assert_eq!(difference, Difference::default());
}

async fn write_for(store: &DynamoStore, time: Duration) -> usize {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writing = tokio::spawn(write(store.clone(), stopped));
    tokio::time::sleep(time).await;
    stop.send(true).unwrap();
    writing.await.unwrap()
}
