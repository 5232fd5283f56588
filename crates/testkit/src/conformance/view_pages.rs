//! Law V03: a view is read by key, by keys, and by a declared index, in pages, in an order that does not change.

use annals_core::Json;
use annals_core::limits::{INDEX_VALUE_BYTES_MAX, ROW_BYTES_MAX};
use annals_ports::{Adapter, IndexValue, IndexValues, Row, RowChange, RowQuery, StoreError};
use serde_json::json;

use super::StoreUnderTest;
use super::scene::Scene;
use super::views::{batch, lease, next_place, row, view};

/// Keys whose order by bytes is not the one of any dictionary, each with an owner and a day.
const ROWS: [(&str, &str, &str); 10] = [
    ("order-1", "ada", "2024-01-02"),
    ("order-10", "ada", "2024-01-01"),
    ("order-2", "Ada", "2024-01-01"),
    ("order-B", "adam", "2024-01-01"),
    ("order-a", "ada", "2024-01-01"),
    ("order_x", "", "2024-01-01"),
    ("Order", "é", "2024-01-03"),
    ("ärger", "ada", ""),
    ("zebra", "ad", "a"),
    ("%", "_", "%"),
];

async fn fill<S: StoreUnderTest>(scene: &Scene<S>) -> Adapter {
    let adapter = scene.adapter();
    let mut begin = batch(&lease(&adapter).await, None, next_place(scene).await, 1);
    let put = |(number, (key, owner, day)): (u64, &(&str, &str, &str))| {
        let index = IndexValues::none().with("by owner", [owner, day]).with("by day", [day]);
        RowChange::put((*key).to_owned(), row(number), index).expect("a small row")
    };
    begin.changes = (0..).zip(&ROWS).map(put).collect();
    let unindexed = RowChange::put("order-unindexed".to_owned(), row(99), IndexValues::none());
    begin.changes.push(unindexed.expect("a small row"));
    adapter.views.apply(begin).await.expect("a first batch");
    adapter
}

/// All rows of a query, over as many pages as it takes.
async fn all(adapter: &Adapter, query: RowQuery) -> Vec<Row> {
    let mut query = query;
    let mut rows = Vec::new();
    loop {
        let page = adapter.views.page(&view(), &query).await.expect("rows can be read");
        assert!(page.rows.len() <= query.limit.max(1), "asked for {}, got {}", query.limit, page.rows.len());
        rows.extend(page.rows);
        assert!(rows.len() < 1_000, "the pages of {:?} never end", query.select);
        match page.next {
            Some(token) => query.after = Some(token.to_string().parse().expect("a token survives as text")),
            None => return rows,
        }
    }
}

/// Checks a query in pages of several sizes, both ways.
async fn assert_rows(adapter: &Adapter, query: RowQuery, expected: &[&str]) {
    for limit in [1, 3, 100] {
        let forward: Vec<String> =
            all(adapter, query.clone().limit(limit)).await.into_iter().map(|row| row.key).collect();
        assert_eq!(forward, expected, "{:?} in pages of {limit}", query.select);
        let mut backward: Vec<String> = all(adapter, query.clone().backward().limit(limit))
            .await
            .into_iter()
            .map(|row| row.key)
            .collect();
        backward.reverse();
        assert_eq!(backward, expected, "{:?} backwards in pages of {limit}", query.select);
    }
}

/// V03: by key, all or those that begin so, ordered by bytes.
pub async fn v03_rows_are_read_by_key_in_order<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    fill(&scene).await;
    let mut keys: Vec<&str> = ROWS.iter().map(|(key, ..)| *key).chain(["order-unindexed"]).collect();
    keys.sort_unstable();
    assert_rows(&scene.store.second().await, RowQuery::all(), &keys).await;
    let adapter = scene.adapter();
    assert_rows(&adapter, RowQuery::all(), &keys).await;
    for prefix in ["order-", "order-1", "o", "O", "ä", "%", "_", "order_", "none", "order-1\u{fffd}"] {
        let expected: Vec<&str> = keys.iter().copied().filter(|key| key.starts_with(prefix)).collect();
        assert_rows(&adapter, RowQuery::keys(prefix), &expected).await;
    }
}

/// V03: by an index's value, all or those whose first parts are given, ordered by value, then key.
pub async fn v03_rows_are_read_by_index_in_order<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    fill(&scene).await;
    let adapter = scene.adapter();
    let mut by_owner = ROWS.to_vec();
    by_owner.sort_by_key(|(key, owner, day)| (*owner, *day, *key));
    for prefix in
        [&[][..], &["ada"], &["ada", "2024-01-01"], &["ad"], &["a"], &["Ada"], &[""], &["é"], &["_"]]
    {
        let parts = |owner: &'static str, day: &'static str| [owner, day];
        let expected = by_owner.iter().filter(|(_, owner, day)| parts(owner, day).starts_with(prefix));
        let expected: Vec<&str> = expected.map(|(key, ..)| *key).collect();
        assert_rows(&adapter, RowQuery::index("by owner", IndexValue::of(prefix)), &expected).await;
    }
    let mut by_day = ROWS.to_vec();
    by_day.sort_by_key(|(key, _, day)| (*day, *key));
    let expected: Vec<&str> = by_day.iter().map(|(key, ..)| *key).collect();
    for adapter in [adapter, scene.store.second().await] {
        assert_rows(&adapter, RowQuery::index("by day", IndexValue::default()), &expected).await;
        assert_rows(&adapter, RowQuery::index("undeclared", IndexValue::default()), &[]).await;
    }
}

/// V03: a row that is put again, or taken away, is found by its new index values alone.
pub async fn v03_an_index_follows_its_rows<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let adapter = fill(&scene).await;
    let checkpoint =
        adapter.views.state(&view()).await.expect("states can be read").expect("it was begun").checkpoint;
    let mut next = batch(&lease(&adapter).await, Some(checkpoint.position), next_place(&scene).await, 2);
    let moved = IndexValues::none().with("by owner", ["zoe", "x"]);
    next.changes = vec![
        RowChange::put("order-1".to_owned(), row(1), moved).expect("a small row"),
        RowChange::delete("order-a".to_owned()).expect("a key"),
    ];
    adapter.views.apply(next).await.expect("a second batch");
    assert_rows(&adapter, RowQuery::index("by owner", IndexValue::of(["zoe"])), &["order-1"]).await;
    assert_rows(&adapter, RowQuery::index("by owner", IndexValue::of(["ada"])), &["ärger", "order-10"]).await;
    let of_day = RowQuery::index("by day", IndexValue::of(["2024-01-02"]));
    assert_rows(&adapter, of_day, &[]).await;
}

/// V03: pages go on from where they ended, though rows come and go between them.
pub async fn v03_pages_go_on_while_rows_change<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let adapter = fill(&scene).await;
    let by_owner = RowQuery::index("by owner", IndexValue::of(["ada"])).limit(2);
    let first = adapter.views.page(&view(), &by_owner).await.expect("rows can be read");
    let found: Vec<_> = first.rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(found, ["ärger", "order-10"]);
    let checkpoint =
        adapter.views.state(&view()).await.expect("states can be read").expect("it was begun").checkpoint;
    let mut next = batch(&lease(&adapter).await, Some(checkpoint.position), next_place(&scene).await, 2);
    // The last row of the page goes, and more than one come before it: who counts rows is led astray.
    let earlier = IndexValues::none().with("by owner", ["ada", "1999-01-01"]);
    next.changes = vec![
        RowChange::delete("order-10".to_owned()).expect("a key"),
        RowChange::put("new".to_owned(), row(7), earlier.clone()).expect("a small row"),
        RowChange::put("newer".to_owned(), row(8), earlier).expect("a small row"),
    ];
    adapter.views.apply(next).await.expect("a second batch");
    let token = first.next.expect("there are more than two");
    let rest = all(&adapter, by_owner.after(token)).await;
    let found: Vec<_> = rest.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(found, ["order-a", "order-1"], "what stood behind the first page comes, once");
}

/// V03: an unknown view has no rows; that is no error.
pub async fn v03_an_unknown_view_is_empty<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let adapter = scene.adapter();
    assert_rows(&adapter, RowQuery::all(), &[]).await;
    let rows =
        adapter.views.rows(&view(), &["a".to_owned(), "b".to_owned()]).await.expect("that is no error");
    assert_eq!(rows, [None, None]);
    let routes =
        adapter.views.routes(&view(), &[super::scene::id("order-1")]).await.expect("that is no error");
    assert_eq!(routes, [Vec::<String>::new()]);
}

/// R06: a page token of another store's view is refused.
pub async fn r06_a_views_page_token_of_another_store_is_refused<S: StoreUnderTest>() {
    let (ours, theirs) = (Scene::<S>::new().await, Scene::<S>::new().await);
    let (here, there) = (fill(&ours).await, fill(&theirs).await);
    let query = RowQuery::all().limit(2);
    let page = there.views.page(&view(), &query).await.expect("rows can be read");
    let outcome = here.views.page(&view(), &query.after(page.next.expect("there are more than two"))).await;
    assert!(matches!(outcome, Err(StoreError::WrongStore { .. })), "got {outcome:?}");
}

/// A08: a row of 256 KiB under a key of 512 bytes, with index values of 512 bytes, is accepted and found.
pub async fn a08_the_largest_row_is_accepted<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let adapter = scene.adapter();
    let fill = "x".repeat(ROW_BYTES_MAX - r#"{"fill":""}"#.len());
    let largest = Json::from_value(&json!({ "fill": fill })).expect("portable");
    let key = "é".repeat(INDEX_VALUE_BYTES_MAX / 2);
    // A part takes one byte more than its text.
    let long = "v".repeat(INDEX_VALUE_BYTES_MAX - 1);
    let index = IndexValues::none().with("long", [&long]);
    let mut begin = batch(&lease(&adapter).await, None, next_place(&scene).await, 1);
    begin.changes =
        vec![RowChange::put(key.clone(), largest.clone(), index).expect("at the limits, not beyond")];
    adapter.views.apply(begin).await.expect("a first batch");
    for query in [RowQuery::all(), RowQuery::index("long", IndexValue::of([&long]))] {
        let found = all(&adapter, query).await;
        assert!(found == [Row { key: key.clone(), row: largest.clone() }], "the row comes back whole");
    }
}
