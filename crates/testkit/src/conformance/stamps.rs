//! Laws A10 and A11: stamps of whole microseconds that never fall along a stream, and answers about the past that
//! never change.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_core::{RecordedEvent, Timestamp};
use annals_ports::{Clock, Expectation};

use super::StoreUnderTest;
use super::scene::{Scene, append, commit, numbered};

/// A10: a stamp is what the clock says, to the microsecond, and reads back so, from everywhere.
pub async fn a10_stamps_are_the_clocks_to_the_microsecond<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let start = scene.store.clock().now().as_micros();
    // Odd and even last digits, whole milliseconds, whole seconds.
    let second = 1_000_000;
    let instants: Vec<_> =
        [start + 1, start + 1_002, (start / 1_000 + 3) * 1_000, (start / second + 1) * second + 999_999]
            .map(Timestamp::from_micros)
            .into();
    for (place, instant) in instants.iter().enumerate() {
        scene.store.clock().set(*instant);
        let stream = format!("order-{place}");
        let receipt =
            scene.commit(commit(vec![append(&stream, Expectation::NoStream, vec![numbered(1)])])).await;
        assert_eq!(receipt.recorded_at(), Some(*instant));
    }
    for round in 0..2 {
        for adapter in [scene.adapter(), scene.store.second().await] {
            for (place, instant) in instants.iter().enumerate() {
                let stream = super::scene::id(&format!("order-{place}"));
                let head = adapter.events.head(&stream).await.expect("heads can be read");
                assert_eq!(
                    head.map(|head| head.recorded_at),
                    Some(*instant),
                    "round {round}: the head's stamp"
                );
                let events = super::scene::read_stream(&adapter, &stream).await;
                assert_eq!(events[0].header.recorded_at, *instant, "round {round}: the event's stamp");
            }
        }
        scene.reopen().await;
    }
}

/// A10: all events of an append have one stamp.
pub async fn a10_events_of_one_append_have_one_stamp<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    scene.grow("order-1", 64).await;
    let stamps: Vec<_> = scene.read("order-1").await.iter().map(|event| event.header.recorded_at).collect();
    assert!(stamps.iter().all(|stamp| *stamp == scene.store.clock().now()), "{stamps:?}");
}

/// A10: when the clock steps back, a stream's stamps stand still until the clock has caught up.
pub async fn a10_stamps_never_fall_when_the_clock_steps_back<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let (start, micro) = (scene.store.clock().now(), Duration::from_micros(1));
    let high = start.plus(Duration::from_secs(5));
    scene.store.clock().set(high);
    assert_eq!(scene.grow("order-1", 1).await.recorded_at, high);

    scene.store.clock().set(start);
    assert_eq!(scene.grow("order-1", 1).await.recorded_at, high, "the stream's last stamp stands");
    assert_eq!(scene.grow("order-2", 1).await.recorded_at, start, "another stream knows nothing of it");
    let both = vec![
        append("order-1", Expectation::Exists, vec![numbered(1)]),
        append("order-2", Expectation::Exists, vec![numbered(1)]),
    ];
    let receipt = scene.commit(commit(both)).await;
    let told: Vec<_> = receipt.appended().iter().map(|added| added.head.recorded_at).collect();
    assert_eq!(told, [high, start], "each stream of a commit keeps its own order");
    let there = scene.store.second().await;
    let outcome = scene.try_commit_through(&there, super::scene::one("order-1", Expectation::Any, 2)).await;
    assert_eq!(
        outcome.expect("nothing stands against it").recorded_at(),
        Some(high),
        "in another process, too"
    );
    scene.reopen().await;
    assert_eq!(scene.grow("order-1", 1).await.recorded_at, high, "and after a restart");

    scene.store.clock().set(high.plus(micro));
    assert_eq!(scene.grow("order-1", 1).await.recorded_at, high.plus(micro), "the clock has caught up");
}

/// The versions that each stream had by an instant.
fn by_instant(history: &[RecordedEvent], instant: Timestamp) -> BTreeMap<String, Vec<u64>> {
    let mut answer: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for event in history.iter().filter(|event| event.header.recorded_at <= instant) {
        answer.entry(event.header.stream.to_string()).or_default().push(event.header.version.get());
    }
    answer
}

/// A11: what was recorded up to any instant is a beginning of each stream.
pub async fn a11_events_up_to_an_instant_are_a_prefix<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let start = scene.store.clock().now();
    // Forth and back, within what a store with a clock of its own accepts.
    for (step, millis) in [0, 900, 300, 300, 4_000, 1, 2_500, 0, 5_000, 4_999].into_iter().enumerate() {
        scene.store.clock().set(start.plus(Duration::from_millis(millis)));
        scene.grow(["order-1", "order-2", "payment-1"][step % 3], 2).await;
        scene.grow("order-1", 1).await;
    }
    let history = scene.history().await;
    for instant in history.iter().map(|event| event.header.recorded_at) {
        for (stream, versions) in by_instant(&history, instant) {
            let count = versions.len() as u64;
            assert!(
                versions.iter().copied().eq(1..=count),
                "{stream} at {instant}: {versions:?} is no beginning"
            );
        }
    }
}

/// A11: an answer about an instant more than 10 s ago stays what it was, though a clock steps back by less than that.
pub async fn a11_answers_about_more_than_ten_seconds_ago_never_change<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let start = scene.store.clock().now();
    let second = Duration::from_secs(1);
    scene.store.clock().set(start.minus(9 * second));
    scene.grow("order-1", 2).await;
    scene.grow("order-2", 1).await;
    let instant = start.minus(8 * second);
    scene.store.clock().set(start.plus(3 * second));
    scene.grow("order-1", 1).await;
    let answer = by_instant(&scene.history().await, instant);
    assert_eq!(answer.get("order-1"), Some(&vec![1, 2]));
    for back in [0, 2, 9] {
        scene.store.clock().set(start.plus(3 * second).minus(back * second));
        scene.grow("order-2", 1).await;
        scene.grow(&format!("order-new{back}"), 1).await;
        assert_eq!(by_instant(&scene.history().await, instant), answer, "after a step back by {back} s");
    }
}
