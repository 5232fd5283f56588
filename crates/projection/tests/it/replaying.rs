//! Replay: history handed to a closure, whole, from a time on, or of one stream.

use annals_core::Recorded;
use annals_ports::FeedStart;
use annals_projection::{ProjectionError, replay, replay_stream};

use crate::sales::{OrderEvent, Sales, order};
use crate::shop::{Shop, created, refunded};

async fn busy_shop() -> Shop {
    let shop = Shop::new();
    for id in ["1", "2"] {
        shop.order(id, created("ada", 10)).await;
        shop.weather().await;
        shop.payment(id, refunded(id, 4)).await;
    }
    shop.strange("order-1", "OrderPrinted").await;
    shop.order("1", OrderEvent::Paid { amount: 10 }).await;
    shop
}

#[tokio::test]
async fn a_replay_gives_every_event_of_the_set_in_order() {
    let shop = busy_shop().await;
    let mut seen = Vec::new();
    let mut told = 0;
    let see =
        |event: &Recorded<Sales>| seen.push(format!("{} {}", event.header.stream, event.header.version));
    let report =
        replay(&shop.adapter, FeedStart::Beginning, see, |report| told = report.events).await.unwrap();
    assert_eq!(seen, ["order-1 1", "payment-1 1", "order-2 1", "payment-2 1", "order-1 3"]);
    assert_eq!((report.events, told), (5, 5), "the retired one is not handed over");
    assert_eq!(report.position, Some(shop.adapter.feed.start(FeedStart::End).await.unwrap()));
    let none = |event: &Recorded<Sales>| panic!("{event:?} is not after the end");
    assert_eq!(replay(&shop.adapter, FeedStart::End, none, |_| {}).await.unwrap().events, 0);
}

#[tokio::test]
async fn a_replay_from_a_time_gives_what_was_recorded_then_or_later() {
    let shop = busy_shop().await;
    let last = shop.stream(&order("1")).await.pop().unwrap().header.recorded_at;
    shop.order("2", OrderEvent::Paid { amount: 10 }).await;
    let mut expected = 0;
    let count = |event: &Recorded<OrderEvent>| expected += u64::from(event.header.recorded_at >= last);
    replay(&shop.adapter, FeedStart::Beginning, count, |_| {}).await.unwrap();
    let see = |event: &Recorded<OrderEvent>| assert!(event.header.recorded_at >= last);
    let report = replay(&shop.adapter, FeedStart::Time(last), see, |_| {}).await.unwrap();
    assert_eq!((report.events, report.first_recorded_at), (expected, Some(last)));
}

#[tokio::test]
async fn a_replay_of_a_stream_gives_it_whole_and_e03_names_what_it_cannot_read() {
    let shop = busy_shop().await;
    let mut versions = Vec::new();
    let see = |event: &Recorded<OrderEvent>| versions.push(event.header.version.get());
    let report = replay_stream(&shop.adapter, &order("1"), see).await.unwrap();
    assert_eq!((versions, report.events, report.position), (vec![1, 3], 2, None));
    shop.strange("order-1", "OrderTeleported").await;
    let error = replay_stream(&shop.adapter, &order("1"), |_: &Recorded<OrderEvent>| {}).await.unwrap_err();
    assert!(matches!(&error, ProjectionError::Decode(decode) if decode.version.get() == 4), "{error}");
    let error =
        replay(&shop.adapter, FeedStart::Beginning, |_: &Recorded<Sales>| {}, |_| {}).await.unwrap_err();
    assert!(matches!(error, ProjectionError::Decode(_)), "{error}");
}
