//! V02: one runner at a time changes a view; one that lost its lease changes nothing.

use std::time::Duration;

use annals_ports::ViewError;
use annals_projection::{ProjectionError, Runner, RunnerOptions};

use crate::faulty::{Fault, Faulty};
use crate::sales::CustomerTotals;
use crate::shop::{Shop, created, pages_of, rows};

fn short_lease() -> RunnerOptions {
    RunnerOptions { lease: Duration::from_millis(30), patience: Duration::from_secs(10), ..pages_of(2) }
}

#[tokio::test]
async fn v02_a_runner_that_was_overtaken_changes_nothing() {
    let shop = Shop::new();
    for id in 0..9 {
        shop.order(&id.to_string(), created("ada", 10)).await;
    }
    let (slow, faulty) = Faulty::over(&shop.adapter, [Fault::None, Fault::Hang]);
    let slow = Runner::new(slow, CustomerTotals).with_options(short_lease());
    let overtake = async {
        faulty.hanging.notified().await;
        let quick = Runner::new(shop.adapter.clone(), CustomerTotals).with_options(short_lease());
        assert_eq!(quick.catch_up(|_| {}).await.unwrap().events, 7, "two were applied by the other");
        faulty.go_on.notify_one();
    };
    let (result, ()) = tokio::join!(slow.catch_up(|_| {}), overtake);
    let error = result.unwrap_err();
    assert!(matches!(&error, ProjectionError::View(ViewError::LeaseLost { .. })), "{error}");
    assert!(error.is_transient());
    assert_eq!(rows(&slow.view()).await, shop.folded(CustomerTotals).await);
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_a_lease_until_its_runner_gives_it_back() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let (adapter, faulty) = Faulty::over(&shop.adapter, [Fault::Hang]);
    let first = Runner::new(adapter, CustomerTotals).with_options(pages_of(2));
    let second = Runner::new(shop.adapter.clone(), CustomerTotals)
        .with_options(RunnerOptions { patience: Duration::ZERO, ..pages_of(2) });
    tokio::select! {
        _ = first.catch_up(|_| {}) => panic!("it hangs"),
        () = faulty.hanging.notified() => {}
    }
    let error = second.catch_up(|_| {}).await.unwrap_err();
    assert!(matches!(error, ProjectionError::LeaseHeld { .. }), "{error}");
    second.give_up().await.unwrap();
    assert!(second.catch_up(|_| {}).await.is_err(), "another runner's lease is not given back");
    first.give_up().await.unwrap();
    assert_eq!(second.catch_up(|_| {}).await.unwrap().events, 1);
}

#[tokio::test]
async fn a_lease_held_by_a_live_runner_is_named() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    let (adapter, faulty) = Faulty::over(&shop.adapter, [Fault::Hang]);
    let owner = "the first".to_owned();
    let first = Runner::new(adapter, CustomerTotals).with_options(RunnerOptions { owner, ..pages_of(2) });
    let second = Runner::new(shop.adapter.clone(), CustomerTotals)
        .with_options(RunnerOptions { patience: Duration::ZERO, ..pages_of(2) });
    let look = async {
        faulty.hanging.notified().await;
        let error = second.catch_up(|_| {}).await.unwrap_err();
        assert!(
            matches!(&error, ProjectionError::LeaseHeld { owner, .. } if owner == "the first"),
            "{error}"
        );
        let error = first.rebuild(|_| {}).await.unwrap_err();
        assert!(matches!(&error, ProjectionError::AtWork { .. }), "{error}");
        faulty.go_on.notify_one();
    };
    let (result, ()) = tokio::join!(first.catch_up(|_| {}), look);
    result.unwrap();
    assert_eq!(second.catch_up(|_| {}).await.unwrap().events, 0, "the lease was given back at once");
}

#[tokio::test]
async fn a_runner_gives_its_lease_back_when_it_fails() {
    let shop = Shop::new();
    shop.strange("order-1", "OrderTeleported").await;
    let without_patience = || RunnerOptions { patience: Duration::ZERO, ..pages_of(2) };
    for _ in 0..2 {
        let runner = Runner::new(shop.adapter.clone(), CustomerTotals).with_options(without_patience());
        let error = runner.catch_up(|_| {}).await.unwrap_err();
        assert!(matches!(error, ProjectionError::Decode(_)), "{error}");
    }
}
