//! Pages that are written together while there are more to come, and a view that is whole all the same.

use std::time::Duration;

use annals_projection::{ProjectionError, Runner, RunnerOptions};

use crate::faulty::{Fault, Faulty};
use crate::sales::{CustomerTotals, OrderEvent};
use crate::shop::{Shop, created, refunded, rows};

/// A page of the feed is of 2,000 events.
const PAGES: usize = 3;

/// A shop with some pages of events, of which the first awaits what the last teaches.
async fn busy_shop() -> Shop {
    let shop = Shop::new();
    shop.payment("early", refunded("late", 3)).await;
    for number in 0..PAGES * 1_000 {
        let id = number.to_string();
        shop.order(&id, created(&format!("customer-{}", number % 7), 10)).await;
        shop.order(&id, OrderEvent::Paid { amount: 10 }).await;
    }
    shop.order("late", created("customer-0", 5)).await;
    shop
}

#[tokio::test]
async fn a_row_that_changes_on_every_page_is_written_once() {
    let shop = busy_shop().await;
    let runner = Runner::new(shop.adapter.clone(), CustomerTotals);
    let mut told = Vec::new();
    let done = runner.catch_up(|progress| told.push((progress.events, progress.at_end))).await.unwrap();
    let events = PAGES as u64 * 2_000 + 2;
    assert_eq!((done.events, done.rows_changed), (events, 7));
    assert_eq!(told, [(events, true)]);
    assert_eq!(rows(&runner.view()).await, shop.folded(CustomerTotals).await);
}

#[tokio::test]
async fn v01_a_write_that_fails_while_the_next_pages_are_worked_on_is_done_again() {
    for fault in [Fault::Before, Fault::After, Fault::Late] {
        let shop = busy_shop().await;
        let expected = shop.folded(CustomerTotals).await;
        let (adapter, _) = Faulty::over(&shop.adapter, [Fault::None, fault]);
        // Two pages a write.
        let options = RunnerOptions { page_size: 4_000, ..RunnerOptions::default() };
        let runner = Runner::new(adapter, CustomerTotals).with_options(options);
        let mut failures = 0;
        while let Err(error) = runner.catch_up(|_| {}).await {
            assert!(error.is_transient(), "{error}");
            failures += 1;
            assert!(failures < 3, "every failure was in the script");
        }
        assert_eq!(rows(&runner.view()).await, expected);
    }
}

#[tokio::test]
async fn v02_nothing_is_on_its_way_when_the_lease_is_given_back() {
    let shop = busy_shop().await;
    shop.strange("order-0", "OrderLost").await;
    let (adapter, faulty) = Faulty::over(&shop.adapter, [Fault::Hang]);
    let options = RunnerOptions { page_size: 4_000, ..RunnerOptions::default() };
    let runner = Runner::new(adapter, CustomerTotals).with_options(options);
    let let_go = async {
        faulty.hanging.notified().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        faulty.go_on.notify_one();
    };
    let (result, ()) = tokio::join!(runner.catch_up(|_| {}), let_go);
    let error = result.unwrap_err();
    assert!(matches!(error, ProjectionError::Decode(_)), "{error}");
    let state = runner.view().state().await.unwrap().unwrap();
    assert_eq!(state.checkpoint.events, PAGES as u64 * 2_000, "E03: what came before its page is there");
}
