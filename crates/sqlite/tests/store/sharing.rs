//! Several handles on one file, in one process: each has threads and connections of its own, as processes have.

use std::time::{Duration, Instant};

use annals_core::Json;
use annals_ports::{
    Acquired, Checkpoint, EventFeed, EventStore, Expectation, FeedPosition, FeedQuery, FeedStart,
    IndexValues, Leases, RowChange, RowQuery, ViewBatch, ViewId, ViewStore,
};
use annals_sqlite::SqliteStore;

use crate::file::{File, commit, stream};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_opened_by_eight_at_once_becomes_one_store() {
    for _ in 0..5 {
        let file = File::new();
        let opening: Vec<_> = (0..8).map(|_| tokio::spawn(SqliteStore::open(file.options()))).collect();
        let mut ids = Vec::new();
        for opened in opening {
            ids.push(opened.await.unwrap().unwrap().id());
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handles_take_turns_and_see_each_others_heads() {
    let file = File::new();
    let (left, right) = (file.open().await, file.open().await);
    for number in 0..50 {
        let (first, second) = if number % 2 == 0 { (&left, &right) } else { (&right, &left) };
        let head = first.head(&stream("order-1")).await.unwrap();
        let receipt = first.commit(commit("order-1", Expectation::unchanged(head), number)).await.unwrap();
        assert_eq!(second.head(&stream("order-1")).await.unwrap(), receipt.head(&stream("order-1")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_through_another_handle_wakes_who_waits_within_the_promised_time() {
    let file = File::new();
    let (follower, writer) = (file.open().await, file.open().await);
    let mut delays = Vec::new();
    let mut position = follower.start(FeedStart::End).await.unwrap();
    for number in 0..9 {
        let waiting = tokio::spawn({
            let (follower, position) = (follower.clone(), position.clone());
            async move {
                let page =
                    follower.next(&FeedQuery::all(), &position, Duration::from_secs(10)).await.unwrap();
                (page, Instant::now())
            }
        });
        // Long enough for it to wait. Were it late, it would be answered the sooner.
        tokio::time::sleep(Duration::from_millis(40)).await;
        let committed = Instant::now();
        writer.commit(commit("order-1", Expectation::Any, number)).await.unwrap();
        let (page, woken) = waiting.await.unwrap();
        assert_eq!(page.events.len(), 1);
        position = page.next;
        delays.push(woken - committed);
    }
    delays.sort_unstable();
    assert!(delays[4] < Duration::from_millis(100), "median of {delays:?}");
}

#[tokio::test]
async fn a_dropped_view_is_gone_at_once_and_swept_before_the_file_is_closed_or_later() {
    let file = File::new();
    let store = file.open().await;
    let view = ViewId::new("orders", 1);
    let Acquired::Granted(lease) = store.acquire("orders", "me", Duration::from_secs(60)).await.unwrap()
    else {
        panic!("nobody else asks for it")
    };
    let change = |number: u32| {
        let index = IndexValues::none().with("by_number", [number]);
        RowChange::put(format!("row-{number:05}"), Json::empty(), index).unwrap()
    };
    let position = FeedPosition::beginning(store.id());
    let batch = ViewBatch {
        view: view.clone(),
        lease: lease.clone(),
        from: None,
        changes: (0..1_200).map(change).collect(),
        routes: Vec::new(),
        park: Vec::new(),
        unpark: Vec::new(),
        checkpoint: Checkpoint { position, events: 0, last_recorded_at: None },
    };
    store.apply(batch.clone()).await.unwrap();
    assert_eq!(store.state(&view).await.unwrap().unwrap().rows, 1_200);
    store.reset(&view, &lease).await.unwrap();
    assert_eq!(store.state(&view).await.unwrap(), None);
    assert_eq!(store.page(&view, &RowQuery::all()).await.unwrap().rows, []);
    store.apply(ViewBatch { changes: vec![change(7)], ..batch }).await.unwrap();
    let raw = file.raw();
    let left = || raw.query_row("SELECT count(*) FROM view_rows", [], |row| row.get::<_, i64>(0)).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while left() > 1 {
        assert!(Instant::now() < deadline, "{} rows are left", left());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(store.page(&view, &RowQuery::all()).await.unwrap().rows.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_put_back_in_place_while_the_store_is_open_is_what_the_store_holds() {
    let file = File::new();
    let store = file.open().await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let backup = file.folder().join("backup.db");
    file.raw().backup("main", &backup, None).unwrap();
    store.commit(commit("order-2", Expectation::NoStream, 2)).await.unwrap();
    assert_eq!(names(&store).await, ["order-1", "order-2"]);
    file.raw().restore("main", &backup, None::<fn(_)>).unwrap();
    assert_eq!(names(&store).await, ["order-1"]);
    // It gets the number that the other one had.
    store.commit(commit("order-3", Expectation::NoStream, 3)).await.unwrap();
    assert_eq!(names(&store).await, ["order-1", "order-3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stores_file_put_back_in_place_is_refused() {
    let (file, other) = (File::new(), File::new());
    let store = file.open().await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let another = other.open().await.id();
    file.raw().restore("main", other.path(), None::<fn(_)>).unwrap();
    let error = store.head(&stream("order-1")).await.unwrap_err().to_string();
    assert!(error.contains(&store.id().to_string()) && error.contains(&another.to_string()), "{error}");
    let error = store.commit(commit("order-1", Expectation::Any, 2)).await.unwrap_err().to_string();
    assert!(error.contains("holds store") && error.contains("nothing was written"), "{error}");
}

/// The names of the streams in the feed, in its order.
async fn names(store: &SqliteStore) -> Vec<String> {
    let beginning = FeedPosition::beginning(store.id());
    let page = store.next(&FeedQuery::all(), &beginning, Duration::ZERO).await.unwrap();
    page.events.iter().map(|event| event.header.stream.to_string()).collect()
}
