//! Law A08: each limit accepts its edge, refuses the next, and names itself and the value.

use annals_core::limits::{
    COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, COMMIT_STREAMS_MAX, EVENT_BYTES_MAX, INDEX_VALUE_BYTES_MAX,
    LimitExceeded, ROW_BYTES_MAX,
};
use annals_core::{CommitId, Digest, EventId, EventType, Json, StreamHead, StreamId, Timestamp, Version};
use annals_ports::{
    Append, Commit, Expectation, IndexValues, InvalidCommit, InvalidRow, NewEvent, RowChange, Snapshot,
};

/// A JSON object of exactly `bytes`.
fn sized(bytes: usize) -> Json {
    let frame = r#"{"a":""}"#.len();
    let json = Json::parse(&format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - frame))).expect("portable");
    assert_eq!(json.len(), bytes);
    json
}

fn event(payload: Json, metadata: Json) -> NewEvent {
    let event_type = EventType::new("Counted").expect("a valid type");
    NewEvent { id: EventId::new(), event_type, schema_version: 1, payload, metadata }
}

fn small() -> NewEvent {
    event(Json::empty(), Json::empty())
}

fn stream(number: usize) -> StreamId {
    StreamId::new("order", &number.to_string()).expect("a valid name")
}

fn append(number: usize, events: Vec<NewEvent>) -> Append {
    let events = events.into_iter().map(|event| NewEvent { id: EventId::new(), ..event }).collect();
    Append::new(stream(number), Expectation::Any, events)
}

fn commit(appends: Vec<Append>) -> Result<Commit, InvalidCommit> {
    Commit::new(CommitId::new(), appends)
}

#[track_caller]
fn assert_limit(result: Result<Commit, InvalidCommit>, limit: &str, most: usize, actual: usize) {
    let exceeded = match result {
        Err(InvalidCommit::Limit(exceeded) | InvalidCommit::Event { exceeded, .. }) => exceeded,
        other => panic!("{limit} of {actual} is beyond {most}, got {other:?}"),
    };
    assert_eq!((exceeded.limit, exceeded.most, exceeded.actual), (limit, most, actual));
    let text = exceeded.to_string();
    assert!(text.contains(limit) && text.contains(&actual.to_string()), "{text}");
}

#[test]
fn a08_a_commit_holds_1_to_64_events() {
    let of = |count: usize| commit(vec![append(1, (0..count).map(|_| small()).collect())]);
    assert!(of(1).is_ok());
    assert!(of(COMMIT_EVENTS_MAX).is_ok());
    assert_limit(of(COMMIT_EVENTS_MAX + 1), "events in a commit", 64, 65);
    assert_eq!(of(0), Err(InvalidCommit::NoEvents { stream: stream(1) }));
}

#[test]
fn a08_events_are_counted_over_all_streams() {
    let of = |last: usize| {
        let mut appends: Vec<_> = (0..15).map(|number| append(number, vec![small(); 4])).collect();
        appends.push(append(15, vec![small(); last]));
        commit(appends)
    };
    assert!(of(4).is_ok());
    assert_limit(of(5), "events in a commit", 64, 65);
}

#[test]
fn a08_a_commit_spans_1_to_16_streams() {
    let of = |count: usize| commit((0..count).map(|number| append(number, vec![small()])).collect());
    assert!(of(1).is_ok());
    assert!(of(COMMIT_STREAMS_MAX).is_ok());
    assert_limit(of(COMMIT_STREAMS_MAX + 1), "streams in a commit", 16, 17);
    assert_limit(of(0), "streams in a commit", 16, 0);
}

#[test]
fn a07_a_stream_stands_in_a_commit_once() {
    let twice = commit(vec![append(1, vec![small()]), append(2, vec![small()]), append(1, vec![small()])]);
    assert_eq!(twice, Err(InvalidCommit::StreamTwice { stream: stream(1) }));
}

#[test]
fn a07_an_events_id_stands_in_a_commit_once() {
    let twice = small();
    let of = |first: &[&NewEvent], second: &[&NewEvent]| {
        let append = |number, events: &[&NewEvent]| {
            Append::new(
                stream(number),
                Expectation::Any,
                events.iter().map(|event| (*event).clone()).collect(),
            )
        };
        commit(vec![append(1, first), append(2, second)])
    };
    let refused = |number| Err(InvalidCommit::EventTwice { event: twice.id, stream: stream(number) });
    assert_eq!(of(&[&twice, &twice], &[&small()]), refused(1));
    assert_eq!(of(&[&twice, &small()], &[&small(), &twice]), refused(2));
    assert!(of(&[&twice, &small()], &[&small(), &small()]).is_ok());
    let text = of(&[&twice, &twice], &[&small()]).unwrap_err().to_string();
    assert!(text.contains(&twice.id.to_string()) && text.contains("order-1"), "{text}");
}

#[test]
fn a08_an_event_takes_up_to_240_kib_payload_and_metadata_together() {
    let of = |payload: usize, metadata: usize| {
        commit(vec![append(1, vec![event(sized(payload), sized(metadata))])])
    };
    assert!(of(EVENT_BYTES_MAX - 100, 100).is_ok());
    assert!(of(100, EVENT_BYTES_MAX - 100).is_ok());
    assert_limit(of(EVENT_BYTES_MAX - 100, 101), "payload plus metadata of an event", 245_760, 245_761);
    assert_limit(of(100, EVENT_BYTES_MAX - 99), "payload plus metadata of an event", 245_760, 245_761);
}

#[test]
fn a08_a_commit_takes_up_to_2_mib() {
    let of = |last: usize| {
        let mut events: Vec<_> =
            (0..15).map(|_| event(sized(COMMIT_BYTES_MAX / 16 - 2), Json::empty())).collect();
        events.push(event(sized(last - 2), Json::empty()));
        commit(vec![append(1, events)])
    };
    assert!(of(COMMIT_BYTES_MAX / 16).is_ok());
    assert_limit(of(COMMIT_BYTES_MAX / 16 + 1), "payload plus metadata of a commit", 2_097_152, 2_097_153);
}

#[test]
fn a08_a_schema_version_is_1_to_32767() {
    let of = |schema_version| commit(vec![append(1, vec![NewEvent { schema_version, ..small() }])]);
    assert!(of(1).is_ok() && of(32_767).is_ok());
    assert_limit(of(0), "schema version", 32_767, 0);
    assert_limit(of(32_768), "schema version", 32_767, 32_768);
}

#[test]
fn a08_names_are_limited_where_they_are_made() {
    assert!(StreamId::new(&"a".repeat(64), &"~".repeat(128)).is_ok());
    for (category, id) in [("a".repeat(65), "1".to_owned()), ("a".to_owned(), "1".repeat(129))] {
        let error = StreamId::new(&category, &id).expect_err("too long").to_string();
        assert!(error.contains("65") || error.contains("129"), "{error}");
    }
    for (category, id) in
        [("", "1"), ("a", ""), ("A", "1"), ("a-b", "1"), ("ä", "1"), ("a", "é"), ("a", "1 2"), ("a", "\n")]
    {
        assert!(StreamId::new(category, id).is_err(), "{category:?} {id:?}");
    }
    assert!(EventType::new(&"T".repeat(100)).is_ok());
    for name in [String::new(), "T".repeat(101), "Ä".to_owned(), "a b".to_owned()] {
        assert!(EventType::new(&name).is_err(), "{name:?}");
    }
}

#[test]
fn a08_a_refusals_reason_takes_up_to_256_kib() {
    let of = |bytes| Commit::refusal(CommitId::new(), sized(bytes));
    assert!(of(ROW_BYTES_MAX).is_ok_and(|refusal| refusal.is_once() && refusal.appends().is_empty()));
    assert_limit(of(ROW_BYTES_MAX + 1), "refusal size", ROW_BYTES_MAX, ROW_BYTES_MAX + 1);
}

#[test]
fn a08_a_snapshot_takes_up_to_256_kib() {
    let head =
        StreamHead { version: Version::FIRST, recorded_at: Timestamp::UNIX_EPOCH, digest: Digest::ORIGIN };
    let of = |bytes| Snapshot::new(stream(1), head, 1, sized(bytes));
    assert!(of(ROW_BYTES_MAX).is_ok());
    let refused = of(ROW_BYTES_MAX + 1).expect_err("too large");
    assert_eq!((refused.limit, refused.actual), ("snapshot size", ROW_BYTES_MAX + 1));
}

#[track_caller]
fn assert_row_limit(result: Result<RowChange, InvalidRow>, limit: &str, actual: usize) {
    match result {
        Err(InvalidRow::Limit { exceeded: LimitExceeded { limit: found, actual: value, .. }, .. }) => {
            assert_eq!((found, value), (limit, actual));
        }
        other => panic!("{limit} of {actual} is beyond the limit, got {other:?}"),
    }
}

#[test]
fn a08_a_row_takes_up_to_256_kib_its_key_and_index_values_512_bytes() {
    let row = |key: &str, bytes: usize, part: &str| {
        RowChange::put(key.to_owned(), sized(bytes), IndexValues::none().with("by part", [part]))
    };
    let longest = "é".repeat(INDEX_VALUE_BYTES_MAX / 2);
    // A part takes one byte more than its text.
    let part = "p".repeat(INDEX_VALUE_BYTES_MAX - 1);
    assert!(row(&longest, ROW_BYTES_MAX, &part).is_ok());
    assert_row_limit(row("k", ROW_BYTES_MAX + 1, ""), "row size", ROW_BYTES_MAX + 1);
    assert_row_limit(row("k", 100, &format!("{part}p")), "index value", 513);
    assert_row_limit(row(&format!("{longest}k"), 100, ""), "row key", 513);
    assert_row_limit(row("", 100, ""), "row key", 0);
    assert!(RowChange::delete(longest.clone()).is_ok());
    assert_row_limit(RowChange::delete(format!("{longest}k")), "row key", 513);
    for key in ["a\u{1f}", "\0", "a\nb", "\u{85}"] {
        let error = RowChange::delete(key.to_owned()).expect_err("a control character");
        assert!(matches!(error, InvalidRow::Character { .. }), "{error}");
    }
}

#[test]
fn a09_a_text_that_some_store_handed_back_is_brought_into_canonical_form() {
    let respelt = Json::as_stored(r#"{"b": 1e2, "a": 1}"#);
    let commit = commit(vec![append(1, vec![event(respelt, Json::empty())])]).expect("it is portable");
    assert_eq!(commit.appends()[0].events[0].event.payload.as_str(), r#"{"a":1,"b":100}"#);
}

#[test]
fn a09_a_text_that_is_not_portable_is_refused_wherever_it_came_from() {
    let twice = Json::as_stored(r#"{"a":1,"a":2}"#);
    let in_payload = commit(vec![append(1, vec![event(twice.clone(), Json::empty())])]);
    assert!(matches!(in_payload, Err(InvalidCommit::NotPortable { part: "payload", .. })), "{in_payload:?}");
    let in_metadata = commit(vec![append(1, vec![event(Json::empty(), twice.clone())])]);
    assert!(
        matches!(in_metadata, Err(InvalidCommit::NotPortable { part: "metadata", .. })),
        "{in_metadata:?}"
    );
    let reserved = Json::as_stored(r#"{"a":{"$serde_json::private::RawValue":"[1]","b":2}}"#);
    let in_payload = commit(vec![append(1, vec![event(reserved, Json::empty())])]);
    assert!(matches!(in_payload, Err(InvalidCommit::NotPortable { part: "payload", .. })), "{in_payload:?}");
    let as_reason = Commit::refusal(CommitId::new(), twice);
    assert!(matches!(as_reason, Err(InvalidCommit::NotPortable { part: "reason", .. })), "{as_reason:?}");
}
