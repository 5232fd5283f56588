//! Laws V01 and V02 at the ports: what a page of the feed does to a view happens whole or not at all, and only for
//! who holds the lease.

use std::time::Duration;

use annals_core::{Json, StreamId, Version};
use annals_ports::{
    Acquired, Adapter, Checkpoint, FeedPosition, FeedStart, IndexValue, IndexValues, Lease, Parked, Route,
    RowChange, RowQuery, ViewBatch, ViewError, ViewId,
};
use serde_json::json;

use super::StoreUnderTest;
use super::scene::{Scene, id};

const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn view() -> ViewId {
    ViewId::new("orders", 1)
}

pub(super) async fn acquire(adapter: &Adapter, name: &str, owner: &str, time_to_live: Duration) -> Acquired {
    adapter.leases.acquire(name, owner, time_to_live).await.expect("leases can be asked for")
}

#[track_caller]
fn granted(acquired: Acquired) -> Lease {
    match acquired {
        Acquired::Granted(lease) => lease,
        Acquired::Held { owner, until } => panic!("the lease is free, yet {owner} holds it until {until}"),
    }
}

pub(super) async fn lease(adapter: &Adapter) -> Lease {
    granted(acquire(adapter, "view orders", "runner-1", HOUR).await)
}

pub(super) fn row(number: u64) -> Json {
    Json::from_value(&json!({ "number": number })).expect("portable")
}

pub(super) fn put(key: &str, number: u64) -> RowChange {
    RowChange::put(key.to_owned(), row(number), IndexValues::none()).expect("a small row")
}

/// A batch without changes from one position to the next.
pub(super) fn batch(lease: &Lease, from: Option<FeedPosition>, to: FeedPosition, events: u64) -> ViewBatch {
    ViewBatch {
        view: view(),
        lease: lease.clone(),
        from,
        changes: Vec::new(),
        routes: Vec::new(),
        park: Vec::new(),
        unpark: Vec::new(),
        checkpoint: Checkpoint { position: to, events, last_recorded_at: None },
    }
}

/// Where the feed ends after one more event.
pub(super) async fn next_place<S: StoreUnderTest>(scene: &Scene<S>) -> FeedPosition {
    scene.grow("order-1", 1).await;
    scene.adapter().feed.start(FeedStart::End).await.expect("a feed has an end")
}

fn parked(awaits: &str, version: u64) -> Parked {
    Parked { awaits: id(awaits), stream: id("payment-1"), version: Version::new(version) }
}

fn route(stream: &str, key: &str) -> Route {
    Route { stream: id(stream), key: key.to_owned() }
}

/// All that a view holds, for comparison.
#[derive(Debug, PartialEq)]
struct Contents {
    rows: Vec<(String, Json)>,
    routes: Vec<Vec<String>>,
    parked: Vec<Parked>,
    checkpoint: Option<Checkpoint>,
    counts: Option<(u64, u64)>,
}

async fn contents(adapter: &Adapter) -> Contents {
    let streams: Vec<StreamId> = ["order-1", "order-2", "order-3"].map(id).into();
    let views = &adapter.views;
    let page = views.page(&view(), &RowQuery::all()).await.expect("rows can be read");
    let mut routes = views.routes(&view(), &streams).await.expect("routes can be read");
    for keys in &mut routes {
        keys.sort();
    }
    let state = views.state(&view()).await.expect("a view's state can be read");
    Contents {
        rows: page.rows.into_iter().map(|row| (row.key, row.row)).collect(),
        routes,
        parked: views.parked(&view(), &streams).await.expect("parked events can be read"),
        checkpoint: state.as_ref().map(|state| state.checkpoint.clone()),
        counts: state.map(|state| (state.rows, state.parked)),
    }
}

/// V01: rows, routes, parked events and the checkpoint change together, and are seen from everywhere and after a restart.
pub async fn v01_a_batch_changes_everything_at_once<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let adapter = scene.adapter();
    assert!(adapter.views.list().await.expect("views can be listed").is_empty());
    assert_eq!(adapter.views.state(&view()).await.expect("that is no error"), None);
    let lease = lease(&adapter).await;
    let (first, second) = (next_place(&scene).await, next_place(&scene).await);

    let mut begin = batch(&lease, None, first.clone(), 1);
    begin.changes = vec![put("a", 1), put("b", 2), put("c", 3)];
    begin.routes =
        vec![route("order-1", "a"), route("order-2", "b"), route("order-1", "c"), route("order-1", "a")];
    begin.park = vec![parked("order-3", 2), parked("order-2", 1), parked("order-3", 1)];
    adapter.views.apply(begin).await.expect("a first batch");

    let stamp = scene.head("order-1").await.map(|head| head.recorded_at);
    let mut go_on = batch(&lease, Some(first), second.clone(), 2);
    go_on.checkpoint.last_recorded_at = stamp;
    go_on.changes = vec![RowChange::delete("b".to_owned()).expect("a key"), put("a", 10), put("d", 4)];
    go_on.routes = vec![route("order-3", "d")];
    go_on.unpark = vec![parked("order-3", 2)];
    go_on.park = vec![parked("order-3", 3)];
    adapter.views.apply(go_on).await.expect("a second batch");

    let expected = Contents {
        rows: [("a", 10), ("c", 3), ("d", 4)].map(|(key, number)| (key.to_owned(), row(number))).into(),
        routes: vec![vec!["a".to_owned(), "c".to_owned()], vec!["b".to_owned()], vec!["d".to_owned()]],
        parked: vec![parked("order-2", 1), parked("order-3", 1), parked("order-3", 3)],
        checkpoint: Some(Checkpoint { position: second, events: 2, last_recorded_at: stamp }),
        counts: Some((3, 3)),
    };
    for _ in 0..2 {
        for adapter in [scene.adapter(), scene.store.second().await] {
            assert_eq!(contents(&adapter).await, expected);
            let keys = ["d", "b", "a", "none", "a"].map(str::to_owned);
            let rows = adapter.views.rows(&view(), &keys).await.expect("rows can be read");
            assert_eq!(rows, [Some(row(4)), None, Some(row(10)), None, Some(row(10))]);
            let listed = adapter.views.list().await.expect("views can be listed");
            assert_eq!(listed.iter().map(|state| &state.view).collect::<Vec<_>>(), [&view()]);
        }
        scene.reopen().await;
    }
}

/// V01: a page that is applied again, or from another place, changes nothing.
pub async fn v01_a_batch_from_another_checkpoint_changes_nothing<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let adapter = scene.adapter();
    let lease = lease(&adapter).await;
    let (first, second) = (next_place(&scene).await, next_place(&scene).await);
    let mut begin = batch(&lease, None, first.clone(), 1);
    begin.changes = vec![put("a", 1)];
    adapter.views.apply(begin.clone()).await.expect("a first batch");
    let before = contents(&adapter).await;
    let mut elsewhere = batch(&lease, Some(second.clone()), second.clone(), 2);
    elsewhere.changes = vec![put("a", 2)];
    for (again, from) in [(begin, None), (elsewhere, Some(second))] {
        match adapter.views.apply(again).await {
            Err(ViewError::CheckpointMoved { expected, found, .. }) => {
                assert_eq!((expected, found), (from, Some(first.clone())));
            }
            other => panic!("the checkpoint is at {first}, not at {from:?}: got {other:?}"),
        }
        assert_eq!(contents(&adapter).await, before);
    }
    let mut unknown = batch(&lease, Some(first), before.checkpoint.expect("set").position, 2);
    unknown.view = ViewId::new("others", 1);
    let outcome = adapter.views.apply(unknown).await;
    assert!(matches!(outcome, Err(ViewError::CheckpointMoved { found: None, .. })), "got {outcome:?}");
}

/// V01: when the checkpoint cannot be written, the rows, index values, routes and parked events of its page are not there
/// either; once it can, the same batch goes in whole.
pub async fn v01_a_batch_whose_checkpoint_fails_changes_nothing<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let adapter = scene.adapter();
    let lease = lease(&adapter).await;
    let (first, second) = (next_place(&scene).await, next_place(&scene).await);
    let put = |key: &str, number: u64| {
        let index = IndexValues::none().with("by_number", [number]);
        RowChange::put(key.to_owned(), row(number), index).expect("a small row")
    };
    let mut begin = batch(&lease, None, first.clone(), 1);
    begin.changes = vec![put("a", 1), put("b", 2)];
    begin.routes = vec![route("order-1", "a")];
    begin.park = vec![parked("order-2", 1), parked("order-3", 1)];
    let mut go_on = batch(&lease, Some(first), second, 2);
    go_on.changes = vec![put("a", 10), RowChange::delete("b".to_owned()).expect("a key"), put("c", 3)];
    go_on.routes = vec![route("order-2", "c"), route("order-1", "c")];
    go_on.park = vec![parked("order-1", 4)];
    go_on.unpark = vec![parked("order-3", 1)];

    for batch in [begin, go_on] {
        let before = (contents(&adapter).await, by_number(&adapter).await);
        let Some(stuck) = scene.store.stick_checkpoints().await else {
            return super::abilities::not_tried::<S>("V01", "fail between rows and their checkpoint");
        };
        for _ in 0..2 {
            let outcome = adapter.views.apply(batch.clone()).await;
            assert!(
                matches!(outcome, Err(ViewError::Store(_))),
                "no checkpoint was written, got {outcome:?}"
            );
            let after = (contents(&adapter).await, by_number(&adapter).await);
            assert_eq!(after, before, "its checkpoint could not be written");
        }
        drop(stuck);
        adapter.views.apply(batch).await.expect("the same batch, once its checkpoint can be written");
    }
    let expected = [("a", 10), ("c", 3)].map(|(key, number)| (key.to_owned(), row(number)));
    scene.reopen().await;
    assert_eq!(by_number(&scene.adapter()).await, expected);
    let left = contents(&scene.adapter()).await;
    assert_eq!(left.routes, [vec!["a", "c"], vec!["c"], vec![]]);
    assert_eq!(left.parked, [parked("order-2", 1), parked("order-1", 4)]);
    assert_eq!(left.counts, Some((2, 2)));
}

/// The rows in the order of an index.
async fn by_number(adapter: &Adapter) -> Vec<(String, Json)> {
    let query = RowQuery::index("by_number", IndexValue::default());
    let page = adapter.views.page(&view(), &query).await.expect("rows can be read by an index");
    page.rows.into_iter().map(|row| (row.key, row.row)).collect()
}

/// V01: versions of a view and other views are apart, and one can be dropped alone.
pub async fn v01_views_are_apart_and_dropped_alone<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let adapter = scene.adapter();
    let lease = lease(&adapter).await;
    let place = next_place(&scene).await;
    let views = [view(), ViewId::new("orders", 2), ViewId::new("order", 1)];
    for (number, view) in (0..).zip(&views) {
        let mut begin = batch(&lease, None, place.clone(), 1);
        begin.view = view.clone();
        begin.changes = vec![put("a", number)];
        begin.routes = vec![route("order-1", &format!("a{number}"))];
        adapter.views.apply(begin).await.expect("a first batch");
    }
    adapter.views.reset(&views[1], &lease).await.expect("the lease is held");
    adapter.views.reset(&views[1], &lease).await.expect("dropping nothing is no error");
    let mut left = Vec::new();
    for (number, view) in (0..).zip(&views) {
        let rows = adapter.views.rows(view, &["a".to_owned()]).await.expect("rows can be read");
        let routes = adapter.views.routes(view, &[id("order-1")]).await.expect("routes can be read");
        let expected = (number != 1).then(|| row(number));
        assert_eq!(rows, [expected]);
        assert_eq!(routes[0].len(), usize::from(number != 1));
        left.extend(adapter.views.state(view).await.expect("states can be read").map(|state| state.view));
    }
    assert_eq!(left, [view(), ViewId::new("order", 1)]);
}

/// V02: who lost the lease writes nothing, whatever the clocks say; who holds it now goes on.
pub async fn v02_a_runner_that_lost_its_lease_changes_nothing<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (here, there) = (scene.adapter(), scene.store.second().await);
    let (first, second) = (next_place(&scene).await, next_place(&scene).await);
    let lost = granted(acquire(&here, "view orders", "runner-1", Duration::from_millis(1)).await);
    let mut begin = batch(&lost, None, first.clone(), 1);
    begin.changes = vec![put("a", 1)];
    here.views.apply(begin).await.expect("the lease is held");

    let taken = stolen(&scene, "runner-2").await;
    assert!(taken.token > lost.token, "the token rises: {} after {}", taken.token, lost.token);
    scene.store.clock().step_back(Duration::from_secs(2));
    let before = contents(&here).await;
    let mut late = batch(&lost, Some(first.clone()), second.clone(), 2);
    late.changes = vec![put("a", 2)];
    let outcomes = [here.views.apply(late.clone()).await, here.views.reset(&view(), &lost).await];
    for outcome in outcomes {
        match outcome {
            Err(ViewError::LeaseLost { lease, owner, .. }) => {
                assert_eq!((lease.as_str(), owner.as_str()), ("view orders", "runner-1"));
            }
            other => panic!("the lease was lost, got {other:?}"),
        }
    }
    assert_eq!(contents(&here).await, before);
    late.lease = taken;
    there.views.apply(late).await.expect("the new holder goes on from the checkpoint");
}

async fn stolen<S: StoreUnderTest>(scene: &Scene<S>, owner: &str) -> Lease {
    let lease = scene.store.steal_lease("view orders", owner).await;
    lease.expect("a lease of 1 ms runs out")
}

/// V02: a lease that was taken over is not renewed, and its old holder writes nothing even before anything else was.
pub async fn v02_a_stolen_lease_writes_nothing<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let adapter = scene.adapter();
    let place = next_place(&scene).await;
    let lost = granted(acquire(&adapter, "view orders", "runner-1", Duration::from_millis(1)).await);
    let taken = stolen(&scene, "runner-2").await;
    assert_eq!(taken.owner, "runner-2");
    let renewed = adapter.leases.renew(&lost, HOUR).await.expect("that is no error");
    assert_eq!(renewed, None, "a lease that was taken over is not renewed");
    let mut late = batch(&lost, None, place.clone(), 1);
    late.changes = vec![put("a", 1)];
    let outcome = adapter.views.apply(late.clone()).await;
    assert!(matches!(outcome, Err(ViewError::LeaseLost { .. })), "the lease was lost, got {outcome:?}");
    assert_eq!(contents(&adapter).await.checkpoint, None, "the view was begun by who lost the lease");
    late.lease = taken;
    adapter.views.apply(late).await.expect("the new holder begins the view");
}

/// V02: one holder at a time; the token rises with each change of owner, and stays with an owner that comes again.
pub async fn v02_a_lease_has_one_holder_and_a_rising_token<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (here, there) = (scene.adapter(), scene.store.second().await);
    let first = granted(acquire(&here, "a", "runner-1", HOUR).await);
    assert_eq!((first.name.as_str(), first.owner.as_str()), ("a", "runner-1"));
    match acquire(&there, "a", "runner-2", HOUR).await {
        Acquired::Held { owner, .. } => assert_eq!(owner, "runner-1"),
        Acquired::Granted(lease) => panic!("two hold it: {lease:?}"),
    }
    let again = granted(acquire(&there, "a", "runner-1", HOUR).await);
    assert_eq!(again.token, first.token, "the same owner, the same token");
    granted(acquire(&there, "b", "runner-2", HOUR).await);
    let renewed = here.leases.renew(&first, 2 * HOUR).await.expect("leases can be renewed");
    let renewed = renewed.expect("it is held");
    assert!(renewed.until > first.until && renewed.token == first.token, "{renewed:?} after {first:?}");

    here.leases.release(&renewed).await.expect("leases can be given back");
    let taken = granted(acquire(&there, "a", "runner-2", HOUR).await);
    assert!(taken.token > first.token, "another owner, a higher token");
    assert_eq!(here.leases.renew(&first, HOUR).await.expect("that is no error"), None, "it was lost");
    here.leases.release(&first).await.expect("giving back what was lost is no error");
    match acquire(&here, "a", "runner-1", HOUR).await {
        Acquired::Held { owner, .. } => {
            assert_eq!(owner, "runner-2", "the lost lease was not given back for another");
        }
        Acquired::Granted(lease) => panic!("two hold it: {lease:?}"),
    }
}

/// V02: of those who ask at once, one is granted the lease.
pub async fn v02_racing_for_a_lease_has_one_winner<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    for round in 0..5 {
        let mut racing = tokio::task::JoinSet::new();
        for racer in 0..10 {
            let adapter = handles[racer % 2].clone();
            racing.spawn(async move {
                acquire(&adapter, &format!("lease {round}"), &format!("runner-{racer}"), HOUR).await
            });
        }
        let answers = racing.join_all().await;
        let won = answers.iter().filter(|answer| matches!(answer, Acquired::Granted(_))).count();
        assert_eq!(won, 1, "round {round}: {answers:?}");
    }
}
