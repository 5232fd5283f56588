//! The items of the cost model are those that the store writes: the same attributes, and where sizes are fixed the same sizes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use annals_core::{CommitId, Json, Timestamp};
use annals_dynamodb::DynamoStore;
use annals_dynamodb::cost::{Item, item_size};
use annals_ports::{
    Acquired, Append, Checkpoint, Commit, EventFeed, EventStore, Expectation, FeedPosition, FeedQuery,
    FeedStart, IndexValues, Leases, RowChange, ViewBatch, ViewId, ViewStore,
};

use crate::tables::{Tables, commit_to, event, stream};

#[path = "../cost/model/items.rs"]
#[expect(dead_code, reason = "the model has more than is looked at here")]
mod model;

/// Attributes whose size depends on what is told in them.
const FREE: [&str; 20] = [
    "AggregateId",
    "AggregateType",
    "At",
    "Checkpoint",
    "Commits",
    "EventData",
    "EventType",
    "EventTypeShard",
    "Events",
    "Index",
    "Marks",
    "Metadata",
    "Owner",
    "Part",
    "Places",
    "PrevIndex",
    "Prev",
    "Row",
    "Sort",
    "Spans",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_models_items_are_the_stores() {
    let tables = Tables::new().await;
    let store = tables.open().await;
    // In the middle of its stream, and of its commit.
    let name = format!("order-{:034}", 1);
    let mut events: Vec<_> = (0..3).map(|_| event(300)).collect();
    for event in &mut events {
        event.metadata = Json::parse(&format!(r#"{{"actor":"{}"}}"#, "x".repeat(88))).unwrap();
    }
    store.commit(commit_to(&name, Expectation::NoStream, vec![event(300)])).await.unwrap();
    let append = Append::new(stream(&name), Expectation::Any, events);
    store.commit(Commit::once(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    let mut page =
        store.next(&FeedQuery::all(), &beginning(&store).await, Duration::from_secs(20)).await.unwrap();
    while page.events.len() < 4 {
        page =
            store.next(&FeedQuery::all(), &beginning(&store).await, Duration::from_secs(20)).await.unwrap();
    }
    view(&store, &page.next).await;

    let client = tables.client();
    let mut found: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for suffix in ["events", "feed", "views"] {
        let items = client.scan().table_name(tables.name(suffix)).send().await.unwrap().items.unwrap();
        found.insert(suffix.to_owned(), items);
    }
    let has = |table: &str, is: &dyn Fn(&Item) -> bool| -> Item {
        found[table].iter().find(|item| is(item)).unwrap_or_else(|| panic!("{:?}", found[table])).clone()
    };
    let number =
        |item: &Item, name: &str| item.get(name).and_then(|v| v.as_n().ok()).cloned().unwrap_or_default();
    let text =
        |item: &Item, name: &str| item.get(name).and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
    let mut differ = Vec::new();
    let mut same = |what: &str, ours: Item, model: Item| {
        let names = |item: &Item| item.keys().cloned().collect::<BTreeSet<_>>();
        for name in names(&ours).symmetric_difference(&names(&model)) {
            if name == "Last" {
                // Where it is the greatest stamp so far, as here, it is left out.
                continue;
            }
            let whose = if ours.contains_key(name) { "the model lacks" } else { "the store lacks" };
            differ.push(format!("{what}: {whose} {name}"));
        }
        for name in names(&ours).intersection(&names(&model)) {
            let size =
                |item: &Item| item_size(&Item::from([(name.clone(), item[name].clone())])).cast_signed();
            let (ours, model) = (size(&ours), size(&model));
            let is_right = if FREE.contains(&name.as_str()) { ours <= model } else { ours == model };
            // Numbers are as long as they are large: the model's are those of a large store.
            let is_shorter = (0..=6).contains(&(model - ours));
            if !is_right && !is_shorter {
                differ.push(format!("{what}: {name} has {ours} bytes, {model} in the model"));
            }
        }
    };
    same("event", has("events", &|item| number(item, "Version") == "3"), model::event(300, 100));
    same("marker", has("events", &|item| item.contains_key("Places")), model::marker());
    same("batch", has("feed", &|item| item.contains_key("Spans")), model::batch(4));
    same("state", has("feed", &|item| text(item, "Part") == "$state"), model::state(1));
    same("row", has("views", &|item| item.contains_key("Prev")), model::row(300));
    same("index entry", has("views", &|item| text(item, "Part").starts_with("i.")), model::index_entry());
    same("checkpoint", has("views", &|item| item.contains_key("Checkpoint")), model::checkpoint());
    same("lease", has("views", &|item| text(item, "Part") == "$lease"), model::lease());
    assert!(differ.is_empty(), "{differ:#?}");
}

async fn beginning(store: &DynamoStore) -> FeedPosition {
    store.start(FeedStart::Beginning).await.unwrap()
}

/// A row that was changed once, under one index.
async fn view(store: &DynamoStore, position: &FeedPosition) {
    let Acquired::Granted(lease) =
        store.acquire("view:orders:1", "sizes", Duration::from_mins(1)).await.unwrap()
    else {
        panic!("nobody else holds the lease")
    };
    let mut from = None;
    for (events, text) in [(1, "x"), (2, "y")] {
        let json = Json::from_value(&serde_json::json!({ "text": text.repeat(289) })).unwrap();
        let values = IndexValues::none().with("customer", ["c".repeat(50)]);
        let checkpoint = Checkpoint {
            position: position.clone(),
            events,
            last_recorded_at: Some(Timestamp::UNIX_EPOCH.plus(Duration::from_micros(1))),
        };
        let batch = ViewBatch {
            view: ViewId::new("orders", 1),
            lease: lease.clone(),
            from: from.replace(position.clone()),
            changes: vec![RowChange::put(format!("order-{:034}", 1), json, values).unwrap()],
            routes: Vec::new(),
            park: Vec::new(),
            unpark: Vec::new(),
            checkpoint,
        };
        store.apply(batch).await.unwrap();
    }
}
