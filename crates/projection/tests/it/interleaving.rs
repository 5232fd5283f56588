//! V06: the rows do not depend on which stream came first, and the check finds those that do.

use annals_core::Recorded;
use annals_projection::{InterleavingError, Keys, Projection, interleavings};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::sales::{CustomerFees, CustomerTotals, OrderEvent, PaymentEvent, Sales, order};
use crate::shop::{Shop, block_on, created, histories, refunded};

/// Wrong: what counts is which event came last, of whichever stream.
#[derive(Clone, Copy, Debug)]
struct LastTouched;

#[derive(Serialize, Deserialize)]
struct Last {
    stream: String,
}

impl Projection for LastTouched {
    const NAME: &'static str = "last_touched";
    const VERSION: u32 = 1;
    type Event = Sales;
    type Key = String;
    type Row = Last;

    fn keys(&self, event: &Recorded<Sales>) -> Keys<String> {
        CustomerTotals.keys(event)
    }

    fn apply(&self, _: &String, _: Option<Last>, event: &Recorded<Sales>) -> Option<Last> {
        Some(Last { stream: event.header.stream.to_string() })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn v06_interleavings_give_the_same_rows(history in histories(), seed: u64) {
        block_on(async {
            let shop = Shop::with(&history).await;
            let mut streams = Vec::new();
            for (stream, _) in history.streams.iter().filter(|(stream, _)| stream.category() != "weather") {
                streams.push(shop.stream(stream).await);
            }
            interleavings(CustomerTotals, &streams, seed, 60).unwrap();
            interleavings(CustomerFees, &streams, seed, 60).unwrap();
        });
    }
}

#[tokio::test]
async fn v06_few_interleavings_are_all_tried() {
    let shop = Shop::new();
    shop.order("1", created("ada", 10)).await;
    shop.order("1", OrderEvent::Paid { amount: 10 }).await;
    shop.payment("1", PaymentEvent::Requested { order: "1".to_owned() }).await;
    shop.payment("1", refunded("1", 4)).await;
    let streams = [shop.stream(&order("1")).await, shop.stream(&"payment-1".parse().unwrap()).await];
    let checked = interleavings(CustomerTotals, &streams, 0, 100).unwrap();
    assert_eq!((checked.tried, checked.exhaustive), (6, true));
    let checked = interleavings(CustomerTotals, &streams, 0, 5).unwrap();
    assert_eq!((checked.tried, checked.exhaustive), (5, false));
}

#[tokio::test]
async fn v06_the_smallest_difference_is_two_events_the_other_way_round() {
    let shop = Shop::new();
    for id in ["1", "2", "3"] {
        shop.order(id, created("ada", 10)).await;
        shop.order(id, OrderEvent::Paid { amount: 10 }).await;
    }
    let mut streams = Vec::new();
    for id in ["1", "2", "3"] {
        streams.push(shop.stream(&order(id)).await);
    }
    for count in [20, 1_000] {
        let error = interleavings(LastTouched, &streams, 7, count).unwrap_err();
        let InterleavingError::Differ(difference) = error else { panic!("not a difference: {error}") };
        assert_eq!((difference.one.len(), difference.swapped), (2, 0), "{difference}");
        assert_ne!(difference.one[0].stream, difference.one[1].stream);
        assert_eq!(difference.one[0], difference.other[1]);
        assert!(difference.row_of_one != difference.row_of_other);
        assert!(difference.to_string().contains(r#"row "ada" is"#), "{difference}");
    }
}
