//! The feed from far behind, where several threads are at work on its pages: it is the same feed.

use std::time::Duration;

use annals_core::{Category, CommitId, Json};
use annals_ports::{
    Append, Commit, EventFeed, EventFeedExt, EventStore, Expectation, FeedPosition, FeedQuery, NewEvent,
    StoreError,
};
use annals_sqlite::SqliteStore;

use crate::file::{File, event, stream};

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_hold_the_same_feed_from_far_behind() {
    let file = File::new();
    let store = file.open().await;
    fill(&store, 0, 5_050).await;
    let beginning = || FeedPosition::beginning(store.id());
    for query in [FeedQuery::all(), FeedQuery::categories(vec![Category::new("payment").unwrap()])] {
        let few_at_once = store.read_to_end(&query.clone().limit(101), beginning()).await.unwrap();
        assert!(few_at_once.0.len() > 1_500);
        for limit in [1_000, 1_001, 2_000, 5_000] {
            let many_at_once = store.read_to_end(&query.clone().limit(limit), beginning()).await.unwrap();
            assert_eq!(many_at_once, few_at_once, "{limit} at once");
        }
    }
}

#[tokio::test]
async fn a_page_ends_after_so_many_bytes_whatever_its_limit() {
    const PAGE: usize = 8 * 1024 * 1024;
    let file = File::new();
    let store = file.open().await;
    let large = Json::from_value(&serde_json::json!({ "fill": "x".repeat(240_000) })).unwrap();
    for number in 0..40 {
        let events = vec![NewEvent { payload: large.clone(), ..event(number) }];
        let append = Append::new(stream("order-1"), Expectation::Any, events);
        store.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    }
    let beginning = FeedPosition::beginning(store.id());
    let page = store.next(&FeedQuery::all().limit(100), &beginning, Duration::ZERO).await.unwrap();
    let bytes = page.events.len() * large.len();
    assert!((PAGE..PAGE + 2 * large.len()).contains(&bytes) && !page.at_end, "{bytes} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_the_way_through_another_history_is_told() {
    let file = File::new();
    let store = file.open().await;
    fill(&store, 0, 1_500).await;
    let backup = file.folder().join("backup.db");
    file.raw().backup("main", &backup, None).unwrap();
    fill(&store, 1_500, 9_000).await;
    let query = FeedQuery::all().limit(1_000);
    let mut pages = store.pages(&query, FeedPosition::beginning(store.id()));
    let mut places = 0..;
    for _ in 0..2 {
        let page = pages.next().await.unwrap();
        assert!(
            page.events.iter().zip(&mut places).all(|(found, place)| found.payload == event(place).payload)
        );
    }
    file.raw().restore("main", &backup, None::<fn(_)>).unwrap();
    fill(&store, 20_000, 29_000).await;
    // What had been read is given; of the other history nothing is.
    let lost = loop {
        match pages.next().await {
            Ok(page) => {
                assert!(
                    page.events
                        .iter()
                        .zip(&mut places)
                        .all(|(found, place)| found.payload == event(place).payload)
                );
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(lost, StoreError::PositionLost { .. }), "{lost}");
    assert!(places.start < 9_000, "{places:?}");
}

async fn fill(store: &SqliteStore, from: u64, to: u64) {
    for first in (from..to).step_by(50) {
        let name = format!("{}-{first}", if first % 3 == 0 { "payment" } else { "order" });
        let append =
            Append::new(stream(&name), Expectation::NoStream, (first..first + 50).map(event).collect());
        store.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    }
}
