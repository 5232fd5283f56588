//! Law I01: what a store says of itself is what it holds, and a sound store is found sound and has nothing to recover.

use annals_core::{CommitId, Json, Timestamp};
use annals_ports::{
    Adapter, CategoryCount, Commit, Expectation, FeedStart, IndexValues, Outcome, Recovered, RowChange,
    Snapshot, StoreDescription, UpkeepProgress, ViewBatch, ViewId,
};
use serde_json::json;

use super::StoreUnderTest;
use super::abilities::not_tried;
use super::scene::{Scene, append, id, numbered, one};
use super::views::{batch, lease, put, row, view};

/// What a store counts of what it holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    events: u64,
    categories: Vec<(String, u64)>,
    snapshots: u64,
    outcomes: u64,
    views: u64,
    view_rows: u64,
    last_recorded_at: Option<Timestamp>,
}

async fn described(adapter: &Adapter) -> StoreDescription {
    let described = adapter.inspect.describe().await.expect("a store describes itself");
    assert_eq!((described.adapter.as_str(), described.store), (adapter.name, adapter.store));
    described
}

async fn counts(adapter: &Adapter) -> Counts {
    let described = described(adapter).await;
    let count = |category: CategoryCount| (category.category, category.streams);
    let categories: Vec<_> = described.categories.into_iter().map(count).collect();
    assert_eq!(
        described.streams,
        categories.iter().map(|(_, streams)| streams).sum::<u64>(),
        "{categories:?}"
    );
    Counts {
        events: described.events,
        categories,
        snapshots: described.snapshots,
        outcomes: described.outcomes,
        views: described.views,
        view_rows: described.view_rows,
        last_recorded_at: described.last_recorded_at,
    }
}

fn refusal() -> Commit {
    let reason = Json::from_value(&json!({ "reason": "too late" })).expect("portable");
    Commit::refusal(CommitId::from_key("a command that was refused"), reason).expect("a short reason")
}

/// By what one of the rows is found.
fn index_of_c() -> IndexValues {
    IndexValues::none().with("by_number", [3]).with("by_name", ["c", "d"])
}

/// Something of everything: six events in four streams of three categories, commits with and without events that are
/// kept once, snapshots, and two views. Tells how many of those without events are known when they come again.
async fn furnish<S: StoreUnderTest>(scene: &Scene<S>) -> u64 {
    let adapter = scene.adapter();
    let first = scene.grow("order-2", 2).await;
    scene.commit(one("payment-1", Expectation::NoStream, 1)).await;
    scene.commit(one("order-1", Expectation::NoStream, 1)).await;
    let once = vec![append("account-1", Expectation::NoStream, vec![numbered(1)])];
    let once = Commit::once(CommitId::from_key("a command that was carried out"), once).expect("it is small");
    let unchanged = Commit::unchanged(CommitId::from_key("a command without effect"));
    let mut known = 0;
    for commit in [once, refusal(), unchanged] {
        let first = scene.commit(commit.clone()).await;
        let again = scene.commit(commit).await;
        let is_without_events = !matches!(first.outcome, Outcome::Committed(_));
        known += u64::from(is_without_events && again.replayed);
    }
    scene.try_commit(one("payment-1", Expectation::NoStream, 2)).await.expect_err("the stream is there");
    for head in [first, scene.grow("order-2", 1).await] {
        let state = Json::from_value(&json!({ "count": head.version.get() })).expect("portable");
        let snapshot = Snapshot::new(id("order-2"), head, 1, state).expect("a small state");
        adapter.snapshots.save(snapshot).await.expect("a snapshot can be saved");
    }
    let lease = lease(&adapter).await;
    let end = adapter.feed.start(FeedStart::End).await.expect("a feed has an end");
    let indexed = RowChange::put("c".to_owned(), row(3), index_of_c()).expect("a small row");
    let orders =
        ViewBatch { changes: vec![put("a", 1), put("b", 2), indexed], ..batch(&lease, None, end.clone(), 6) };
    let empty = ViewBatch { view: ViewId::new("payments", 4), ..batch(&lease, None, end, 6) };
    for batch in [orders, empty] {
        adapter.views.apply(batch).await.expect("a first batch");
    }
    known
}

/// I01: it counts its events, streams, snapshots, outcomes, views and rows, each once, and nothing that was refused.
pub async fn i01_a_description_counts_what_is_there<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    assert_eq!(counts(&scene.adapter()).await, Counts::default(), "a new store holds nothing");
    let outcomes = furnish(&scene).await;
    let last_recorded_at = scene.history().await.iter().map(|event| event.header.recorded_at).max();
    let categories = [("account", 1), ("order", 2), ("payment", 1)];
    let expected = Counts {
        events: 6,
        categories: categories.map(|(category, streams)| (category.to_owned(), streams)).into(),
        snapshots: 1,
        outcomes,
        views: 2,
        view_rows: 3,
        last_recorded_at,
    };
    for adapter in [scene.adapter(), scene.store.second().await] {
        assert_eq!(counts(&adapter).await, expected);
    }
}

/// I01: a check of a sound store finds nothing, a recovery of it removes nothing, and rows tell by what they are found.
pub async fn i01_a_sound_store_is_found_sound<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    furnish(&scene).await;
    let (adapter, before) = (scene.adapter(), scene.history().await);
    let (as_it_was, snapshot) = (described(&adapter).await, adapter.snapshots.latest(&id("order-2")).await);
    if !scene.store.has_upkeep() {
        return not_tried::<S>("I01", "be kept up from here");
    }
    let upkeep = adapter.inspect.upkeep().expect("the store has upkeep");

    let keys = ["c", "a", "z"].map(str::to_owned);
    let values = upkeep.index_values(&view(), &keys).await.expect("index values can be read");
    let of_c: Vec<_> =
        index_of_c().iter().map(|(name, value)| (name.to_owned(), value.as_str().to_owned())).collect();
    assert_eq!(values, [of_c, Vec::new(), Vec::new()]);
    let unknown = upkeep.index_values(&ViewId::new("unknown", 1), &keys).await;
    assert_eq!(unknown.expect("that is no error"), vec![Vec::new(); keys.len()]);

    let mut beyond = Vec::new();
    let mut on_progress = |progress: UpkeepProgress| {
        if progress.of.is_some_and(|of| progress.done > of) {
            beyond.push(progress);
        }
    };
    let found = upkeep.check(&mut on_progress).await.expect("a store can be checked");
    assert!(found.is_empty(), "{:?}", found.kept());
    assert!(beyond.is_empty(), "more was done than there is: {beyond:?}");
    let recovered = upkeep.recover().await.expect("a store can be recovered");
    assert_eq!(recovered, Recovered::default());

    let after = described(&adapter).await;
    assert_eq!(StoreDescription { bytes: as_it_was.bytes, ..after }, as_it_was);
    let kept = adapter.snapshots.latest(&id("order-2")).await.expect("snapshots can be read");
    assert_eq!(kept, snapshot.expect("snapshots can be read"));
    assert_eq!(scene.history().await, before);
    // Outcomes, too, are still known.
    assert!(scene.commit(refusal()).await.replayed);
}
