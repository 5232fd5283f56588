//! A dump that is restored into a new server goes on: positions, feed, checkpoints, views, leases.

use std::process::{Command, Stdio};
use std::time::Duration;

use annals_core::Json;
use annals_ports::{
    Checkpoint, EventFeed, EventStore, Expectation, FeedPosition, FeedQuery, FeedStart, IndexValues,
    RowChange, RowQuery, ViewBatch, ViewId, ViewStore,
};
use annals_services::{Collation, Version, private_postgres};

use crate::shop::{commit, lease, open, stream};

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_restored_into_a_new_server_continues() {
    // Both of the same release, and pg_dump with them: an older one does not read what a newer one has written.
    let (old, new) = (private_postgres(Version::V15).await, private_postgres(Version::V15).await);
    let database = old.database(Collation::Server).await;
    let store = open(database.url()).await;
    // Positions far from where a new server would begin to count.
    for number in 0..300 {
        store.commit(commit("order-1", Expectation::Any, number)).await.unwrap();
        let _ = store.commit(commit("order-1", Expectation::NoStream, number)).await.unwrap_err();
    }
    let beginning = FeedPosition::beginning(store.id());
    let page = store.next(&FeedQuery::all().limit(100), &beginning, Duration::ZERO).await.unwrap();
    let (position, view) = (page.next.clone(), ViewId::new("orders", 1));
    let lease = lease(&store, "orders").await;
    let row =
        RowChange::put("row-1".to_owned(), Json::empty(), IndexValues::none().with("by_number", [7_u32]))
            .unwrap();
    let checkpoint = Checkpoint { position: position.clone(), events: 100, last_recorded_at: None };
    let batch = ViewBatch {
        view: view.clone(),
        lease: lease.clone(),
        from: None,
        changes: vec![row],
        routes: Vec::new(),
        park: Vec::new(),
        unpark: Vec::new(),
        checkpoint,
    };
    store.apply(batch.clone()).await.unwrap();

    let restored = new.database(Collation::Server).await;
    let mut dump = Command::new(old.binaries().join("pg_dump"))
        .args(["--no-owner", "--dbname", database.url()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("pg_dump: {error}; install PostgreSQL's client programs"));
    let into = Command::new(new.binaries().join("psql"))
        .args(["--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", restored.url()])
        .stdin(dump.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(
        dump.wait().unwrap().success() && into.status.success(),
        "{}",
        String::from_utf8_lossy(&into.stderr)
    );

    let again = open(restored.url()).await;
    assert_eq!(again.id(), store.id());
    assert_eq!(again.head(&stream("order-1")).await.unwrap(), store.head(&stream("order-1")).await.unwrap());
    assert_eq!(again.start(FeedStart::End).await.unwrap(), store.start(FeedStart::End).await.unwrap());
    assert_eq!(again.page(&view, &RowQuery::all()).await.unwrap().rows.len(), 1);
    let state = again.state(&view).await.unwrap().unwrap();
    assert_eq!((state.rows, state.checkpoint.position.clone()), (1, position.clone()));
    // What is new comes after what was there.
    again.commit(commit("order-2", Expectation::NoStream, 1)).await.unwrap();
    let mut following = position;
    let mut seen = Vec::new();
    while seen.len() < 201 {
        let page = again.next(&FeedQuery::all(), &following, Duration::from_secs(5)).await.unwrap();
        assert!(!page.events.is_empty(), "{} were seen", seen.len());
        seen.extend(page.events);
        following = page.next;
    }
    assert_eq!(seen[0].header.version.get(), 101);
    assert_eq!(seen[200].header.stream, stream("order-2"));
    let checkpoint = Checkpoint { position: following, events: 301, last_recorded_at: None };
    let next = ViewBatch { from: Some(state.checkpoint.position), changes: Vec::new(), checkpoint, ..batch };
    again.apply(next).await.unwrap();
}
