//! Law R05: all events of a type, in one order, as of the moment of the first page.

use std::collections::BTreeSet;
use std::time::Duration;

use annals_core::{EventType, RecordedEvent, Timestamp};
use annals_ports::{Clock, EventStore, EventStoreExt, Expectation, Freshness, StoreError, TypeQuery};
use serde_json::json;

use super::StoreUnderTest;
use super::scene::{Scene, append, commit, event};

/// How long an index that lags is waited for.
const LAG: Duration = Duration::from_secs(20);

fn wanted() -> EventType {
    event("Wanted", &json!({})).event_type
}

/// Streams whose order by bytes is not the one of any dictionary.
const STREAMS: [&str; 7] = ["order-B", "order-a", "order-A", "order-_", "order_x-1", "order-~", "order-10"];

/// A history in which feed order, stream order and time order differ, with many equal stamps.
async fn write<S: StoreUnderTest>(scene: &Scene<S>) {
    let start = scene.store.clock().now();
    for (step, millis) in [3_000, 1_000, 1_000, 2_000, 0, 3_000, 500, 2_000].into_iter().enumerate() {
        scene.store.clock().set(start.plus(Duration::from_millis(millis)));
        let appends = STREAMS.iter().cycle().skip(step).take(3).map(|stream| {
            let events = vec![
                event("Wanted", &json!({ "step": step })),
                event("Other", &json!({})),
                event("Wanted", &json!({ "step": step, "second": true })),
            ];
            append(stream, Expectation::Any, events)
        });
        scene.commit(commit(appends.collect())).await;
    }
}

/// What the whole history says that the answer is.
fn expected(history: &[RecordedEvent], since: Option<Timestamp>) -> Vec<RecordedEvent> {
    let is_wanted = |event: &&RecordedEvent| {
        event.header.event_type == wanted() && since.is_none_or(|since| event.header.recorded_at >= since)
    };
    let mut events: Vec<_> = history.iter().filter(is_wanted).cloned().collect();
    events.sort_by_cached_key(|event| {
        let header = &event.header;
        (header.recorded_at, header.stream.as_str().as_bytes().to_vec(), header.version)
    });
    events
}

/// Waits, where the store's index lags, until as many events are found as there are.
async fn settle(store: &dyn EventStore, count: usize) {
    let settled = async {
        loop {
            let page =
                store.read_by_type(&TypeQuery::new(wanted()).limit(1)).await.expect("types can be read");
            let found =
                store.read_all_by_type(TypeQuery::new(wanted())).await.expect("types can be read").len();
            if page.freshness == Freshness::Complete || found == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LAG, settled)
        .await
        .unwrap_or_else(|_| panic!("the index does not catch up in {LAG:?}"));
}

fn names(events: &[RecordedEvent]) -> Vec<String> {
    let name = |event: &RecordedEvent| {
        format!("{} {} {}", event.header.recorded_at, event.header.stream, event.header.version)
    };
    events.iter().map(name).collect()
}

/// R05: every event of the type, in `(recorded_at, stream, version)` order by bytes, from an instant on, over pages.
pub async fn r05_events_of_a_type_come_in_order_of_time<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    write(&scene).await;
    let history = scene.history().await;
    let all = expected(&history, None);
    settle(scene.events().as_ref(), all.len()).await;
    let stamps: BTreeSet<Timestamp> = all.iter().map(|event| event.header.recorded_at).collect();
    assert!(stamps.len() > 3, "the clock was moved: {stamps:?}");
    let around = |stamp: &Timestamp| {
        let after = Timestamp::from_micros(stamp.as_micros() + 1);
        [Some(*stamp), Some(after)]
    };
    let since: Vec<_> =
        stamps.iter().flat_map(around).chain([None, Some(Timestamp::MAX), Some(Timestamp::MIN)]).collect();
    // Every instant in pages of every size, over four passes.
    let sizes = [1, 1_000, 3, 1_000];
    let mut pass = 0;
    for _ in 0..2 {
        for adapter in [scene.adapter(), scene.store.second().await] {
            for (number, since) in since.iter().copied().enumerate() {
                let limit = sizes[(number + pass) % sizes.len()];
                let query = TypeQuery { since, ..TypeQuery::new(wanted()).limit(limit) };
                let found = adapter.events.read_all_by_type(query).await.expect("types can be read");
                let told = format!("since {since:?}, pages of {limit}");
                assert_eq!(names(&found), names(&expected(&history, since)), "{told}");
                assert_eq!(found, expected(&history, since), "{told}");
            }
            pass += 1;
        }
        scene.reopen().await;
    }
}

/// R05: what is recorded after the first page is not in the answer, wherever its stamp would put it.
pub async fn r05_the_first_page_fixes_the_moment<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let start = scene.store.clock().now();
    write(&scene).await;
    let answer = expected(&scene.history().await, None);
    settle(scene.events().as_ref(), answer.len()).await;
    let mut query = TypeQuery::new(wanted()).limit(5);
    let mut found = Vec::new();
    for page_number in 0_u64.. {
        let page = scene.events().read_by_type(&query).await.expect("types can be read");
        assert!(page.events.len() <= 5, "asked for 5, got {}", page.events.len());
        found.extend(page.events);
        let Some(token) = page.next else { break };
        query.after = Some(token);
        // Before the page just read, in its midst, and after everything.
        for millis in [0, 1_500, 9_000] {
            scene.store.clock().set(start.plus(Duration::from_millis(millis)));
            let late = vec![event("Wanted", &json!({ "late": page_number }))];
            let stream = format!("order-late{page_number}x{millis}");
            scene.commit(commit(vec![append(&stream, Expectation::NoStream, late)])).await;
        }
        scene.store.clock().set(start.plus(Duration::from_secs(3)));
        let late = vec![event("Wanted", &json!({ "late": page_number }))];
        scene.commit(commit(vec![append("order-~", Expectation::Any, late)])).await;
    }
    assert_eq!(names(&found), names(&answer), "the answer is as of its first page");
    let again = expected(&scene.history().await, None);
    settle(scene.events().as_ref(), again.len()).await;
    assert!(again.len() > answer.len());
    let asked_again =
        scene.events().read_all_by_type(TypeQuery::new(wanted())).await.expect("types can be read");
    assert_eq!(names(&asked_again), names(&again), "another answer is as of later");
}

/// R05: a token that no query gave is refused with words, not with a panic or a wrong answer.
pub async fn r05_a_broken_token_is_refused<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    write(&scene).await;
    for place in ["", "x", "1", "999999999999.5;;;", "-1", "~", "1.2.3.4.5.6.7.8"] {
        let token = annals_ports::PageToken::new(scene.adapter().store, place.to_owned());
        let outcome = scene.events().read_by_type(&TypeQuery::new(wanted()).after(token)).await;
        assert!(matches!(outcome, Err(StoreError::InvalidToken { .. })), "{place:?} gave {outcome:?}");
    }
}
