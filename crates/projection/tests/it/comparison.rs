//! Comparing a view with a rebuild: equal wherever a runner left it, at work or not; and whatever was changed behind the
//! runner's back is told by its key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use annals_core::Json;
use annals_memory::MemoryStore;
use annals_ports::{Acquired, IndexValues, RowChange, ViewBatch};
use annals_projection::{Comparison, Projection, RowFault, Runner};
use proptest::prelude::*;

use crate::sales::{CustomerFees, CustomerTotals, OrderEvent};
use crate::shop::{Shop, block_on, created, histories, pages_of};

async fn compare<P: Projection>(runner: &Runner<P>) -> Comparison {
    runner.compare_with_rebuild(MemoryStore::new().adapter(), |_| {}).await.unwrap()
}

async fn shop_of_three() -> (Shop, Runner<CustomerTotals>) {
    let shop = Shop::new();
    for id in 0..3_i64 {
        shop.order(&id.to_string(), created(&format!("customer-{id}"), 10 * (id + 1))).await;
    }
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals);
    runner.catch_up(|_| {}).await.unwrap();
    (shop, runner)
}

/// Changes the view as nobody should: its rows, and nothing else.
async fn tamper(shop: &Shop, runner: &Runner<CustomerTotals>, change: RowChange) {
    let lease =
        shop.adapter.leases.acquire("view:customer_totals:1", "mallory", Duration::from_secs(1)).await;
    let Acquired::Granted(lease) = lease.unwrap() else { panic!("the lease is free") };
    let state = runner.view().state().await.unwrap().unwrap();
    let batch = ViewBatch {
        view: state.view,
        lease: lease.clone(),
        from: Some(state.checkpoint.position.clone()),
        changes: vec![change],
        routes: Vec::new(),
        park: Vec::new(),
        unpark: Vec::new(),
        checkpoint: state.checkpoint,
    };
    shop.adapter.views.apply(batch).await.unwrap();
    shop.adapter.leases.release(&lease).await.unwrap();
}

/// The row of a customer as the view has it, with its index values.
async fn row(shop: &Shop, runner: &Runner<CustomerTotals>, key: &str) -> (Json, IndexValues) {
    let rows = shop.adapter.views.rows(runner.view_id(), &[key.to_owned()]).await.unwrap();
    let totals = runner.view().get(&key.to_owned()).await.unwrap().unwrap();
    (rows[0].clone().unwrap(), CustomerTotals.index(&key.to_owned(), &totals))
}

fn told(comparison: &Comparison) -> Vec<(String, String)> {
    let differences = comparison.differences.iter();
    differences.map(|difference| (difference.key.clone(), difference.fault.to_string())).collect()
}

#[tokio::test]
async fn v05_a_view_that_was_never_begun_has_nothing_to_compare() {
    let runner = Runner::new(Shop::new().adapter, CustomerTotals);
    let comparison = compare(&runner).await;
    assert!(comparison.is_equal() && comparison.rows == 0, "{comparison:?}");
}

#[tokio::test]
async fn a_row_that_was_changed_behind_the_runners_back_is_told_by_its_key() {
    let (shop, runner) = shop_of_three().await;
    let comparison = compare(&runner).await;
    assert!(comparison.is_equal(), "{comparison:?}");
    assert_eq!((comparison.events, comparison.rows, comparison.index_values), (3, 3, 3));

    let (_, index) = row(&shop, &runner, "customer-1").await;
    let (other, _) = row(&shop, &runner, "customer-2").await;
    tamper(&shop, &runner, RowChange::put("customer-1".into(), other, index).unwrap()).await;
    let expected = ("customer-1".to_owned(), RowFault::Differs.to_string());
    assert_eq!(told(&compare(&runner).await), std::slice::from_ref(&expected));

    tamper(&shop, &runner, RowChange::delete("customer-0".into()).unwrap()).await;
    let missing = ("customer-0".to_owned(), RowFault::Missing.to_string());
    assert_eq!(told(&compare(&runner).await), [missing.clone(), expected.clone()]);

    let (row, index) = row(&shop, &runner, "customer-2").await;
    tamper(&shop, &runner, RowChange::put("customer-7".into(), row, index).unwrap()).await;
    let unexpected = ("customer-7".to_owned(), RowFault::Unexpected.to_string());
    let comparison = compare(&runner).await;
    assert_eq!(told(&comparison), [missing, expected, unexpected]);
    assert!(!comparison.is_equal());
    runner.rebuild(|_| {}).await.unwrap();
    assert!(compare(&runner).await.is_equal());
}

#[tokio::test]
async fn an_index_value_that_is_not_the_rows_is_told() {
    let (shop, runner) = shop_of_three().await;
    let (row, _) = row(&shop, &runner, "customer-1").await;
    let wrong = IndexValues::none().with("spent", ["99999999"]);
    tamper(&shop, &runner, RowChange::put("customer-1".into(), row, wrong).unwrap()).await;
    let comparison = compare(&runner).await;
    assert_eq!((comparison.differences.len(), comparison.is_equal()), (1, false));
    let RowFault::Index { found, expected } = &comparison.differences[0].fault else {
        panic!("{comparison:?}")
    };
    assert_eq!((found[0].0.as_str(), expected[0].0.as_str()), ("spent", "spent"));
    assert_ne!(found[0].1, expected[0].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_at_work_makes_no_difference() {
    let (shop, _) = shop_of_three().await;
    let shop = Arc::new(shop);
    let end = Arc::new(AtomicBool::new(false));
    let applied = Arc::new(AtomicU64::new(0));
    let working = {
        let (shop, end, applied) = (Arc::clone(&shop), Arc::clone(&end), Arc::clone(&applied));
        tokio::spawn(async move {
            let runner = Runner::new(shop.adapter.clone(), CustomerTotals);
            let mut events = 0_u64;
            while !end.load(Ordering::SeqCst) {
                shop.order(&(events % 3).to_string(), OrderEvent::Paid { amount: 1 }).await;
                events += runner.catch_up(|_| {}).await.unwrap().events;
                applied.store(events, Ordering::SeqCst);
            }
        })
    };
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals);
    // It stops only once it fails, or the runner has done enough beside it.
    let mut compared = 0;
    while compared < 20 || applied.load(Ordering::SeqCst) < 100 {
        compared += 1;
        assert!(!working.is_finished());
        let comparison = compare(&runner).await;
        assert!(comparison.is_equal() || !comparison.is_settled, "{comparison:?}");
    }
    end.store(true, Ordering::SeqCst);
    working.await.unwrap();
    assert!(compare(&runner).await.is_equal());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn v05_wherever_a_runner_stands_its_view_is_what_a_rebuild_makes(
        history in histories(), more in histories(), page_size in 1_usize..8
    ) {
        block_on(async {
            let shop = Shop::with(&history).await;
            let totals = Runner::new(shop.adapter.clone(), CustomerTotals).with_options(pages_of(page_size));
            let fees = Runner::new(shop.adapter.clone(), CustomerFees).with_options(pages_of(page_size));
            totals.catch_up(|_| {}).await.unwrap();
            fees.catch_up(|_| {}).await.unwrap();
            for (id, events) in &more.streams {
                for event in events {
                    shop.append(id, event.clone()).await;
                }
            }
            // The views stand in the middle of history now.
            for comparison in [compare(&totals).await, compare(&fees).await] {
                prop_assert!(comparison.is_equal() && comparison.is_settled, "{comparison:?}");
            }
            Ok(())
        })?;
    }
}
