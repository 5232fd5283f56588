//! What each thing costs, pinned: requests as they are counted, and units by the cost model.

use std::time::Duration;

use annals_core::{CommitId, Json};
use annals_dynamodb::{DynamoStore, Usage};
use annals_ports::{
    Acquired, Append, Checkpoint, Commit, EventFeed, EventFeedExt, EventStore, Expectation, FeedQuery,
    FeedStart, IndexValues, Lease, Leases, ReadRange, RowChange, ViewBatch, ViewId, ViewStore,
};

use crate::tables::{Tables, commit_to, event, stream};

/// What was used between two moments.
struct Spent(Usage);

impl Spent {
    fn since(store: &DynamoStore, before: &Usage) -> Self {
        let mut spent = store.usage();
        for (request, count) in &before.requests {
            *spent.requests.entry(request).or_default() -= count;
        }
        spent.requests.retain(|_, count| *count > 0);
        spent.write_units -= before.write_units;
        spent.read_units -= before.read_units;
        Self(spent)
    }

    #[track_caller]
    fn is(&self, requests: &[(&'static str, u64)], write_units: f64, read_units: f64) {
        assert_eq!(self.0.requests, requests.iter().copied().collect(), "{:?}", self.0);
        let close = |found: f64, expected: f64| (found - expected).abs() < 0.001;
        assert!(close(self.0.write_units, write_units), "write units: {:?}, not {write_units}", self.0);
        assert!(close(self.0.read_units, read_units), "read units: {:?}, not {read_units}", self.0);
    }
}

/// A store that keeps no feed, so that all that it uses is its caller's.
async fn quiet(tables: &Tables) -> DynamoStore {
    DynamoStore::open(tables.options().indexer(false)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_one_event_on_a_state_that_was_read_is_one_request_and_a_unit_a_kib() {
    let tables = Tables::new().await;
    let store = quiet(&tables).await;
    let before = store.usage();
    let receipt = store.commit(commit_to("note-1", Expectation::NoStream, vec![event(300)])).await.unwrap();
    // The event, and its entry in the index by type.
    Spent::since(&store, &before).is(&[("PutItem", 1)], 2.0, 0.0);
    let before = store.usage();
    let head = receipt.head(&stream("note-1")).unwrap();
    store.commit(commit_to("note-1", Expectation::Head(head), vec![event(2_600)])).await.unwrap();
    // Three units instead of four, since it is kept compressed; and the index.
    Spent::since(&store, &before).is(&[("PutItem", 1)], 4.0, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_events_are_one_request_at_double_price() {
    let tables = Tables::new().await;
    let store = quiet(&tables).await;
    let before = store.usage();
    let events = (0..10).map(|_| event(300)).collect();
    store.commit(commit_to("note-1", Expectation::NoStream, events)).await.unwrap();
    Spent::since(&store, &before).is(&[("TransactWriteItems", 1)], 10.0 * 2.0 + 10.0 * 1.0, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_a_hundred_small_events_is_one_request() {
    let tables = Tables::new().await;
    let store = quiet(&tables).await;
    for _ in 0..2 {
        let events = (0..50).map(|_| event(60)).collect();
        store.commit(commit_to("note-1", Expectation::Any, events)).await.unwrap();
    }
    let before = store.usage();
    let page = store.read_stream(&stream("note-1"), ReadRange::all()).await.unwrap();
    assert_eq!((page.events.len(), page.rest), (100, None));
    let spent = Spent::since(&store, &before);
    assert_eq!(spent.0.requests, [("Query", 1)].into());
    // About 500 bytes an event, in units of 4 KiB.
    assert!((8.0..=16.0).contains(&spent.0.read_units), "{:?}", spent.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_takes_effect_once_costs_its_marker() {
    let tables = Tables::new().await;
    let store = quiet(&tables).await;
    let before = store.usage();
    let append = Append::new(stream("note-1"), Expectation::NoStream, vec![event(300)]);
    store.commit(Commit::once(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    let spent = Spent::since(&store, &before);
    assert_eq!(spent.0.requests, [("TransactWriteItems", 1)].into());
    assert!(spent.0.write_units <= 5.0, "{:?}", spent.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_costs_at_most_fifteen_hundredths_of_a_unit_an_event() {
    const EVENTS: f64 = 800.0;
    let tables = Tables::new().await;
    let writer = quiet(&tables).await;
    // Ids of forty characters, each its own stream: what takes most room in the feed.
    for round in 0..5 {
        let append = |place: u32| {
            let name = format!("note-{round:05}{place:030}");
            assert_eq!(name.len(), 40);
            Append::new(stream(&name), Expectation::NoStream, vec![event(60)])
        };
        for place in (0..160).step_by(16) {
            let appends = (place..place + 16).map(append).collect();
            writer.commit(Commit::new(CommitId::new(), appends).unwrap()).await.unwrap();
        }
    }
    let indexer = tables.open().await;
    let start = indexer.start(FeedStart::Beginning).await.unwrap();
    let mut seen = 0;
    let begun = std::time::Instant::now();
    let mut position = start;
    while seen < 800 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the feed holds {seen} events");
        let page = indexer.next(&FeedQuery::all(), &position, Duration::from_millis(200)).await.unwrap();
        seen += page.events.len();
        position = page.next;
    }
    let written = indexer.usage().write_units;
    // The lease and the indexer's own state are for as long as it runs, not for each event.
    assert!(written / EVENTS <= 0.15, "{:.3} units an event: {:?}", written / EVENTS, indexer.usage());
    let reader = quiet(&tables).await;
    let before = reader.usage();
    let beginning = reader.start(FeedStart::Beginning).await.unwrap();
    let (events, _) = reader.read_to_end(&FeedQuery::all(), beginning).await.unwrap();
    assert_eq!(events.len(), 800);
    let spent = Spent::since(&reader, &before);
    println!("a follower in another process reads {:.3} units an event", spent.0.read_units / EVENTS);
    assert!(spent.0.read_units / EVENTS <= 0.6, "{:?}", spent.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_a_view_changes_for_one_unit() {
    let tables = Tables::new().await;
    let store = tables.open().await;
    store.commit(commit_to("note-1", Expectation::NoStream, vec![event(60)])).await.unwrap();
    let position = store.start(FeedStart::End).await.unwrap();
    store.commit(commit_to("note-2", Expectation::NoStream, vec![event(60)])).await.unwrap();
    let further = store.start(FeedStart::End).await.unwrap();
    drop(store);
    let store = quiet(&tables).await;
    let Acquired::Granted(lease) = store.acquire("view notes", "test", Duration::from_mins(1)).await.unwrap()
    else {
        panic!("nobody else holds the lease")
    };
    let batch = |lease: &Lease, from, to: &annals_ports::FeedPosition, text: &str| ViewBatch {
        view: ViewId::new("notes", 1),
        lease: lease.clone(),
        from,
        changes: (0..20)
            .map(|row| {
                let json = Json::from_value(&serde_json::json!({ "text": text, "row": row })).unwrap();
                RowChange::put(format!("row-{row}"), json, IndexValues::none()).unwrap()
            })
            .collect(),
        routes: Vec::new(),
        park: Vec::new(),
        unpark: Vec::new(),
        checkpoint: Checkpoint { position: to.clone(), events: 1, last_recorded_at: None },
    };
    store.apply(batch(&lease, None, &position, &"x".repeat(300))).await.unwrap();
    let before = store.usage();
    store.apply(batch(&lease, Some(position), &further, &"y".repeat(300))).await.unwrap();
    let spent = Spent::since(&store, &before);
    let of = |request| spent.0.requests.get(request).copied().unwrap_or_default();
    assert_eq!(of("PutItem") + of("UpdateItem"), 20, "{:?}", spent.0);
    assert_eq!(of("TransactWriteItems"), 1, "{:?}", spent.0);
    // A unit a row, and one transaction of two items that moves the checkpoint.
    assert!(spent.0.write_units <= 20.0 + 4.0, "{:?}", spent.0);
}
