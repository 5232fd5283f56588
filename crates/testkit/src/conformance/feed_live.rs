//! Laws F01 and F05: a feed that is read while it is written skips nothing, and wakes who waits for it.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use annals_core::{CommitId, EventId, RecordedEvent};
use annals_ports::{Adapter, Append, Commit, Expectation, FeedQuery, FeedStart};
use tokio::task::JoinSet;

use super::StoreUnderTest;
use super::scene::{Scene, id, numbered, one};

/// Reads on until `count` events were seen, then once more to see that no further one comes.
async fn follow(adapter: Adapter, query: FeedQuery, count: usize, patience: Duration) -> Vec<RecordedEvent> {
    let mut position = adapter.feed.start(FeedStart::Beginning).await.expect("a feed has a beginning");
    let mut seen = Vec::new();
    let began = Instant::now();
    while seen.len() < count {
        let page = adapter.feed.next(&query, &position, Duration::from_millis(200)).await;
        let page = page.expect("the feed can be read");
        seen.extend(page.events);
        // As a follower does that was restarted in the middle (F04).
        position = page.next.to_string().parse().expect("a position survives as text");
        assert!(began.elapsed() < patience, "seen {} of {count} events within {patience:?}", seen.len());
    }
    let rest =
        adapter.feed.next(&query, &position, Duration::from_millis(50)).await.expect("the feed can be read");
    seen.extend(rest.events);
    seen
}

/// F01: readers of all kinds see every committed event exactly once, while many write from two processes, some
/// of them in vain.
pub async fn f01_nothing_is_skipped_while_others_write<S: StoreUnderTest>() {
    const WRITERS: u64 = 8;
    const COMMITS: u64 = 40;
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    let events = usize::try_from(WRITERS * COMMITS * 3).expect("a small number");

    let mut reading = JoinSet::new();
    for (reader, limit) in [0, 1, 7, 64].into_iter().enumerate() {
        reading.spawn(follow(
            handles[reader % 2].clone(),
            FeedQuery::all().limit(limit),
            events,
            S::PATIENCE,
        ));
    }
    let mut writing = JoinSet::new();
    for writer in 0..WRITERS {
        let adapter = handles[usize::from(writer % 2 == 0)].clone();
        writing.spawn(async move {
            for number in 0..COMMITS {
                // To a stream of its own, and to one that all write to.
                let own = Append::new(
                    id(&format!("order-{writer}")),
                    Expectation::Any,
                    vec![numbered(number), numbered(number)],
                );
                let shared = Append::new(id("order-all"), Expectation::Any, vec![numbered(number)]);
                let value = Commit::new(CommitId::new(), vec![own, shared]).expect("a small commit");
                adapter.events.commit(value).await.expect("nothing stands against this commit");
                if number % 4 == 0 {
                    let in_vain = one(&format!("order-{writer}"), Expectation::NoStream, number);
                    adapter.events.commit(in_vain).await.expect_err("the stream has events");
                }
            }
        });
    }
    writing.join_all().await;
    for seen in reading.join_all().await {
        let mut times: HashMap<EventId, u32> = HashMap::new();
        let mut versions: BTreeMap<String, u64> = BTreeMap::new();
        for event in &seen {
            *times.entry(event.header.id).or_default() += 1;
            let last = versions.entry(event.header.stream.to_string()).or_default();
            assert_eq!(
                event.header.version.get(),
                *last + 1,
                "{}: skipped or out of order",
                event.header.stream
            );
            *last += 1;
        }
        assert!(times.values().all(|count| *count == 1), "an event came twice");
        assert_eq!(seen.len(), events, "every committed event comes, and no other");
        assert_eq!(versions.get("order-all"), Some(&(WRITERS * COMMITS)));
    }
}

/// F05: on a quiet feed, `next` waits as long as it was told, then answers empty and stays where it was.
pub async fn f05_next_waits_and_then_answers_empty<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let feed = scene.adapter().feed;
    for events in [0, 3] {
        if events > 0 {
            scene.grow("order-1", events).await;
        }
        let end = feed.start(FeedStart::End).await.expect("a feed has an end");
        for wait in [Duration::ZERO, Duration::from_millis(80)] {
            let began = Instant::now();
            let page = feed.next(&FeedQuery::all(), &end, wait).await.expect("the feed can be read");
            assert!(began.elapsed() >= wait, "answered after {:?}, told to wait {wait:?}", began.elapsed());
            assert!(page.events.is_empty() && page.at_end && page.next == end, "{page:?}");
        }
    }
}

/// F05: a commit wakes a reader that waits, within 100 ms as a rule, whichever process made it. A machine that is busy with
/// other things may hide that for a while: what is late each time is late.
pub async fn f05_a_commit_wakes_who_waits<S: StoreUnderTest>() {
    const IN_TIME: Duration = Duration::from_millis(100);
    let scene = Scene::<S>::new().await;
    for writer in [scene.adapter(), scene.store.second().await] {
        let mut medians = Vec::new();
        while medians.last().is_none_or(|median| *median >= IN_TIME) {
            assert!(medians.len() < 5, "the medians of five times are {medians:?}, over {IN_TIME:?}");
            medians.push(median_delay::<S>(&scene, &writer).await);
        }
    }
}

/// From the answer to a commit to the waking of who waits for it: the median of 15.
async fn median_delay<S: StoreUnderTest>(scene: &Scene<S>, writer: &Adapter) -> Duration {
    const TIMES: usize = 15;
    let reader = scene.adapter();
    let mut delays = Vec::new();
    for number in 0..TIMES {
        let end = reader.feed.start(FeedStart::End).await.expect("a feed has an end");
        let (feed, position) = (reader.feed.clone(), end.clone());
        let waiting = tokio::spawn(async move {
            let page =
                feed.next(&FeedQuery::all(), &position, S::PATIENCE).await.expect("the feed can be read");
            (page, Instant::now())
        });
        // Long enough that it waits; were it not yet waiting, it would be woken all the same.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let answer = writer.events.commit(one("order-1", Expectation::Any, number as u64)).await;
        answer.expect("nothing stands against this commit");
        let answered = Instant::now();
        let (page, woken) = waiting.await.expect("the reader ends");
        assert_eq!(page.events.len(), 1, "{page:?}");
        delays.push(woken.saturating_duration_since(answered));
    }
    delays.sort_unstable();
    delays[TIMES / 2]
}

/// F05: a reader with a filter is not woken with an empty answer by what it does not want.
pub async fn f05_what_is_filtered_out_does_not_end_the_wait<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let feed = scene.adapter().feed;
    let end = feed.start(FeedStart::End).await.expect("a feed has an end");
    let wanted = annals_core::Category::new("payment").expect("a valid category");
    let waiting = tokio::spawn(async move {
        feed.next(&FeedQuery::categories(vec![wanted]), &end, S::PATIENCE)
            .await
            .expect("the feed can be read")
    });
    for _ in 0..5 {
        scene.grow("order-1", 1).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    scene.grow("payment-1", 1).await;
    let page = waiting.await.expect("the reader ends");
    assert_eq!(page.events.len(), 1, "it waited for the payment: {page:?}");
}
