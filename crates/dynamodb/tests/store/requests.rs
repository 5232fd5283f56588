//! What commits and loads cost in requests, each of which is paid for: no more than the design says.

use annals_core::{CommitId, EventId, EventType, Json, StreamHead, StreamId, Version};
use annals_dynamodb::{DynamoStore, Usage};
use annals_ports::{
    Append, Commit, CommitError, EventStore, Expectation, HistoryImport, Imported, Inspect, NewEvent,
    ReadRange, RecordedCommit, TypeQuery,
};

use crate::tables::Tables;

/// A store that keeps no feed, which has costs of its own, and its tables. What is declared first is dropped first.
struct Counted {
    store: DynamoStore,
    tables: Tables,
}

impl Counted {
    async fn fresh() -> Self {
        let tables = Tables::new().await;
        Self { store: open(&tables).await, tables }
    }

    /// As a process that has read nothing yet.
    async fn again(&self) -> DynamoStore {
        open(&self.tables).await
    }

    async fn grow(&self, stream: &str, events: usize) -> StreamHead {
        let receipt = self.store.commit(of(stream, Expectation::Any, events)).await.expect("it is taken");
        receipt.appended()[0].head
    }
}

async fn open(tables: &Tables) -> DynamoStore {
    DynamoStore::open(tables.options().indexer(false)).await.expect("the service is there")
}

fn event() -> NewEvent {
    NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").expect("valid"),
        schema_version: 1,
        payload: Json::parse(r#"{"number":1}"#).expect("portable"),
        metadata: Json::empty(),
    }
}

fn append(stream: &str, expected: Expectation, events: usize) -> Append {
    Append::new(id(stream), expected, (0..events).map(|_| event()).collect())
}

fn of(stream: &str, expected: Expectation, events: usize) -> Commit {
    Commit::new(CommitId::new(), vec![append(stream, expected, events)]).expect("within the limits")
}

fn id(stream: &str) -> StreamId {
    stream.parse().expect("a stream's name")
}

/// The requests since, as `2 GetItem, 1 PutItem`.
fn since(store: &DynamoStore, before: &Usage) -> String {
    let now = store.usage();
    let told = now.requests.iter().filter_map(|(name, count)| {
        let made = count - before.requests.get(name).copied().unwrap_or_default();
        (made > 0).then(|| format!("{made} {name}"))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The requests that a commit takes, and the head that it gives its first stream.
async fn cost(store: &DynamoStore, commit: Commit) -> (String, Option<StreamHead>) {
    let before = store.usage();
    let receipt = store.commit(commit).await.expect("it is taken");
    (since(store, &before), receipt.appended().first().map(|added| added.head))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_on_a_head_that_was_told_is_one_request() {
    let counted = Counted::fresh().await;
    let store = &counted.store;
    let (requests, head) = cost(store, of("order-1", Expectation::NoStream, 1)).await;
    assert_eq!(requests, "1 PutItem", "a new stream");
    let (requests, head) = cost(store, of("order-1", Expectation::unchanged(head), 1)).await;
    assert_eq!(requests, "1 PutItem", "on a receipt's head");
    let (requests, _) = cost(store, of("order-1", Expectation::unchanged(head), 10)).await;
    assert_eq!(requests, "1 TransactWriteItems", "ten events on one head");
    let (requests, _) = cost(store, of("order-1", Expectation::Exact(Version::new(12)), 1)).await;
    assert_eq!(requests, "1 PutItem", "on a version that is known");

    let other = counted.again().await;
    let page = other.read_stream(&id("order-1"), ReadRange::all()).await.expect("it can be read");
    let head = page.events.last().map(|event| StreamHead::of(&event.header));
    let (requests, _) = cost(&other, of("order-1", Expectation::unchanged(head), 1)).await;
    assert_eq!(requests, "1 PutItem", "on a head that was read");

    let both = vec![
        append("order-2", Expectation::NoStream, 1),
        append("order-3", Expectation::Exact(Version::NONE), 2),
    ];
    let (requests, _) = cost(store, Commit::new(CommitId::new(), both).expect("within the limits")).await;
    assert_eq!(requests, "1 TransactWriteItems", "over two streams");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_from_elsewhere_is_vouched_for_by_one_read() {
    let counted = Counted::fresh().await;
    let head = counted.grow("order-1", 2).await;
    let other = counted.again().await;
    let (requests, _) = cost(&other, of("order-1", Expectation::Head(head), 1)).await;
    assert_eq!(requests, "1 GetItem, 1 PutItem");
    let other = counted.again().await;
    let (requests, _) = cost(&other, of("order-1", Expectation::Exact(Version::new(3)), 1)).await;
    assert_eq!(requests, "1 GetItem, 1 PutItem");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_takes_any_place_reads_the_head_and_leaves_a_marker() {
    let counted = Counted::fresh().await;
    for expected in [Expectation::Any, Expectation::Any, Expectation::Exists] {
        let (requests, _) = cost(&counted.store, of("order-1", expected, 1)).await;
        assert_eq!(requests, "1 Query, 1 TransactWriteItems", "{expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_once_is_one_request() {
    let counted = Counted::fresh().await;
    let head = counted.grow("order-1", 1).await;
    let appends = vec![append("order-1", Expectation::Head(head), 1)];
    let once = Commit::once(CommitId::new(), appends).expect("within the limits");
    assert_eq!(cost(&counted.store, once.clone()).await.0, "1 TransactWriteItems");
    let reason = Json::parse(r#"{"reason":"sold out"}"#).expect("portable");
    for outcome in [
        Commit::refusal(CommitId::new(), reason).expect("a short reason"),
        Commit::unchanged(CommitId::new()),
    ] {
        for what in ["recorded", "told again"] {
            assert_eq!(cost(&counted.store, outcome.clone()).await.0, "1 PutItem", "{what}");
        }
    }
    // The head has moved on: the id is looked up beside it, and then the events that its marker names.
    let (requests, _) = cost(&counted.store, once).await;
    assert_eq!(requests, "2 BatchGetItem, 1 Query", "told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_and_a_conflict_cost_little_more() {
    let counted = Counted::fresh().await;
    let head = counted.grow("order-1", 1).await;
    let (one, two) = (of("order-1", Expectation::Head(head), 1), of("order-2", Expectation::NoStream, 2));
    let other = counted.again().await;
    for commit in [&one, &two] {
        counted.store.commit(commit.clone()).await.expect("it is taken");
    }
    // Known to have gone on, it is not written to again.
    assert_eq!(cost(&counted.store, one.clone()).await.0, "1 BatchGetItem, 1 Query");
    let (requests, _) = cost(&other, one).await;
    assert_eq!(requests, "1 GetItem, 1 PutItem", "what stands at its place is the answer");
    assert_eq!(cost(&other, two).await.0, "1 BatchGetItem, 1 TransactWriteItems");

    let third = counted.again().await;
    third.read_stream(&id("order-1"), ReadRange::all().limit(1)).await.expect("it can be read");
    let before = third.usage();
    let outcome = third.commit(of("order-1", Expectation::Head(head), 1)).await;
    assert!(matches!(outcome, Err(CommitError::Conflict(_))), "got {outcome:?}");
    assert_eq!(since(&third, &before), "1 GetItem, 1 PutItem, 1 Query", "marker, place, head");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_of_a_hundred_small_events_is_one_request() {
    let counted = Counted::fresh().await;
    counted.grow("order-1", 60).await;
    counted.grow("order-1", 40).await;
    for range in [ReadRange::all(), ReadRange::all().backward(), ReadRange::all().limit(100)] {
        let before = counted.store.usage();
        let page = counted.store.read_stream(&id("order-1"), range).await.expect("it can be read");
        assert_eq!((page.events.len(), page.rest), (100, None), "{range:?}");
        assert_eq!(since(&counted.store, &before), "1 Query", "{range:?}");
    }
    let before = counted.store.usage();
    counted.store.head(&id("order-1")).await.expect("it can be read");
    assert_eq!(since(&counted.store, &before), "1 Query");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_by_type_asks_each_partition_of_the_index_once() {
    let counted = Counted::fresh().await;
    for stream in 0..20 {
        counted.grow(&format!("order-{stream}"), 2).await;
    }
    for limit in [1, 10, 40, 100] {
        let mut query = TypeQuery::new(event().event_type).limit(limit);
        for _ in 0..2 {
            let before = counted.store.usage();
            let page = counted.store.read_by_type(&query).await.expect("types can be read");
            assert_eq!(since(&counted.store, &before), "1 BatchGetItem, 8 Query", "pages of {limit}");
            let Some(next) = page.next else { break };
            query.after = Some(next);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_imported_in_order_with_one_request_a_commit() {
    let (original, copy) = (Counted::fresh().await, Counted::fresh().await);
    for _ in 0..3 {
        original.grow("order-1", 2).await;
    }
    let page = original.store.read_stream(&id("order-1"), ReadRange::all()).await.expect("it can be read");
    let commits = page.events.chunks(2).map(|events| RecordedCommit::Events(events.to_vec()));
    let before = copy.store.usage();
    for commit in commits.clone() {
        assert_eq!(copy.store.import(commit).await.expect("it continues"), Imported::Written);
    }
    assert_eq!(since(&copy.store, &before), "3 TransactWriteItems");
    for commit in commits {
        assert_eq!(copy.store.import(commit).await.expect("it is there"), Imported::AlreadyThere);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_counts_what_it_holds() {
    let counted = Counted::fresh().await;
    counted.grow("order-1", 3).await;
    counted.grow("order-2", 1).await;
    counted.grow("payment-1", 2).await;
    let reason = Json::parse(r#"{"reason":"sold out"}"#).expect("portable");
    let refusal = Commit::refusal(CommitId::new(), reason).expect("a short reason");
    for outcome in [refusal, Commit::unchanged(CommitId::new())] {
        counted.store.commit(outcome).await.expect("it is recorded");
    }
    let described = counted.store.describe().await.expect("a store describes itself");
    let last = counted.store.head(&id("payment-1")).await.expect("it can be read");
    assert_eq!((described.events, described.streams, described.outcomes), (6, 3, 2));
    let categories: Vec<_> =
        described.categories.iter().map(|found| (found.category.as_str(), found.streams)).collect();
    assert_eq!(categories, [("order", 2), ("payment", 1)]);
    assert_eq!(described.last_recorded_at, last.map(|head| head.recorded_at));
    assert_eq!(described.settings[0], ("feed_parts".to_owned(), "4".to_owned()));
}
