//! Recording an append and recognising one that is recorded already (laws A04, A06, A10, A12 to A14).

use annals_core::{
    CommitId, Digest, EventId, EventType, Json, RecordedEvent, StreamHead, Timestamp, Version, verify_link,
};
use annals_ports::{
    Append, Commit, CommitError, Expectation, ImportError, NewEvent, Outcome, RecordedCommit, appended,
    check_continues, check_whole, record_append, replay, same_events, stamp,
};

fn event(number: u32) -> NewEvent {
    NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").expect("a valid type"),
        schema_version: 1,
        payload: Json::parse(&format!(r#"{{"number":{number}}}"#)).expect("portable"),
        metadata: Json::empty(),
    }
}

fn append(stream: &str, numbers: &[u32]) -> Append {
    let events = numbers.iter().copied().map(event).collect();
    Append::new(stream.parse().expect("a valid name"), Expectation::Any, events)
}

fn commit(id: CommitId, appends: Vec<Append>) -> Commit {
    Commit::new(id, appends).expect("a valid commit")
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// The commit as a store records it whose streams are empty.
fn recorded(commit: &Commit) -> Vec<RecordedEvent> {
    commit.appends().iter().flat_map(|append| record_append(append, None, instant(5)).0).collect()
}

fn two_streams(id: CommitId) -> Commit {
    commit(id, vec![append("order-1", &[1, 2]), append("order-2", &[3])])
}

#[test]
fn a10_a_stamp_is_now_but_never_before_the_heads() {
    let head = StreamHead { version: Version::FIRST, recorded_at: instant(10), digest: Digest::ORIGIN };
    assert_eq!(stamp(None, instant(3)), instant(3));
    assert_eq!(stamp(Some(&head), instant(11)), instant(11));
    assert_eq!(stamp(Some(&head), instant(10)), instant(10));
    assert_eq!(stamp(Some(&head), instant(9)), instant(10));
}

#[test]
fn a04_an_append_continues_its_head_densely_and_a14_chains_to_it() {
    let value = commit(CommitId::new(), vec![append("order-1", &[1, 2, 3]), append("order-2", &[4])]);
    let (first, added) = record_append(&value.appends()[0], None, instant(7));
    assert_eq!(first.iter().map(|event| event.header.version.get()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((added.first, added.head), (Version::FIRST, StreamHead::of(&first[2].header)));
    let (second, also) = record_append(&value.appends()[0], Some(&added.head), instant(8));
    assert_eq!((also.first.get(), also.head.version.get()), (4, 6));
    let mut previous = Digest::ORIGIN;
    for event in first.iter().chain(&second) {
        verify_link(&previous, event).expect("each event follows from the one before");
        previous = event.header.digest;
    }
    let (other, _) = record_append(&value.appends()[1], None, instant(7));
    let place = other[0].header.commit;
    assert_eq!((place.id, place.index, place.size), (value.id(), 3, 4), "places count over all streams");
}

#[test]
fn a06_the_same_streams_types_schema_versions_and_payloads_are_the_same_events() {
    let id = CommitId::new();
    let standing = recorded(&two_streams(id));
    assert_eq!(same_events(&two_streams(id), &standing), Ok(()), "event ids are not compared");
    let mut with_metadata = vec![append("order-1", &[1, 2]), append("order-2", &[3])];
    with_metadata[0].events[1].metadata = Json::parse(r#"{"attempt":2}"#).expect("portable");
    assert_eq!(same_events(&commit(id, with_metadata), &standing), Ok(()), "nor is metadata");

    let differs_at = |appends: Vec<Append>| {
        let stream = same_events(&commit(id, appends), &standing).expect_err("they differ");
        stream.map(|stream| stream.to_string())
    };
    let at = |stream: &str| Some(stream.to_owned());
    assert_eq!(differs_at(vec![append("order-1", &[1, 9]), append("order-2", &[3])]), at("order-1"));
    assert_eq!(differs_at(vec![append("order-1", &[1, 2]), append("order-3", &[3])]), at("order-3"));
    assert_eq!(differs_at(vec![append("order-1", &[1, 2])]), at("order-2"));
    assert_eq!(differs_at(vec![append("order-1", &[1, 2]), append("order-2", &[3, 4])]), at("order-2"));
    assert_eq!(differs_at(vec![append("order-1", &[1]), append("order-2", &[2, 3])]), at("order-2"));
    let mut other_type = vec![append("order-1", &[1, 2]), append("order-2", &[3])];
    other_type[1].events[0].event_type = EventType::new("Other").expect("a valid type");
    assert_eq!(differs_at(other_type), at("order-2"));
    let mut other_schema = vec![append("order-1", &[1, 2]), append("order-2", &[3])];
    other_schema[0].events[0].schema_version = 2;
    assert_eq!(differs_at(other_schema), at("order-1"));
}

#[test]
fn a06_a_retry_is_answered_and_another_value_refused() {
    let id = CommitId::new();
    let events = recorded(&two_streams(id));
    let standing = RecordedCommit::Events(events.clone());
    let receipt = replay(&two_streams(id), &standing).expect("the same value");
    assert!(receipt.replayed && receipt.commit == id);
    assert_eq!(receipt.outcome, Outcome::Committed(appended(&events)));
    assert_eq!(receipt.appended().len(), 2);
    assert_eq!((receipt.appended()[0].first.get(), receipt.appended()[0].head.version.get()), (1, 2));
    let other = replay(&commit(id, vec![append("order-1", &[9])]), &standing);
    assert!(matches!(other, Err(CommitError::CommitIdReused { commit, .. }) if commit == id), "{other:?}");
}

#[test]
fn a12_once_and_refusals_are_answered_by_the_first_outcome() {
    let id = CommitId::new();
    let reason = |text: &str| Json::parse(&format!(r#"{{"reason":"{text}"}}"#)).expect("portable");
    let once = Commit::once(id, vec![append("order-9", &[9])]).expect("a valid commit");
    let refusal = Commit::refusal(id, reason("second")).expect("a short reason");
    let plain = two_streams(id);
    let events = RecordedCommit::Events(recorded(&plain));
    let refused = RecordedCommit::Refusal { id, reason: reason("first") };
    let unchanged = Commit::unchanged(id);
    for later in [&once, &refusal, &unchanged] {
        let answer = replay(later, &events).expect("the first outcome");
        assert_eq!(answer.appended().len(), 2);
        let answer = replay(later, &refused).expect("the first outcome");
        assert_eq!(answer.outcome, Outcome::Refused { reason: reason("first") });
        let answer = replay(later, &RecordedCommit::Unchanged { id }).expect("the first outcome");
        assert_eq!((answer.outcome, answer.replayed), (Outcome::Unchanged, true));
    }
    let plain_again = replay(&plain, &RecordedCommit::Unchanged { id });
    assert!(matches!(plain_again, Err(CommitError::CommitIdReused { .. })));
    assert!(matches!(replay(&plain, &refused), Err(CommitError::CommitIdReused { .. })));
}

type Edit = fn(&mut Vec<RecordedEvent>);

#[test]
fn a13_a_recorded_commit_is_whole_or_refused() {
    let whole = recorded(&two_streams(CommitId::new()));
    check_whole(&whole).expect("as it was recorded");
    let edits: [(&str, Edit); 9] = [
        ("one event's id on another", |events| events[1].header.id = events[0].header.id),
        ("nothing", Vec::clear),
        ("one missing at the end", |events| drop(events.pop())),
        ("one missing at the beginning", |events| drop(events.remove(0))),
        ("another order", |events| events.swap(0, 1)),
        ("another commit's event", |events| events[1].header.commit.id = CommitId::new()),
        ("a gap in the versions", |events| events[1].header.version = Version::new(3)),
        ("stamps that fall", |events| events[1].header.recorded_at = instant(4)),
        ("a stream in two pieces", |events| {
            let mut again = events[0].clone();
            again.header.commit.index = 3;
            events.push(again);
            for event in events {
                event.header.commit.size = 4;
            }
        }),
    ];
    for (what, edit) in edits {
        let mut events = whole.clone();
        edit(&mut events);
        let outcome = check_whole(&events);
        assert!(matches!(outcome, Err(ImportError::NotACommit { .. })), "{what}: {outcome:?}");
    }
}

#[test]
fn a13_a_recorded_commit_continues_the_head_or_is_refused() {
    let value = commit(CommitId::new(), vec![append("order-1", &[1, 2])]);
    let (first, added) = record_append(&value.appends()[0], None, instant(5));
    let (second, _) = record_append(&value.appends()[0], Some(&added.head), instant(6));
    check_continues(None, &first).expect("it begins the stream");
    check_continues(Some(&added.head), &second).expect("it continues the stream");
    assert!(matches!(check_continues(None, &second), Err(ImportError::Conflict(_))), "a gap");
    assert!(
        matches!(check_continues(Some(&added.head), &first), Err(ImportError::Conflict(_))),
        "a second past"
    );
    let other = StreamHead { digest: Digest::from_bytes([1; 32]), ..added.head };
    assert!(matches!(check_continues(Some(&other), &second), Err(ImportError::Digest(_))), "another past");
    // A chain that is whole, yet whose stamps fall: nobody records that, so it was made by hand.
    let later = StreamHead { recorded_at: instant(60), ..added.head };
    assert!(
        matches!(check_continues(Some(&later), &second), Err(ImportError::NotACommit { .. })),
        "stamps fall"
    );
}
