//! Laws F07 and E02 when something goes wrong: a writer that hangs, a store that is away. A store to which neither can
//! happen says so.

use std::time::{Duration, Instant};

use annals_core::StreamHead;
use annals_ports::{Adapter, EventFeedExt, Expectation, FeedQuery, FeedStart, ReadRange};

use super::StoreUnderTest;
use super::abilities::not_tried;
use super::scene::{Scene, assert_dense, commit, id, one};

/// F07: while a writer hangs, what was answered before is read at once; what is answered meanwhile is read, too, or
/// the feed's health names who holds it back; and once the writer has gone, everything comes.
pub async fn f07_a_writer_that_hangs_holds_back_nothing_unnamed<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    scene.grow("order-1", 3).await;
    let Some(hung) = scene.store.hang_writer().await else {
        return not_tried::<S>("F07", "hang a writer");
    };
    let reader = scene.store.second().await;
    assert_eq!(fed(&reader).await, 3, "what was answered before the writer hung");
    let (events, late) = (scene.events(), one("order-1", Expectation::Any, 4));
    let value = late.clone();
    let writing = tokio::spawn(async move { events.commit(value).await.is_ok() });
    let began = Instant::now();
    // Within this time the commit may wait for the writer; answered sooner, it must be seen or held back by name.
    while !writing.is_finished() && began.elapsed() < Duration::from_millis(300) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if writing.is_finished() {
        let began = Instant::now();
        while fed(&reader).await < 4 {
            let health = reader.feed.health().await.expect("a feed tells its health");
            // A commit may have come between the two questions.
            let holds = &health.holds;
            assert!(
                !holds.is_empty() || fed(&reader).await == 4,
                "a commit is held back, and health names nobody"
            );
            assert!(holds.iter().all(|hold| !hold.process.is_empty()), "a hold without a name: {holds:?}");
            let timeout = scene.store.writer_timeout();
            assert!(began.elapsed() <= timeout, "held back for longer than {timeout:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    drop(hung);
    let _ = writing.await;
    // Whatever became of it while the writer hung, committing the same value again makes it stand (A06).
    scene.commit(late).await;
    let began = Instant::now();
    while fed(&reader).await < 4 {
        assert!(began.elapsed() < S::PATIENCE, "the writer has gone, and a commit is still held back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let health = reader.feed.health().await.expect("a feed tells its health");
    assert!(health.holds.is_empty(), "nobody holds the feed back any more: {health:?}");
}

async fn fed(reader: &Adapter) -> usize {
    let start = reader.feed.start(FeedStart::Beginning).await.expect("a feed has a beginning");
    let (events, _) = reader.feed.read_to_end(&FeedQuery::all(), start).await.expect("the feed can be read");
    events.len()
}

/// E02: while the store is away, each call is answered within the time-out, rightly or with an error that says that
/// trying again helps; once it is back, the same calls work.
pub async fn e02_a_store_that_is_away_answers_in_time_and_comes_back<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let head = scene.grow("order-1", 2).await;
    let adapter = scene.adapter();
    let Some(away) = scene.store.take_away().await else {
        return not_tried::<S>("E02", "go away");
    };
    let in_time = scene.store.time_out();
    let value = one("order-1", Expectation::Head(head), 3);
    let (outcome, ()) = tokio::join!(
        tokio::time::timeout(in_time, adapter.events.commit(value.clone())),
        reads_are_right_or_transient(&adapter, head, in_time)
    );
    let error = outcome
        .unwrap_or_else(|_| panic!("a commit hangs for longer than {in_time:?}"))
        .expect_err("a store that is away takes no commit");
    assert!(error.is_transient(), "trying again will help, yet it says that it cannot: {error}");
    assert!(error.to_string().contains("order-1"), "it says to which stream: {error}");
    drop(away);
    // The first call after it may still find what was broken; it works within the time-out.
    let began = Instant::now();
    while let Err(error) = scene.try_commit(value.clone()).await {
        assert!(error.is_transient() && began.elapsed() < in_time, "the store is back, yet: {error}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_dense(&scene.read("order-1").await, 3);
    assert_eq!(fed(&adapter).await, 3, "the feed is back, too");
    scene
        .commit(commit(vec![super::scene::append(
            "order-1",
            Expectation::Any,
            vec![super::scene::numbered(4)],
        )]))
        .await;
}

async fn reads_are_right_or_transient(adapter: &Adapter, head: StreamHead, in_time: Duration) {
    let stream = id("order-1");
    let late = |what: &str| panic!("{what} hangs for longer than {in_time:?}");
    let (found, page, health) = tokio::join!(
        tokio::time::timeout(in_time, adapter.events.head(&stream)),
        tokio::time::timeout(in_time, adapter.events.read_stream(&stream, ReadRange::all())),
        tokio::time::timeout(in_time, adapter.feed.health())
    );
    match found {
        Ok(Ok(found)) => assert_eq!(found, Some(head)),
        Ok(Err(error)) => assert!(error.is_transient(), "{error}"),
        Err(_) => late("reading a head"),
    }
    match page {
        Ok(Ok(page)) => assert_dense(&page.events, 2),
        Ok(Err(error)) => assert!(error.is_transient(), "{error}"),
        Err(_) => late("reading a stream"),
    }
    match health {
        Ok(Ok(health)) => assert_eq!(health.last_recorded_at, Some(head.recorded_at)),
        Ok(Err(error)) => assert!(error.is_transient(), "{error}"),
        Err(_) => late("asking for the feed's health"),
    }
}
