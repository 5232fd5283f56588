//! Races at a view, played step by step: what chance brings about too seldom to show that it would be noticed.

use std::sync::atomic::{AtomicUsize, Ordering};

use annals_ports::{IndexValue, IndexValues, RowChange, RowQuery, ViewStore};

use crate::DynamoStore;
use crate::view_reads::{Read, seen_rows};
use crate::view_tests::{batch, delete_tables, endpoint, lease, open, prefix, put, view};

fn indexed(by: &str) -> IndexValues {
    IndexValues::none().with("by", [by])
}

fn deleted(key: &str) -> RowChange {
    RowChange::delete(key.to_owned()).expect("a key")
}

/// The keys that an index gives, in its order.
async fn by_index(store: &DynamoStore) -> Vec<String> {
    let page = store.page(&view(), &RowQuery::index("by", IndexValue::default())).await;
    page.expect("rows can be read").rows.into_iter().map(|row| row.key).collect()
}

/// V02: a runner that was overtaken after its checkpoint, and tidies up late, removes nothing that was put again since.
#[tokio::test(flavor = "multi_thread")]
async fn who_tidies_up_late_removes_nothing_that_was_put_again() {
    let (endpoint, prefix) = (endpoint().await, prefix());
    let (slow, other) = (open(&endpoint, &prefix).await, open(&endpoint, &prefix).await);
    let lease = lease(&slow).await;
    let mut begin = batch(&slow, &lease, None, 1);
    begin.changes = vec![put("gone", 1, indexed("a")), put("moved", 1, indexed("b"))];
    slow.apply(begin.clone()).await.expect("a batch");

    let mut late = batch(&slow, &lease, Some(begin.checkpoint.position), 2);
    late.changes = vec![deleted("gone"), put("moved", 2, indexed("c"))];
    let after = late.checkpoint.position.clone();
    // Two rows, an entry and the transaction: then only what is left behind.
    let mut trap = slow.database().trap.stand_after(4);
    let store = slow.clone();
    let standing = tokio::spawn(async move { store.apply(late).await });
    trap.stands().await;
    assert_eq!(by_index(&other).await, ["moved"], "the batch counts");

    let mut again = batch(&other, &lease, Some(after), 3);
    again.changes = vec![put("gone", 3, indexed("a")), put("moved", 3, indexed("b"))];
    other.apply(again).await.expect("a batch");
    trap.go_on();
    standing.await.expect("it does not panic").expect("it was applied");
    for store in [&slow, &other] {
        let rows = store.rows(&view(), &["gone", "moved"].map(str::to_owned)).await;
        assert!(rows.expect("rows can be read").iter().all(Option::is_some));
        assert_eq!(by_index(store).await, ["gone", "moved"]);
    }
    delete_tables(&slow).await;
}

/// V01: a reader whose view moves on by two batches between two looks takes neither the newer nor nothing, but looks again.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_was_overtaken_looks_again() {
    let store = open(&endpoint().await, &prefix()).await;
    let lease = lease(&store).await;
    let mut begin = batch(&store, &lease, None, 1);
    begin.changes = vec![put("a", 1, IndexValues::none()), put("b", 1, IndexValues::none())];
    store.apply(begin.clone()).await.expect("a batch");
    let mut batches = Vec::new();
    let mut from = begin.checkpoint.position;
    for number in 2..=3 {
        let mut next = batch(&store, &lease, Some(from), number);
        next.changes = vec![put("a", number, IndexValues::none())];
        from = next.checkpoint.position.clone();
        batches.push(next);
    }
    let looks = AtomicUsize::new(0);
    let (store, looks, batches) = (&store, &looks, &batches);
    let keys = ["a", "b"].map(str::to_owned);
    let keys = &keys;
    let view = view();
    let seen = store.at_one_moment(&view, |moment| async move {
        if looks.fetch_add(1, Ordering::SeqCst) == 0 {
            for next in batches {
                store.apply(next.clone()).await.expect("a batch");
            }
        }
        let seen = seen_rows(store.database(), &moment, keys.iter()).await?;
        Ok(seen.map_or(Read::Outdated, Read::Whole))
    });
    let seen = seen.await.expect("rows can be read").expect("it was begun");
    assert_eq!(looks.load(Ordering::SeqCst), 2);
    assert_eq!(seen["a"].json.as_str(), r#"{"number":3}"#);
    assert_eq!(seen["b"].json.as_str(), r#"{"number":1}"#);
    delete_tables(store).await;
}
