//! Views where they are pressed: readers while a runner writes, the price of a batch, rows and routes that have no room.

use std::time::Duration;

use annals_core::limits::ROW_BYTES_MAX;
use annals_core::{EventId, Json};
use annals_ports::{
    Acquired, Checkpoint, FeedPosition, IndexValue, IndexValues, Lease, Leases, Route, RowChange, RowQuery,
    Upkeep, ViewBatch, ViewId, ViewStore,
};

use annals_services::{Engine, dynamodb};

use crate::item::Attributes;
use crate::place::Place;
use crate::tables::Table;
use crate::{DynamoOptions, DynamoStore};

pub(crate) async fn endpoint() -> String {
    dynamodb(Engine::Embedded).await.endpoint().to_owned()
}

fn options(endpoint: &str, prefix: &str) -> DynamoOptions {
    DynamoOptions::new(prefix)
        .expect("a prefix")
        .endpoint(endpoint)
        .expect("an endpoint")
        .indexer(false)
        .deletion_protection(false)
        .point_in_time_recovery(false)
}

pub(crate) fn prefix() -> String {
    format!("t{:016x}", fastrand::u64(..))
}

pub(crate) async fn open(endpoint: &str, prefix: &str) -> DynamoStore {
    DynamoStore::open(options(endpoint, prefix)).await.expect("the store opens")
}

/// The same with its feed kept.
pub(crate) async fn open_with_feed(endpoint: &str, prefix: &str) -> DynamoStore {
    DynamoStore::open(options(endpoint, prefix).indexer(true)).await.expect("the store opens")
}

pub(crate) async fn delete_tables(store: &DynamoStore) {
    for table in Table::ALL {
        let name = store.database().name(table);
        store.database().dynamo.delete_table().table_name(name).send().await.expect("a table can be deleted");
    }
}

pub(crate) fn view() -> ViewId {
    ViewId::new("orders", 1)
}

pub(crate) async fn lease(store: &DynamoStore) -> Lease {
    match store.acquire("view", "runner", Duration::from_mins(1)).await.expect("leases can be asked for") {
        Acquired::Granted(lease) => lease,
        Acquired::Held { owner, .. } => panic!("{owner} holds it"),
    }
}

pub(crate) fn batch(
    store: &DynamoStore,
    lease: &Lease,
    from: Option<FeedPosition>,
    number: u64,
) -> ViewBatch {
    let position = Place { batch: number, index: 0 }.position(store.id(), EventId::new());
    ViewBatch {
        view: view(),
        lease: lease.clone(),
        from,
        changes: Vec::new(),
        routes: Vec::new(),
        park: Vec::new(),
        unpark: Vec::new(),
        checkpoint: Checkpoint { position, events: number, last_recorded_at: None },
    }
}

fn row(number: u64) -> Json {
    Json::parse(&format!(r#"{{"number":{number}}}"#)).expect("portable")
}

pub(crate) fn put(key: &str, number: u64, index: IndexValues) -> RowChange {
    RowChange::put(key.to_owned(), row(number), index).expect("a small row")
}

/// The requests that `store` has sent since `before`, by name.
fn requests(store: &DynamoStore, before: &crate::Usage) -> Vec<(&'static str, u64)> {
    let now = store.usage().requests;
    let since = |(name, count): (&&'static str, &u64)| {
        (*name, count - before.requests.get(name).copied().unwrap_or(0))
    };
    now.iter().map(since).filter(|(_, count)| *count > 0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_twenty_rows_costs_twenty_writes_a_transaction_and_two_reads() {
    let endpoint = endpoint().await;
    let store = open(&endpoint, &prefix()).await;
    let lease = lease(&store).await;
    let mut from = None;
    for number in 1..=3 {
        let mut next = batch(&store, &lease, from, number);
        next.changes = (0..20).map(|key| put(&format!("k{key}"), number, IndexValues::none())).collect();
        from = Some(next.checkpoint.position.clone());
        let before = store.usage();
        store.apply(next).await.expect("a batch");
        // The first one takes over: one transaction more.
        let transactions = if number == 1 { 2 } else { 1 };
        let expected = [("BatchGetItem", 2), ("PutItem", 20), ("TransactWriteItems", transactions)];
        assert_eq!(requests(&store, &before), expected, "batch {number}");
    }
    // What comes out as it was is not written again, and the count knows it.
    let mut same = batch(&store, &lease, from, 4);
    same.changes = (0..20).map(|key| put(&format!("k{key}"), 3, IndexValues::none())).collect();
    let before = store.usage();
    store.apply(same).await.expect("a batch");
    assert_eq!(requests(&store, &before), [("BatchGetItem", 2), ("TransactWriteItems", 1)]);
    assert_eq!(store.state(&view()).await.expect("it can be read").expect("it was begun").rows, 20);
    delete_tables(&store).await;
}

/// V01: whoever reads while batches are applied sees each of them whole or not at all, whichever way he asks.
#[tokio::test(flavor = "multi_thread")]
async fn readers_see_batches_whole() {
    let endpoint = endpoint().await;
    let prefix = prefix();
    let store = open(&endpoint, &prefix).await;
    let lease = lease(&store).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut readers = Vec::new();
    for _ in 0..3 {
        let (reader, stopped) = (open(&endpoint, &prefix).await, stopped.clone());
        readers.push(tokio::spawn(async move {
            let (mut last, mut seen) = (0, 0);
            while !*stopped.borrow() {
                for rows in looks(&reader).await {
                    let numbers: Vec<u64> = rows.iter().map(|(_, number)| *number).collect();
                    let Some(number) = numbers.first().copied() else { continue };
                    assert!(numbers.iter().all(|other| *other == number), "of several batches: {rows:?}");
                    let expected = 10 + usize::from(number % 2 == 1) + 1;
                    assert_eq!(rows.len(), expected, "not whole: {rows:?}");
                    assert!(number >= last, "{number} after {last}");
                    (last, seen) = (number, seen + 1);
                }
            }
            seen
        }));
    }
    let mut from = None;
    for number in 1..=60 {
        let mut next = batch(&store, &lease, from, number);
        let index = || IndexValues::none().with("by number", [format!("{:02}", number * 7 % 10)]);
        next.changes = (0..10).map(|key| put(&format!("k{key}"), number, index())).collect();
        next.changes.push(if number % 2 == 1 {
            put("odd", number, index())
        } else {
            RowChange::delete("odd".to_owned()).expect("a key")
        });
        next.changes.push(put(&format!("new-{}", number % 4), number, index()));
        next.changes.push(RowChange::delete(format!("new-{}", (number + 3) % 4)).expect("a key"));
        from = Some(next.checkpoint.position.clone());
        store.apply(next).await.expect("a batch");
    }
    let _ = stop.send(true);
    for reader in readers {
        let seen = reader.await.expect("it sees nothing that is not whole");
        eprintln!("a reader looked {seen} times");
        assert!(seen > 5, "it looked {seen} times only");
    }
    delete_tables(&store).await;
}

/// The rows, each with its number, in the ways that there are to ask for all of them.
async fn looks(store: &DynamoStore) -> Vec<Vec<(String, u64)>> {
    let number = |json: &Json| json.to_value().expect("JSON")["number"].as_u64().expect("a number");
    let mut looks = Vec::new();
    for query in [RowQuery::all(), RowQuery::index("by number", IndexValue::default()).backward()] {
        let page = store.page(&view(), &query).await.expect("rows can be read");
        looks.push(page.rows.iter().map(|row| (row.key.clone(), number(&row.row))).collect());
    }
    let fixed = (0..10).map(|key| format!("k{key}")).chain(["odd".to_owned()]);
    let keys: Vec<String> = fixed.chain((0..4).map(|key| format!("new-{key}"))).collect();
    let rows = store.rows(&view(), &keys).await.expect("rows can be read");
    let found = keys.into_iter().zip(rows).filter_map(|(key, row)| Some((key, number(&row?))));
    looks.push(found.collect());
    looks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_may_have_more_routes_than_an_item_holds() {
    let endpoint = endpoint().await;
    let store = open(&endpoint, &prefix()).await;
    let lease = lease(&store).await;
    let stream: annals_core::StreamId = "order-1".parse().expect("a stream");
    let key = |number: u64| format!("{number:0>500}");
    let mut from = None;
    for number in 0..6 {
        let mut next = batch(&store, &lease, from, number);
        let routes = (number * 150..=(number + 1) * 150)
            .map(|route| Route { stream: stream.clone(), key: key(route) });
        next.routes = routes.collect();
        from = Some(next.checkpoint.position.clone());
        store.apply(next).await.expect("a batch");
    }
    let found = store.routes(&view(), &[stream.clone(), "order-2".parse().expect("a stream"), stream]).await;
    let found = found.expect("routes can be read");
    assert_eq!(found[0], (0..=900).map(key).collect::<Vec<_>>());
    assert_eq!((found[1].len(), &found[2]), (0, &found[0]));
    delete_tables(&store).await;
}

/// A row of the largest size that does not compress.
fn largest(rng: &mut fastrand::Rng) -> Json {
    let frame = r#"{"fill":""}"#.len();
    let characters = std::iter::repeat_with(|| rng.char('#'..='~')).filter(|c| *c != '\\');
    let fill: String = characters.take(ROW_BYTES_MAX - frame).collect();
    Json::parse(&format!(r#"{{"fill":"{fill}"}}"#)).expect("portable")
}

/// A08 and V01: two versions of the largest row have no room in one item; the older one is seen until the newer counts.
#[tokio::test(flavor = "multi_thread")]
async fn the_older_version_of_a_large_row_lies_apart_while_it_may_be_seen() {
    let store = open(&endpoint().await, &prefix()).await;
    let lease = lease(&store).await;
    let (mut rng, mut from, mut before) = (fastrand::Rng::with_seed(1), None, None);
    let keys = ["a".to_owned()];
    for number in 1..=3 {
        let mut next = batch(&store, &lease, from.clone(), number);
        let row = largest(&mut rng);
        next.changes = vec![RowChange::put("a".to_owned(), row.clone(), IndexValues::none()).expect("a row")];
        // It takes over, puts the older one apart and the row, and dies before its checkpoint.
        store.database().trap.die_after(if number == 1 { 2 } else { 3 });
        store.shared.numbers.take(&view());
        store.apply(next.clone()).await.expect_err("the process is gone");
        store.database().trap.clear();
        assert!(store.rows(&view(), &keys).await.expect("rows can be read") == [before], "it counts");
        store.apply(next.clone()).await.expect("a batch");
        assert!(store.rows(&view(), &keys).await.expect("rows can be read") == [Some(row.clone())]);
        // What the process that died was to remove stays until the view is dropped.
        let left = usize::from(number > 2);
        assert_eq!(lying_apart(&store).await, usize::from(number > 1) + left, "after batch {number}");
        (from, before) = (Some(next.checkpoint.position), Some(row));
    }
    let mut last = batch(&store, &lease, from, 4);
    last.changes = vec![RowChange::delete("a".to_owned()).expect("a key")];
    store.apply(last).await.expect("a batch");
    assert_eq!(store.rows(&view(), &keys).await.expect("rows can be read"), [None]);
    assert_eq!(lying_apart(&store).await, 1, "nobody looks for the last one");
    store.reset(&view(), &lease).await.expect("the lease is held");
    crate::view_sweep::sweep(store.database()).await.expect("what was dropped can be swept");
    assert_eq!(lying_apart(&store).await, 0);
    delete_tables(&store).await;
}

/// How many older versions lie in items of their own.
async fn lying_apart(store: &DynamoStore) -> usize {
    let found =
        store.database().scan(Table::Views, (0, 1), &["Part"], None).await.expect("it can be scanned");
    let parts = found.items.iter().filter_map(|item| item.maybe_text("Part"));
    parts.filter(|part| part.starts_with("o.")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn index_values_are_those_that_an_entry_stands_for() {
    let endpoint = endpoint().await;
    let store = open(&endpoint, &prefix()).await;
    let lease = lease(&store).await;
    let mut begin = batch(&store, &lease, None, 1);
    begin.changes = vec![put("a", 1, IndexValues::none().with("by", ["x"]).with("day", ["1"]))];
    store.apply(begin).await.expect("a batch");
    let keys = ["a", "b"].map(str::to_owned);
    let values = store.index_values(&view(), &keys).await.expect("they can be read");
    let pair = |index: &str, value: &str| (index.to_owned(), IndexValue::of([value]).as_str().to_owned());
    assert_eq!(values, [vec![pair("by", "x"), pair("day", "1")], vec![]]);
    let standing = crate::view_reads::standing(store.database(), &view()).await.expect("it can be read");
    let parts = crate::view_items::Parts::of(&view(), standing.expect("it was begun").generation, 8);
    let entry = parts.entry("by", IndexValue::of(["x"]).as_str(), "a");
    store.database().sweep(Table::Views, vec![entry]).await.expect("it can be removed");
    let values = store.index_values(&view(), &keys).await.expect("they can be read");
    assert_eq!(values, [vec![pair("day", "1")], vec![]]);
    delete_tables(&store).await;
}
