//! V05: followed live, resumed after any page, and rebuilt, a view has the same rows, for every page size.

use std::sync::atomic::Ordering;

use annals_projection::{Projection, Runner, RunnerOptions};
use proptest::prelude::*;

use crate::faulty::{Fault, Faulty};
use crate::sales::{CustomerFees, CustomerTotals, Sales};
use crate::shop::{History, Shop, block_on, histories, pages_of, rows};

const PAGE_SIZES: [usize; 4] = [1, 2, 7, 1_000];

async fn live_resumed_and_rebuilt_agree<P>(projection: P, history: &History)
where
    P: Projection<Event = Sales, Row: Clone + PartialEq + std::fmt::Debug, Key: std::fmt::Debug> + Copy,
{
    for page_size in PAGE_SIZES {
        let shop = Shop::with(history).await;
        let expected = shop.folded(projection).await;

        let runner = Runner::new(shop.adapter.clone(), projection).with_options(pages_of(page_size));
        let caught_up = runner.catch_up(|_| {}).await.unwrap();
        assert_eq!(rows(&runner.view()).await, expected, "caught up in pages of {page_size}");

        let again = runner.catch_up(|_| {}).await.unwrap();
        assert_eq!((again.events, again.rows_changed), (0, 0), "nothing is applied twice");

        let rebuilt = runner.rebuild(|_| {}).await.unwrap();
        assert_eq!(rebuilt, caught_up);
        assert_eq!(rows(&runner.view()).await, expected, "rebuilt in pages of {page_size}");

        let tiny = RunnerOptions { cache_bytes: 0, ..pages_of(page_size) };
        let forgetful = Runner::new(shop.adapter.clone(), projection).with_options(tiny);
        assert_eq!(forgetful.rebuild(|_| {}).await.unwrap(), caught_up);
        assert_eq!(rows(&forgetful.view()).await, expected, "without a cache, in pages of {page_size}");
    }
}

/// Each event is applied by a runner of its own as soon as it is committed.
async fn each_event_by_a_new_runner<P>(projection: P, history: &History)
where
    P: Projection<Event = Sales, Row: Clone + PartialEq + std::fmt::Debug, Key: std::fmt::Debug> + Copy,
{
    let shop = Shop::new();
    let mut next = vec![0; history.streams.len()];
    for stream in &history.turns {
        let (id, events) = &history.streams[*stream];
        shop.append(id, events[next[*stream]].clone()).await;
        next[*stream] += 1;
        Runner::new(shop.adapter.clone(), projection).catch_up(|_| {}).await.unwrap();
    }
    let view = Runner::new(shop.adapter.clone(), projection).view();
    assert_eq!(rows(&view).await, shop.folded(projection).await);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn v05_live_resumed_and_rebuilt_views_agree(history in histories()) {
        block_on(async {
            live_resumed_and_rebuilt_agree(CustomerTotals, &history).await;
            live_resumed_and_rebuilt_agree(CustomerFees, &history).await;
            each_event_by_a_new_runner(CustomerTotals, &history).await;
            each_event_by_a_new_runner(CustomerFees, &history).await;
        });
    }

    #[test]
    fn v05_a_runner_killed_after_any_page_is_resumed(history in histories(), page_size in 1..8_usize) {
        block_on(async {
            let shop = Shop::with(&history).await;
            let expected = shop.folded(CustomerTotals).await;
            // Each runner applies one page, and is dropped in the middle of the next one.
            for pages in 0.. {
                let (adapter, faulty) = Faulty::over(&shop.adapter, [Fault::None, Fault::Hang]);
                let owner = "the same, so that no lease need run out".to_owned();
                let options = RunnerOptions { owner, ..pages_of(page_size) };
                let runner = Runner::new(adapter, CustomerTotals).with_options(options);
                tokio::select! {
                    result = runner.catch_up(|_| {}) => {
                        result.unwrap();
                        assert_eq!(rows(&runner.view()).await, expected, "after {pages} killed runners");
                        break;
                    }
                    () = faulty.hanging.notified() => {}
                }
            }
        });
    }
}

#[tokio::test]
async fn a_rebuild_reads_no_row_that_it_wrote() {
    let shop = Shop::new();
    for id in 0..20 {
        shop.order(&id.to_string(), crate::shop::created(&format!("customer-{}", id % 3), 5)).await;
    }
    let (adapter, faulty) = Faulty::over(&shop.adapter, []);
    let runner = Runner::new(adapter, CustomerTotals).with_options(pages_of(2));
    runner.rebuild(|_| {}).await.unwrap();
    assert_eq!(faulty.rows_read.load(Ordering::Relaxed), 0);
    shop.order("20", crate::shop::created("customer-0", 5)).await;
    runner.catch_up(|_| {}).await.unwrap();
    assert_eq!(faulty.rows_read.load(Ordering::Relaxed), 1, "a new session knows nothing");
}
