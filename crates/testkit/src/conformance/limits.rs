//! Laws A08 and A09 at the store: what lies at the very edge of each limit is accepted, and comes back whole.
//! What lies beyond cannot be made into a commit; that is tested where commits are made.

use annals_core::limits::{COMMIT_BYTES_MAX, EVENT_BYTES_MAX};
use annals_core::{EventType, Json, RecordedEvent};
use annals_ports::{Append, Expectation, NewEvent};
use serde_json::json;

use super::StoreUnderTest;
use super::scene::{Scene, append, commit, event, numbered};

/// Commits what lies at an edge, and checks that it reads back equal: here, elsewhere, in the feed, after a restart.
async fn assert_comes_back<S: StoreUnderTest>(scene: &mut Scene<S>, appends: Vec<Append>) {
    scene.commit(commit(appends.clone())).await;
    for round in 0..2 {
        for adapter in [scene.adapter(), scene.store.second().await] {
            let feed = super::scene::history(&adapter).await;
            for append in &appends {
                let found = super::scene::read_stream(&adapter, &append.stream).await;
                assert_same(&append.events, &found, round);
                let of_stream = feed.iter().filter(|event| event.header.stream == append.stream).cloned();
                assert_same(&append.events, &of_stream.collect::<Vec<_>>(), round);
            }
        }
        scene.reopen().await;
    }
}

#[track_caller]
fn assert_same(committed: &[NewEvent], found: &[RecordedEvent], round: u32) {
    assert_eq!(committed.len(), found.len(), "round {round}: as many events as were committed");
    for (new, old) in committed.iter().zip(found) {
        let header = &old.header;
        assert_eq!((new.id, &new.event_type), (header.id, &header.event_type), "round {round}");
        assert_eq!(new.schema_version, header.schema_version, "round {round}");
        // Messages stay short: some of these payloads are large.
        assert!(
            new.payload == old.payload,
            "round {round}: the payload of {} changed: {}",
            new.event_type,
            shown(old)
        );
        assert!(new.metadata == header.metadata, "round {round}: the metadata of {} changed", new.event_type);
    }
}

fn shown(event: &RecordedEvent) -> String {
    event.payload.as_str().chars().take(300).collect()
}

/// An event whose payload and metadata take exactly `bytes`.
fn sized(bytes: usize) -> NewEvent {
    let filled = |bytes: usize| {
        let frame = r#"{"fill":""}"#.len();
        Json::from_value(&json!({ "fill": "x".repeat(bytes - frame) })).expect("portable")
    };
    let (payload, metadata) = (filled(bytes - 1_000), filled(1_000));
    assert_eq!(payload.len() + metadata.len(), bytes);
    NewEvent { payload, metadata, ..event("Sized", &json!({})) }
}

/// A08: 64 events in one stream.
pub async fn a08_the_most_events_are_accepted<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let events = (1..=64).map(numbered).collect();
    assert_comes_back(&mut scene, vec![append("order-1", Expectation::NoStream, events)]).await;
}

/// A08: 16 streams, 64 events in all.
pub async fn a08_the_most_streams_are_accepted<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let of = |stream: u64| {
        append(&format!("order-{stream}"), Expectation::NoStream, (1..=4).map(numbered).collect())
    };
    assert_comes_back(&mut scene, (1..=16).map(of).collect()).await;
}

/// A08: an event of 240 KiB.
pub async fn a08_the_largest_event_is_accepted<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let events = vec![sized(EVENT_BYTES_MAX)];
    assert_comes_back(&mut scene, vec![append("order-1", Expectation::NoStream, events)]).await;
}

/// A08: a commit of 2 MiB, in one stream and over several.
pub async fn a08_the_largest_commit_is_accepted<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let few: Vec<_> = (0..16).map(|_| sized(COMMIT_BYTES_MAX / 16)).collect();
    assert_comes_back(&mut scene, vec![append("order-1", Expectation::NoStream, few)]).await;
    let of = |stream: usize| {
        let events = (0..4).map(|_| sized(COMMIT_BYTES_MAX / 64)).collect();
        append(&format!("payment-{stream}"), Expectation::NoStream, events)
    };
    assert_comes_back(&mut scene, (0..16).map(of).collect()).await;
}

/// A08: the longest names, and names of every character that is allowed.
pub async fn a08_the_longest_and_oddest_names_are_accepted<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let visible: String = ('!'..='~').collect();
    let letters: String = ('a'..='z').chain('0'..='9').chain(['_']).collect();
    let mut appends = vec![
        append(&format!("{}-{}", "z".repeat(64), "~".repeat(128)), Expectation::NoStream, vec![numbered(1)]),
        append(&format!("{letters}-{visible}"), Expectation::NoStream, vec![numbered(2)]),
    ];
    // Each stands beside its neighbours, so that no two of them may be taken for one another.
    for neighbour in ["a-A", "a-a", "a--a", "a-_", "a-%", "a-*", "a-'", "a-\\", "a-a;", "0-0", "_-/"] {
        appends.push(append(neighbour, Expectation::NoStream, vec![numbered(3)]));
    }
    assert_comes_back(&mut scene, appends).await;

    let typed = |name: &str, schema_version: u16| NewEvent {
        event_type: EventType::new(name).expect("a valid type"),
        schema_version,
        ..numbered(4)
    };
    let events = vec![typed(&"T".repeat(100), 1), typed(&visible, 2), typed("t", 32_767), typed("T", 32_767)];
    assert_comes_back(&mut scene, vec![append("types-1", Expectation::NoStream, events)]).await;
}

/// A09: every oddity that portable JSON allows, as payload and as metadata.
pub async fn a09_every_portable_json_is_accepted<S: StoreUnderTest>() {
    let mut scene = Scene::<S>::new().await;
    let deep = format!("{}{}{}", r#"{"a":"#.repeat(63), "{}", "}".repeat(63));
    let deep_array = format!(r#"{{"a":{}{}}}"#, "[".repeat(63), "]".repeat(63));
    let texts = [
        "{}",
        r#"{"":""}"#,
        r#"{"null":null,"true":true,"false":false,"empty":[],"nothing":{}}"#,
        r#"{"least":-9223372036854775808,"most":18446744073709551615,"beyond_f64":9007199254740993}"#,
        r#"{"a":0.1,"b":0.30000000000000004,"c":1e20,"d":1e21,"e":1e-7,"f":5e-324,"g":1.7976931348623157e308}"#,
        r#"{"a":2.2250738585072014e-308,"b":-1e300,"c":123456789.123456789,"d":1.0,"e":100}"#,
        r#"{"decimal":"0.10","long":"123456789012345678901234567890.123456789"}"#,
        r#"{"controls":"\u0001\u0008\t\n\u000b\f\r\u001f\u007f","quotes":"\"\\\/","key \"\\\n":1}"#,
        r#"{"é":"e\u0301","日本":"語","😀":"👩‍👩‍👧‍👦","surrogates":"\ud83d\ude00","last":"\udbff\udfff"}"#,
        r#"{"b":1,"a":2,"B":3,"A":4,"_":5,"ä":6,"\uffff":7,"😀":8,"10":9,"9":10}"#,
        r#"{"nested":[[],[[]],[{"a":[{"b":[null,1,"2",false]}]}]]}"#,
        r#"{"$ref":1,"a.b":2,"a[0]":3,"__proto__":4,"$$serde_json::private::Number":"5","$serde_json::private":"[6]"}"#,
        &deep,
        &deep_array,
    ];
    let events = texts.map(|text| {
        let json = Json::parse(text).unwrap_or_else(|error| panic!("{text} is portable: {error}"));
        NewEvent { payload: json.clone(), metadata: json, ..event("Odd", &json!({})) }
    });
    assert_comes_back(&mut scene, vec![append("order-1", Expectation::NoStream, events.into())]).await;
}
