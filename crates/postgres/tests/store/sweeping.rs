//! What a dropped view leaves in the tables is swept away in the background, and nothing else is.

use annals_core::{Json, Version};
use annals_ports::{
    Checkpoint, FeedPosition, IndexValues, Parked, Route, RowChange, RowQuery, ViewBatch, ViewId, ViewStore,
};
use annals_services::TestDatabase;

use crate::shop::{database, eventually, lease, open, stream};

/// More rows than one transaction sweeps.
const ROWS: u32 = 2_100;

/// How many rows the tables hold that are views'.
async fn left(database: &TestDatabase) -> Vec<i64> {
    let mut connection = database.connect().await;
    let tables = ["view_rows", "view_index", "view_routes", "view_parked", "dropped_views"];
    let mut left = Vec::new();
    for table in tables {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM annals.{table}"));
        left.push(sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap());
    }
    left
}

async fn becomes(database: &TestDatabase, expected: [i64; 5]) {
    eventually(async || {
        let found = left(database).await;
        if found == expected { Ok(()) } else { Err(format!("{found:?} are left, not {expected:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dropped_view_leaves_is_swept_now_or_when_the_store_is_opened() {
    let database = database().await;
    let store = open(database.url()).await;
    let lease = lease(&store, "orders").await;
    let change = |number: u32| {
        let index = IndexValues::none().with("by_number", [number]);
        RowChange::put(format!("row-{number:05}"), Json::empty(), index).unwrap()
    };
    let batch = |view: &ViewId, rows: u32| ViewBatch {
        view: view.clone(),
        lease: lease.clone(),
        from: None,
        changes: (0..rows).map(change).collect(),
        routes: vec![Route { stream: stream("order-1"), key: "row-00000".to_owned() }],
        park: vec![Parked { awaits: stream("order-2"), stream: stream("order-1"), version: Version::FIRST }],
        unpark: Vec::new(),
        checkpoint: Checkpoint {
            position: FeedPosition::beginning(store.id()),
            events: 0,
            last_recorded_at: None,
        },
    };
    let (dropped, kept) = (ViewId::new("orders", 1), ViewId::new("orders", 2));
    store.apply(batch(&kept, 3)).await.unwrap();
    store.apply(batch(&dropped, ROWS)).await.unwrap();
    let all = i64::from(ROWS) + 3;
    assert_eq!(left(&database).await, [all, all, 2, 2, 0]);
    store.reset(&dropped, &lease).await.unwrap();
    becomes(&database, [3, 3, 1, 1, 0]).await;

    // As it is left when the process ends before the sweeping does.
    store.apply(batch(&dropped, 5)).await.unwrap();
    let drop_it = "WITH dropped AS (DELETE FROM annals.views WHERE version = 1 RETURNING id)
        INSERT INTO annals.dropped_views (view) SELECT id FROM dropped";
    database.execute(drop_it).await;
    assert_eq!(left(&database).await, [8, 8, 2, 2, 1]);
    let again = open(database.url()).await;
    becomes(&database, [3, 3, 1, 1, 0]).await;
    assert_eq!(again.page(&kept, &RowQuery::all()).await.unwrap().rows.len(), 3);
}
