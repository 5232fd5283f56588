//! Laws V05 and V06, through the projection layer over the store under test: the same rows, live, resumed and rebuilt,
//! and however streams are interleaved.

use annals_core::{DomainEvent, Json, Metadata, RecordedEvent};
use annals_ports::{Append, Expectation, NewEvent, RowQuery, ViewId};
use annals_projection::AnyRunner;

use super::StoreUnderTest;
use super::scene::{Scene, commit, id, read_stream};
use super::tally::{GiftEvent, TallyEvent};

/// Appends one event to a stream.
async fn tell<S: StoreUnderTest, E: DomainEvent>(scene: &Scene<S>, stream: &str, event: &E) {
    let event = NewEvent::encode(event, &Metadata::new()).expect("the suite's own events");
    scene.commit(commit(vec![Append::new(id(stream), Expectation::Any, vec![event])])).await;
}

fn opened(owner: &str) -> TallyEvent {
    TallyEvent::Opened { owner: owner.to_owned() }
}

fn given(tally: &str, by: u64) -> GiftEvent {
    GiftEvent::Given { tally: tally.to_owned(), by }
}

/// One step of a history in which gifts come before the tallies that they are for, and events of others between.
async fn step<S: StoreUnderTest>(scene: &Scene<S>, number: usize) {
    match number {
        0 => tell(scene, "gift-1", &given("2", 5)).await,
        1 => tell(scene, "tally-1", &opened("ada")).await,
        2 => tell(scene, "tally-1", &TallyEvent::Counted { by: 10 }).await,
        3 => drop(scene.grow("order-1", 3).await),
        4 => tell(scene, "tally-2", &opened("bob")).await,
        5 => tell(scene, "gift-2", &given("1", 2)).await,
        6 => tell(scene, "tally-2", &TallyEvent::Counted { by: 7 }).await,
        7 => tell(scene, "tally-1", &TallyEvent::Taken { by: 3 }).await,
        8 => tell(scene, "tally-3", &opened("ada")).await,
        9 => tell(scene, "gift-1", &given("3", 1)).await,
        _ => tell(scene, "tally-3", &TallyEvent::Counted { by: 100 }).await,
    }
}

const STEPS: usize = 11;

async fn rows<S: StoreUnderTest>(scene: &Scene<S>, view: &ViewId) -> Vec<(String, Json)> {
    let page = scene.adapter().views.page(view, &RowQuery::all()).await.expect("rows can be read");
    page.rows.into_iter().map(|row| (row.key, row.row)).collect()
}

async fn catch_up(runner: &dyn AnyRunner) {
    runner.catch_up(&mut |_| {}).await.unwrap_or_else(|error| panic!("a runner catches up: {error}"));
}

/// V05: a view that is resumed after every event, by one runner after another, one that is caught up at once, and one
/// that is rebuilt, have the same rows, for pages of any size.
pub async fn v05_followed_resumed_and_rebuilt_are_the_same<S: StoreUnderTest>() {
    let mut expected: Option<Vec<(String, Json)>> = None;
    for page_size in [1, 2, 7, 1_000] {
        let mut scene = Scene::<S>::new().await;
        let layers = scene.store.layers();
        for number in 0..STEPS {
            step(&scene, number).await;
            catch_up(layers.runner(&scene.adapter(), page_size).as_ref()).await;
        }
        let runner = layers.runner(&scene.adapter(), page_size);
        let view = runner.view_id().clone();
        let followed = rows(&scene, &view).await;
        assert_eq!(followed.len(), 2, "a row for each owner: {followed:?}");
        assert_eq!(&followed, expected.get_or_insert_with(|| followed.clone()), "in pages of {page_size}");
        for again in ["rebuilt", "rebuilt again"] {
            let rebuilt = runner.rebuild(&mut |_| {}).await;
            rebuilt.unwrap_or_else(|error| panic!("a view is rebuilt: {error}"));
            assert_eq!(rows(&scene, &view).await, followed, "{again}, in pages of {page_size}");
        }
        drop(runner);
        scene.reopen().await;
        catch_up(layers.runner(&scene.adapter(), page_size).as_ref()).await;
        assert_eq!(rows(&scene, &view).await, followed, "after a restart, in pages of {page_size}");
    }
}

/// Orders of the three streams' events, each of which keeps every stream's own order.
const ORDERS: [[usize; 9]; 4] = [
    [0, 1, 2, 4, 5, 6, 7, 8, 9],
    [8, 4, 1, 0, 6, 2, 9, 7, 5],
    [0, 9, 5, 4, 6, 8, 1, 2, 7],
    [1, 2, 7, 4, 6, 8, 5, 0, 9],
];

/// V06: whichever of several streams' events came first, the rows are the same, in the store and in theory.
pub async fn v06_interleavings_give_the_same_rows<S: StoreUnderTest>() {
    let mut expected: Option<Vec<(String, Json)>> = None;
    for order in ORDERS {
        let scene = Scene::<S>::new().await;
        for number in order {
            step(&scene, number).await;
        }
        let runner = scene.store.layers().runner(&scene.adapter(), 3);
        catch_up(runner.as_ref()).await;
        let found = rows(&scene, runner.view_id()).await;
        assert_eq!(found.len(), 2, "a row for each owner: {found:?}");
        assert_eq!(&found, expected.get_or_insert_with(|| found.clone()), "in the order {order:?}");
        let mut streams: Vec<Vec<RecordedEvent>> = Vec::new();
        for stream in ["tally-1", "tally-2", "tally-3", "gift-1", "gift-2"] {
            streams.push(read_stream(&scene.adapter(), &id(stream)).await);
        }
        let checked = scene.store.layers().interleavings(&streams);
        checked.unwrap_or_else(|difference| panic!("{difference}"));
    }
}
