//! Laws S01 and S02 at the port: the latest snapshot comes back as it was saved, whatever its schema.

use annals_core::limits::ROW_BYTES_MAX;
use annals_core::{Json, StreamHead};
use annals_ports::Snapshot;
use serde_json::json;

use super::StoreUnderTest;
use super::scene::{Scene, id};

fn snapshot(stream: &str, head: StreamHead, state_schema: u32, state: &serde_json::Value) -> Snapshot {
    let state = Json::from_value(state).expect("portable");
    Snapshot::new(id(stream), head, state_schema, state).expect("a small state")
}

/// S01: what was saved comes back, to the last field, here and in another process; each stream has its own.
pub async fn s01_the_latest_snapshot_comes_back_as_saved<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    let (first, second) = (scene.grow("order-1", 3).await, scene.grow("order-2", 1).await);
    let none = handles[0].snapshots.latest(&id("order-1")).await.expect("that is no error");
    assert_eq!(none, None, "nothing was saved yet");
    let odd =
        json!({ "count": u64::MAX, "price": 0.1, "text": "é\u{1}😀", "none": null, "nested": [[], {}] });
    let saved = [snapshot("order-1", first, 1, &odd), snapshot("order-2", second, 7, &json!({}))];
    for snapshot in &saved {
        handles[0].snapshots.save(snapshot.clone()).await.expect("a snapshot can be saved");
    }
    let later = snapshot("order-1", scene.grow("order-1", 2).await, 1, &json!({ "later": true }));
    handles[1].snapshots.save(later.clone()).await.expect("a snapshot can be saved");
    for adapter in &handles {
        for expected in [&later, &saved[1]] {
            let found = adapter.snapshots.latest(expected.stream()).await.expect("snapshots can be read");
            assert_eq!(found.as_ref(), Some(expected));
        }
    }
}

/// A08: a snapshot of 256 KiB is accepted.
pub async fn a08_the_largest_snapshot_is_accepted<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let head = scene.grow("order-1", 1).await;
    let frame = r#"{"fill":""}"#.len();
    let largest = snapshot("order-1", head, 1, &json!({ "fill": "x".repeat(ROW_BYTES_MAX - frame) }));
    assert_eq!(largest.state().len(), ROW_BYTES_MAX);
    scene.adapter().snapshots.save(largest.clone()).await.expect("it is within the limit");
    let found = scene.adapter().snapshots.latest(&id("order-1")).await.expect("snapshots can be read");
    assert!(found == Some(largest), "it comes back whole");
}

/// S02: a snapshot of another state schema takes the earlier one's place, even at a lower version: a program that was
/// put back must be able to go on.
pub async fn s02_a_snapshot_of_another_schema_takes_the_place<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (low, high) = (scene.grow("order-1", 1).await, scene.grow("order-1", 4).await);
    let snapshots = scene.adapter().snapshots;
    for (head, schema) in [(high, 2), (low, 1), (high, 3), (low, 2)] {
        let saved = snapshot("order-1", head, schema, &json!({ "schema": schema }));
        snapshots.save(saved.clone()).await.expect("a snapshot can be saved");
        let found = snapshots.latest(&id("order-1")).await.expect("snapshots can be read");
        assert_eq!(found, Some(saved), "schema {schema} was saved last");
    }
}

/// S02: a snapshot that is of no use can be dropped, and dropping nothing is no error.
pub async fn s02_a_snapshot_can_be_dropped<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let (first, second) = (scene.grow("order-1", 1).await, scene.grow("order-2", 1).await);
    let snapshots = scene.adapter().snapshots;
    for (stream, head) in [("order-1", first), ("order-2", second)] {
        snapshots.save(snapshot(stream, head, 1, &json!({}))).await.expect("a snapshot can be saved");
    }
    for _ in 0..2 {
        snapshots.remove(&id("order-1")).await.expect("a snapshot can be dropped");
        let (gone, left) = (snapshots.latest(&id("order-1")).await, snapshots.latest(&id("order-2")).await);
        assert_eq!(gone.expect("snapshots can be read"), None);
        assert!(left.expect("snapshots can be read").is_some(), "another stream's was dropped");
    }
}
