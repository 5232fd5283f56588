//! Laws F02 to F04, F06, F08 and F09 on a quiet feed: order, positions, filters, starts.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_core::{Category, EventId, RecordedEvent};
use annals_ports::{
    Adapter, Clock, Commit, EventFeed, EventFeedExt, Expectation, FeedPage, FeedPosition, FeedQuery,
    FeedStart, SlicePosition, StoreError,
};
use serde_json::json;

use super::StoreUnderTest;
use super::scene::{Scene, append, commit, event, numbered, one};
use crate::generators;

/// Some tens of commits to several streams of several categories, with several types.
async fn write<S: StoreUnderTest>(scene: &Scene<S>, seed: u64) {
    for scripted in generators::samples(&generators::commit_script(30), seed, 3).concat() {
        let commit = scripted.resolve(scene.events().as_ref()).await.expect("heads can be read");
        // Some of them conflict: that is part of the history.
        let _ = scene.try_commit(commit).await;
    }
}

async fn beginning(feed: &dyn EventFeed) -> FeedPosition {
    feed.start(FeedStart::Beginning).await.expect("a feed has a beginning")
}

async fn page(feed: &dyn EventFeed, query: &FeedQuery, after: &FeedPosition) -> FeedPage {
    feed.next(query, after, Duration::ZERO).await.expect("the feed can be read")
}

/// Every page from `after` to the end, each with the position that it was read from.
async fn pages(
    feed: &dyn EventFeed,
    query: &FeedQuery,
    after: FeedPosition,
) -> Vec<(FeedPosition, FeedPage)> {
    let mut read = Vec::new();
    let mut position = after;
    loop {
        let page = page(feed, query, &position).await;
        let (next, at_end) = (page.next.clone(), page.at_end);
        assert!(at_end || next != position, "a page that is not the last leads nowhere");
        read.push((position, page));
        if at_end {
            return read;
        }
        position = next;
    }
}

fn ids(events: &[RecordedEvent]) -> Vec<EventId> {
    events.iter().map(|event| event.header.id).collect()
}

fn all_ids(pages: &[(FeedPosition, FeedPage)]) -> Vec<EventId> {
    pages.iter().flat_map(|(_, page)| ids(&page.events)).collect()
}

/// F02: each stream's events come in version order, all of them, each once.
pub async fn f02_a_streams_events_come_in_version_order<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    write(&scene, 2).await;
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for event in scene.history().await {
        let last = seen.entry(event.header.stream.to_string()).or_default();
        assert_eq!(event.header.version.get(), *last + 1, "{} in the feed", event.header.stream);
        *last += 1;
    }
    for (stream, last) in seen {
        assert_eq!(scene.head(&stream).await.map(|head| head.version.get()), Some(last), "{stream}");
        let by_stream = scene.read(&stream).await;
        let fed: Vec<_> =
            scene.history().await.into_iter().filter(|e| e.header.stream.as_str() == stream).collect();
        assert_eq!(fed, by_stream, "{stream}: the feed and the stream tell the same");
    }
}

/// Checks that from each place at which a page was read, the same events come, whatever comes after them.
async fn assert_same_again(adapter: &Adapter, read: &[(FeedPosition, FeedPage)], when: &str) {
    for (position, page) in read {
        let again = adapter.feed.read_to_end(&FeedQuery::all(), position.clone()).await;
        let (again, _) = again.unwrap_or_else(|error| panic!("{when}: {error}"));
        assert!(again.starts_with(&page.events), "{when}: from {position} something else comes now");
    }
}

/// F03: what was read once is read the same again, from every position, after more was written.
pub async fn f03_reading_again_gives_the_same<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    write(&scene, 3).await;
    let adapter = scene.adapter();
    let start = beginning(adapter.feed.as_ref()).await;
    let first = pages(adapter.feed.as_ref(), &FeedQuery::all().limit(5), start).await;
    assert!(first.len() > 5, "only {} pages", first.len());
    for round in 0..3 {
        write(&scene, 30 + round).await;
        assert_same_again(&adapter, &first, &format!("round {round}")).await;
    }
}

/// F04: a position survives as text, in another process and after a restart, while others write.
pub async fn f04_a_position_survives_as_text<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    write(&scene, 4).await;
    let feed = scene.adapter().feed;
    let read = pages(feed.as_ref(), &FeedQuery::all().limit(7), beginning(feed.as_ref()).await).await;
    let texts: Vec<(String, &FeedPage)> = read.iter().map(|(from, page)| (from.to_string(), page)).collect();
    for round in 0..2 {
        for adapter in [scene.adapter(), scene.store.second().await] {
            let mut again = Vec::new();
            for (text, expected) in &texts {
                let position: FeedPosition = text.parse().unwrap_or_else(|error| panic!("{error}"));
                if round == 0 {
                    let found = page(adapter.feed.as_ref(), &FeedQuery::all().limit(7), &position).await;
                    assert_eq!(&found, *expected, "from {text}");
                }
                again.push((position, (*expected).clone()));
            }
            assert_same_again(&adapter, &again, &format!("round {round}")).await;
        }
        scene.reopen().await;
        write(&scene, 40 + round).await;
    }
}

/// F06: a filtered feed is the feed, filtered; positions move past what is left out.
pub async fn f06_a_filter_gives_the_filtered_feed<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    write(&scene, 6).await;
    let feed = scene.adapter().feed;
    let (whole, end) = feed
        .read_to_end(&FeedQuery::all(), beginning(feed.as_ref()).await)
        .await
        .expect("the feed can be read");
    let category = |name: &str| Category::new(name).expect("a valid category");
    let kind = |name: &str| event(name, &json!({})).event_type;
    // Each with the categories and types that it lets through; all of them when there are none.
    let filters: [(&[&str], &[&str]); 6] = [
        (&["order"], &[]),
        (&["order_line", "payment"], &[]),
        (&[], &["Opened"]),
        (&["payment"], &["Opened", "Closed"]),
        (&["none"], &[]),
        (&[], &["None"]),
    ];
    for (categories, types) in filters {
        let query = FeedQuery::categories(categories.iter().copied().map(category).collect())
            .event_types(types.iter().copied().map(kind).collect());
        let is_wanted = |event: &&RecordedEvent| {
            let header = &event.header;
            (categories.is_empty() || categories.contains(&header.stream.category()))
                && (types.is_empty() || types.contains(&header.event_type.as_str()))
        };
        let expected: Vec<_> = whole.iter().filter(is_wanted).cloned().collect();
        for limit in [1, 4, 0] {
            let query = query.clone().limit(limit);
            let read = pages(feed.as_ref(), &query, beginning(feed.as_ref()).await).await;
            assert!(read.iter().all(|(_, page)| page.events.len() <= query.page_size()), "{query:?}");
            assert_eq!(all_ids(&read), ids(&expected), "{query:?}");
            let last = read.last().map(|(_, page)| page.next.clone());
            assert_eq!(last.as_ref(), Some(&end), "{query:?} ends where the whole feed ends");
        }
    }
}

/// F06: a call scans a bounded number of events, even when none of them passes the filter.
pub async fn f06_a_call_scans_a_bounded_number_of_events<S: StoreUnderTest>() {
    const EVENTS: usize = 1_280;
    let scene = Scene::<S>::new().await;
    for _ in 0..EVENTS / 64 {
        scene.grow("order-1", 64).await;
    }
    scene.commit(commit(vec![append("order-1", Expectation::Exists, vec![event("Rare", &json!({}))])])).await;
    let feed = scene.adapter().feed;
    let query = FeedQuery::all().event_types(vec![event("Rare", &json!({})).event_type]).limit(1);
    let read = pages(feed.as_ref(), &query, beginning(feed.as_ref()).await).await;
    assert_eq!(all_ids(&read).len(), 1, "the one event is found");
    assert!(read.len() > 1, "a page of one event scanned {EVENTS} in one call");
}

/// F08: a commit that began after another was answered comes later in the feed, whichever process made it.
///
/// A store that promises F02 alone says so, and is not tried.
pub async fn f08_commits_come_in_the_order_of_their_answers<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    if !scene.store.keeps_the_order_of_answers() {
        return super::abilities::not_tried::<S>("F08", "promise the order of answers across streams");
    }
    let handles = [scene.adapter(), scene.store.second().await];
    let mut answered = Vec::new();
    for number in 0..60_u64 {
        let through = &handles[usize::from(number % 3 == 0)];
        let value: Commit = one(&format!("order-{}", number % 7), Expectation::Any, number);
        let receipt = scene.try_commit_through(through, value).await.expect("nothing stands against it");
        answered.push(receipt.commit);
    }
    let fed: Vec<_> = scene.history().await.iter().map(|event| event.header.commit.id).collect();
    assert_eq!(fed, answered);
}

type Edit = fn(SlicePosition, EventId) -> SlicePosition;

/// F09: a position whose event does not stand where it says is lost, never silently read from.
pub async fn f09_a_position_whose_event_is_gone_is_lost<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    write(&scene, 9).await;
    let adapter = scene.adapter();
    let end = adapter.feed.start(FeedStart::End).await.expect("a feed has an end");
    let slices = end.slices_in(adapter.store).expect("it is the store's own");
    assert!(slices.iter().any(|slice| slice.event.is_some()), "the end names the last event: {end}");
    let other = EventId::new();
    let changes: [(&str, Edit); 3] = [
        ("another event", |slice, other| SlicePosition { event: Some(other), ..slice }),
        ("a place beyond the end", |slice, _| SlicePosition { place: slice.place + 1_000, ..slice }),
        ("the event of another place", |slice, _| SlicePosition { place: slice.place - 1, ..slice }),
    ];
    for (what, change) in changes {
        let edited =
            slices.iter().map(|slice| if slice.event.is_some() { change(*slice, other) } else { *slice });
        let lost = FeedPosition::sliced(adapter.store, edited.collect());
        for wait in [Duration::ZERO, Duration::from_millis(20)] {
            let outcome = adapter.feed.next(&FeedQuery::all(), &lost, wait).await;
            match outcome {
                Err(StoreError::PositionLost { position }) => assert_eq!(*position, lost),
                other => panic!("a position with {what} is lost, got {other:?}"),
            }
        }
    }
}

/// The feed starts at its beginning, at its end, or where nothing recorded since an instant was missed.
pub async fn f01_a_start_misses_nothing<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let feed = scene.adapter().feed;
    let empty = feed.start(FeedStart::End).await.expect("an empty feed has an end");
    assert_eq!(empty, beginning(feed.as_ref()).await, "in an empty feed all places are one");
    let start = scene.store.clock().now();
    for (number, millis) in [0, 3_000, 1_000, 3_000, 2_000, 4_000].into_iter().enumerate() {
        scene.store.clock().set(start.plus(Duration::from_millis(millis)));
        scene.grow(&format!("order-{number}"), 2).await;
    }
    let (whole, end) = feed.read_to_end(&FeedQuery::all(), empty).await.expect("the feed can be read");
    assert_eq!(whole.len(), 12);
    let at_end = feed.start(FeedStart::End).await.expect("a feed has an end");
    assert_eq!(at_end, end);
    let nothing = page(feed.as_ref(), &FeedQuery::all(), &at_end).await;
    assert!(nothing.events.is_empty() && nothing.at_end && nothing.next == end, "{nothing:?}");
    for seconds in 0..=5_u32 {
        let instant = start.plus(Duration::from_secs(1) * seconds);
        let from = feed.start(FeedStart::Time(instant)).await.expect("any instant will do");
        let (read, _) = feed.read_to_end(&FeedQuery::all(), from).await.expect("the feed can be read");
        for event in whole.iter().filter(|event| event.header.recorded_at >= instant) {
            assert!(read.contains(event), "{seconds} s: {} was missed", event.header.stream);
        }
        assert!(whole.ends_with(&read), "{seconds} s: the feed goes on from there without a hole");
    }
}

/// A receipt leads to the place in the feed after its events: what a reader must reach to have seen them.
pub async fn f01_a_receipt_is_located<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    scene.grow("order-0", 3).await;
    let two = vec![
        append("order-1", Expectation::Any, vec![numbered(1), numbered(2)]),
        append("order-2", Expectation::Any, vec![numbered(3)]),
    ];
    let receipt = scene.commit(commit(two)).await;
    scene.grow("order-0", 2).await;
    for adapter in [scene.adapter(), scene.store.second().await] {
        let place = located(&adapter, &receipt).await;
        let (after, _) =
            adapter.feed.read_to_end(&FeedQuery::all(), place).await.expect("a place to read from");
        assert!(after.iter().all(|event| event.header.stream.as_str() == "order-0"), "{after:?}");
        // What was committed later comes later, where that is promised (F08).
        if scene.store.keeps_the_order_of_answers() {
            assert_eq!(after.len(), 2, "two events follow the commit: {after:?}");
        }
    }
    let reason = annals_core::Json::empty();
    let refusal = Commit::refusal(annals_core::CommitId::new(), reason).expect("a short reason");
    let refused = scene.commit(refusal).await;
    let nowhere = scene.adapter().feed.locate(&refused).await.expect("that is no error");
    assert_eq!(nowhere, None, "a refusal has no place in the feed");
}

/// A feed that lags gets there within a bound.
async fn located(adapter: &Adapter, receipt: &annals_ports::Receipt) -> FeedPosition {
    for _ in 0..500 {
        if let Some(place) = adapter.feed.locate(receipt).await.expect("a receipt can be located") {
            return place;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the feed did not come as far as commit {} within 10 s", receipt.commit);
}

/// F07: a quiet feed's health names its end, and no writer that holds it back.
pub async fn f07_a_quiet_feed_is_healthy<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let feed = scene.adapter().feed;
    let health = feed.health().await.expect("a feed tells its health");
    assert_eq!(health.last_recorded_at, None);
    let head = scene.grow("order-1", 3).await;
    let health = feed.health().await.expect("a feed tells its health");
    assert_eq!(health.last_recorded_at, Some(head.recorded_at));
    assert_eq!(health.end, feed.start(FeedStart::End).await.expect("a feed has an end"));
    assert!(health.holds.is_empty() && health.warnings.is_empty(), "{health:?}");
}
