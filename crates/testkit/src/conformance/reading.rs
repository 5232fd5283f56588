//! Laws R01 to R04 and R06: whole streams, own writes seen everywhere, events as they were committed, tokens that
//! know their store.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_core::{RecordedEvent, StreamId, Version};
use annals_ports::{
    Direction, EventStore, EventStoreExt, Expectation, FeedQuery, FeedStart, NewEvent, ReadRange, StoreError,
    TypeQuery, VerifyError, verify_stream,
};
use serde_json::json;
use tokio::task::JoinSet;

use super::StoreUnderTest;
use super::scene::{Scene, append, commit, event, id, numbered, one, read_stream, versions};
use crate::generators;

/// Reads a range page by page, and checks that no page is larger than asked for, and none but the first empty: what is said
/// to be left is there.
async fn read_in_pages(store: &dyn EventStore, stream: &StreamId, range: ReadRange) -> Vec<RecordedEvent> {
    let mut events = Vec::new();
    let mut next = Some(range);
    while let Some(range) = next {
        let page = store.read_stream(stream, range).await.expect("streams can be read");
        assert!(
            page.events.len() <= range.limit.max(1),
            "asked for {}, got {}",
            range.limit,
            page.events.len()
        );
        let is_first = events.is_empty();
        assert!(!page.events.is_empty() || is_first, "nothing is left, where {range:?} was said to be");
        assert!(!page.events.is_empty() || page.rest.is_none(), "an empty page leads on to {:?}", page.rest);
        events.extend(page.events);
        next = page.rest;
    }
    events
}

/// R01: 10,000 events of several MiB, both ways, in any range, in pages of any size.
pub async fn r01_a_long_stream_reads_whole<S: StoreUnderTest>() {
    let count = S::LONG_STREAM;
    let scene = Scene::<S>::new().await;
    let long = |number: u64| event("Written", &json!({ "number": number, "text": "x".repeat(500) }));
    for first in (1..=count).step_by(64) {
        let events = (first..=count.min(first + 63)).map(long).collect();
        scene
            .commit(commit(vec![append("order-1", Expectation::Exact(Version::new(first - 1)), events)]))
            .await;
    }
    let (store, stream) = (scene.events(), id("order-1"));
    let range = |from: u64, to: u64| ReadRange::between(Version::new(from), Version::new(to));
    let cases = [
        (ReadRange::all().limit(1_000), 1, count),
        (ReadRange::all().limit(97), 1, count),
        (ReadRange::all().limit(1_000_000), 1, count),
        (range(count / 3, count / 3 + 400).limit(7), count / 3, count / 3 + 400),
        (range(count / 2 + 1, count / 2 + 70).limit(1), count / 2 + 1, count / 2 + 70),
        (ReadRange { limit: 0, ..range(1, 3) }, 1, 3),
        (range(1, 1), 1, 1),
        (range(count, count), count, count),
        (range(count - 10, count + 90).limit(7), count - 10, count),
        (range(0, 10).limit(3), 1, 10),
        (ReadRange::from(Version::new(count / 4)).limit(1_000), count / 4, count),
        (range(64, 65).limit(1), 64, 65),
    ];
    for (range, first, last) in cases {
        for range in [range, range.backward()] {
            let events = read_in_pages(store.as_ref(), &stream, range).await;
            let found = events.iter().map(|event| event.header.version.get());
            let is_right = match range.direction {
                Direction::Forward => found.eq(first..=last),
                Direction::Backward => found.eq((first..=last).rev()),
            };
            assert!(is_right, "{range:?} must give {first} to {last}, gave {} events", events.len());
            for event in &events {
                assert!(
                    event.payload == long(event.header.version.get()).payload,
                    "{} changed",
                    event.header.version
                );
            }
        }
    }
    let empty = [range(5, 4), range(count + 1, count + 9), range(0, 0), ReadRange::from(Version::MAX)];
    for range in empty {
        for range in [range, range.backward()] {
            let events = read_in_pages(store.as_ref(), &stream, range).await;
            assert!(events.is_empty(), "{range:?} is empty, gave {:?}", versions(&events));
        }
    }
}

/// R01: a stream whose neighbours have similar names holds its own events alone.
pub async fn r01_streams_do_not_mix<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let names =
        ["order-1", "order-10", "order-2", "order-a", "order-A", "order_line-1", "order-1-1", "order--1"];
    for (place, name) in names.iter().enumerate() {
        scene.grow(name, place as u64 + 1).await;
    }
    for (place, name) in names.iter().enumerate() {
        let events = scene.read(name).await;
        assert_eq!(events.len(), place + 1, "{name}");
        assert!(events.iter().all(|event| event.header.stream.as_str() == *name), "{events:?}");
    }
}

/// R02: what was answered is seen at once from another process, while others write, too.
pub async fn r02_an_answered_commit_is_seen_from_any_process<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    let handles = [scene.adapter(), scene.store.second().await];
    let mut writing = JoinSet::new();
    for writer in 0..8_usize {
        let (here, there) = (handles[writer % 2].clone(), handles[(writer + 1) % 2].clone());
        writing.spawn(async move {
            let name = format!("order-{writer}");
            for number in 1..=25_u64 {
                let receipt = here.events.commit(one(&name, Expectation::Any, number)).await;
                let head = receipt.expect("nothing stands against this commit").appended()[0].head;
                for reader in [&there, &here] {
                    let found = reader.events.head(&id(&name)).await.expect("heads can be read");
                    assert_eq!(found, Some(head), "{name}: the head after an answer");
                    let last =
                        reader.events.read_stream(&id(&name), ReadRange::all().backward().limit(1)).await;
                    let last = last.expect("streams can be read").events;
                    assert_eq!(versions(&last), [number], "{name}: the last event after an answer");
                }
            }
        });
    }
    writing.join_all().await;
}

/// R03: a stream that nobody wrote to is empty, not wrong.
pub async fn r03_an_unknown_stream_is_empty<S: StoreUnderTest>() {
    let scene = Scene::<S>::new().await;
    for populated in [false, true] {
        if populated {
            scene.grow("order-1", 3).await;
        }
        let unknown = id("order-none");
        assert_eq!(scene.head("order-none").await, None);
        for range in
            [ReadRange::all(), ReadRange::all().backward(), ReadRange::from(Version::new(5)).limit(1)]
        {
            let page = scene.events().read_stream(&unknown, range).await.expect("that is no error");
            assert!(page.events.is_empty() && page.rest.is_none(), "{page:?}");
        }
        match verify_stream(scene.events().as_ref(), &unknown).await {
            Ok(verdict) => assert_eq!(verdict.head, None),
            Err(VerifyError::Store(error)) => panic!("{error}"),
            Err(error) => panic!("an empty stream is whole: {error}"),
        }
        let query = TypeQuery::new(event("Unheard", &json!({})).event_type);
        let found = scene.events().read_all_by_type(query).await.expect("that is no error");
        assert!(found.is_empty(), "{found:?}");
    }
}

/// R04: any event comes back as it was committed: by stream, by feed, by type, elsewhere, after a restart.
pub async fn r04_events_come_back_as_committed<S: StoreUnderTest>() {
    const SEED: u64 = 4;
    const CASES: usize = 200;
    let mut scene = Scene::<S>::new().await;
    let events = generators::samples(&generators::new_event(), SEED, CASES);
    let streams = generators::samples(&generators::stream_id(), SEED, CASES / 8);
    let mut committed: BTreeMap<_, (StreamId, u64, NewEvent)> = BTreeMap::new();
    for (stream, events) in streams.iter().zip(events.chunks(8)) {
        let appends = vec![annals_ports::Append::new(stream.clone(), Expectation::NoStream, events.to_vec())];
        scene.commit(commit(appends)).await;
        for (version, event) in (1..).zip(events) {
            committed.insert(event.id, (stream.clone(), version, event.clone()));
        }
    }
    let check = |found: &[RecordedEvent], from: &str| {
        for old in found {
            let header = &old.header;
            let (stream, version, new) =
                committed.get(&header.id).unwrap_or_else(|| panic!("{from}: {old:?}"));
            let same = header.stream == *stream
                && header.version.get() == *version
                && header.event_type == new.event_type
                && header.schema_version == new.schema_version
                && header.metadata == new.metadata
                && old.payload == new.payload
                && old.payload.canonical().as_ref() == Ok(&new.payload)
                && old.payload.to_value().ok() == new.payload.to_value().ok();
            assert!(same, "{from}, seed {SEED}: committed\n{new:?}\nto {stream} at {version}, got\n{old:?}");
        }
    };
    for _ in 0..2 {
        for adapter in [scene.adapter(), scene.store.second().await] {
            let mut count = 0;
            for stream in &streams {
                let found = read_stream(&adapter, stream).await;
                count += found.len();
                check(&found, "read_stream");
            }
            assert_eq!(count, committed.len(), "all of them come back");
            let fed = super::scene::history(&adapter).await;
            assert_eq!(fed.len(), committed.len(), "all of them are in the feed");
            check(&fed, "feed");
        }
        for (_, _, new) in committed.values().take(20) {
            let query = TypeQuery::new(new.event_type.clone());
            check(&scene.events().read_all_by_type(query).await.expect("types can be read"), "read_by_type");
        }
        scene.reopen().await;
    }
}

/// R06: a token or position of one store is refused by another, with an error that says so.
pub async fn r06_tokens_and_positions_of_another_store_are_refused<S: StoreUnderTest>() {
    let (ours, theirs) = (Scene::<S>::new().await, Scene::<S>::new().await);
    for scene in [&ours, &theirs] {
        scene.grow("order-1", 5).await;
    }
    assert_ne!(ours.adapter().store, theirs.adapter().store, "every store has an id of its own");
    let query = TypeQuery::new(numbered(1).event_type).limit(2);
    let page = theirs.events().read_by_type(&query).await.expect("types can be read");
    let foreign = page.next.expect("there are more than two");
    let outcome = ours.events().read_by_type(&query.after(foreign)).await;
    assert!(matches!(outcome, Err(StoreError::WrongStore { .. })), "got {outcome:?}");
    for from in [FeedStart::Beginning, FeedStart::End] {
        let foreign = theirs.adapter().feed.start(from).await.expect("feeds have ends");
        let outcome = ours.adapter().feed.next(&FeedQuery::all(), &foreign, Duration::ZERO).await;
        match outcome {
            Err(StoreError::WrongStore { expected, found, .. }) => {
                assert_eq!((expected, found), (ours.adapter().store, theirs.adapter().store));
            }
            other => panic!("a position of another store must be refused, got {other:?}"),
        }
    }
}

/// R06: a store keeps its id: tokens and positions hold in other processes and after a restart.
pub async fn r06_tokens_hold_in_other_processes_and_after_a_restart<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    scene.grow("order-1", 5).await;
    let query = TypeQuery::new(numbered(1).event_type).limit(2);
    let page = scene.events().read_by_type(&query).await.expect("types can be read");
    let token = page.next.expect("there are more than two").to_string();
    for _ in 0..2 {
        for adapter in [scene.adapter(), scene.store.second().await] {
            let token = token.parse().expect("a token survives as text");
            let page = adapter.events.read_by_type(&query.clone().after(token)).await;
            assert_eq!(versions(&page.expect("its own token").events), [3, 4]);
        }
        scene.reopen().await;
    }
}
