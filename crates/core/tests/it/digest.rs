//! A14: the digests are those of the published formula, and whatever is changed shows.

use annals_core::{
    CommitId, CommitPlace, Digest, DigestMismatch, EventBody, EventHeader, EventId, EventType, Json,
    RecordedEvent, StreamId, Timestamp, Version, verify_link,
};
use proptest::prelude::*;

/// The digests of [`opened`] and [`closed`], computed with Python from the formula in the module's documentation:
///
/// ```python
/// import hashlib, struct
/// def text(t): b = t.encode(); return struct.pack('>I', len(b)) + b
/// def digest(prev, stream, version, at, event, commit, index, size, type, schema, payload, metadata):
///     body = hashlib.sha256(event + commit + struct.pack('>HH', index, size) + text(type)
///                           + struct.pack('>H', schema) + text(payload) + text(metadata)).digest()
///     return hashlib.sha256(prev + text(stream) + struct.pack('>Qq', version, at) + body).digest()
/// first = digest(bytes(32), 'account-7', 1, 1709208000123456, bytes(range(16)), bytes(range(16, 32)), 0, 2,
///                'AccountOpened', 2, '{"limit":12.5,"owner":"Zoë"}', '{"actor":"ada"}')
/// second = digest(first, 'account-7', 2, 1709208000123457, bytes([255] * 16), bytes(range(16, 32)), 1, 2,
///                 'AccountClosed', 1, '{}', '{}')
/// print(first.hex(), second.hex())
/// ```
const OPENED: &str = "a4014cecb01285bebcf6f61f42e707fef6506c41b7b092c2436f020c7c0b3e89";
const CLOSED: &str = "23e3729e766d709da5a2b480c0a0dbe243469ae00e8d867536d1eb98a4c53b5a";

fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

fn commit_place(index: u16) -> CommitPlace {
    let id = std::array::from_fn(|byte| u8::try_from(byte).unwrap() + 16);
    CommitPlace { id: CommitId::from_bytes(id), index, size: 2 }
}

fn opened() -> RecordedEvent {
    RecordedEvent {
        header: EventHeader {
            id: EventId::from_bytes(std::array::from_fn(|byte| u8::try_from(byte).unwrap())),
            stream: "account-7".parse().unwrap(),
            version: Version::FIRST,
            event_type: EventType::new("AccountOpened").unwrap(),
            schema_version: 2,
            recorded_at: Timestamp::from_micros(1_709_208_000_123_456),
            commit: commit_place(0),
            metadata: Json::parse(r#"{"actor":"ada"}"#).unwrap(),
            digest: digest(OPENED),
        },
        // A database may keep it in another spelling: the digest is over the canonical one.
        payload: Json::as_stored(r#"{ "owner": "Zo\u00eb", "limit": 1.250e1 }"#),
    }
}

fn closed() -> RecordedEvent {
    RecordedEvent {
        header: EventHeader {
            id: EventId::from_bytes([255; 16]),
            stream: "account-7".parse().unwrap(),
            version: Version::new(2),
            event_type: EventType::new("AccountClosed").unwrap(),
            schema_version: 1,
            recorded_at: Timestamp::from_micros(1_709_208_000_123_457),
            commit: commit_place(1),
            metadata: Json::empty(),
            digest: digest(CLOSED),
        },
        payload: Json::empty(),
    }
}

#[test]
fn a14_digests_are_those_of_the_formula() {
    verify_link(&Digest::ORIGIN, &opened()).unwrap();
    verify_link(&digest(OPENED), &closed()).unwrap();
}

#[test]
fn a14_a_writer_arrives_at_the_digest_that_a_reader_verifies() {
    let event = opened();
    let body = EventBody {
        id: event.header.id,
        commit: event.header.commit,
        event_type: "AccountOpened",
        schema_version: 2,
        payload: &event.payload.canonical().unwrap(),
        metadata: &event.header.metadata,
    };
    let written = Digest::ORIGIN.chain(
        &event.header.stream,
        event.header.version,
        event.header.recorded_at,
        &body.digest(),
    );
    assert_eq!(written.to_string(), OPENED);
}

/// One way to tamper with an event.
type Edit = fn(&mut RecordedEvent);

const EDITS: &[(&str, Edit)] = &[
    ("id", |event| event.header.id = EventId::from_bytes([9; 16])),
    ("stream", |event| event.header.stream = "account-8".parse::<StreamId>().unwrap()),
    ("version", |event| event.header.version = event.header.version.next()),
    ("event type", |event| event.header.event_type = EventType::new("AccountLocked").unwrap()),
    ("schema version", |event| event.header.schema_version += 1),
    ("recorded_at", |event| {
        event.header.recorded_at = Timestamp::from_micros(event.header.recorded_at.as_micros() - 1);
    }),
    ("commit id", |event| event.header.commit.id = CommitId::from_bytes([9; 16])),
    ("commit index", |event| event.header.commit.index += 1),
    ("commit size", |event| event.header.commit.size += 1),
    ("metadata", |event| event.header.metadata = Json::parse(r#"{"actor":"eve"}"#).unwrap()),
    ("digest", |event| event.header.digest = Digest::from_bytes([9; 32])),
    ("a member's value", |event| {
        event.payload = Json::parse(r#"{"owner":"Zoe","limit":12.5}"#).unwrap();
    }),
    ("a member's number", |event| {
        event.payload = Json::parse(r#"{"owner":"Zoë","limit":12.500000000000002}"#).unwrap();
    }),
    ("a member's name", |event| {
        event.payload = Json::parse(r#"{"owned":"Zoë","limit":12.5}"#).unwrap();
    }),
];

#[test]
fn a14_each_field_that_is_changed_shows() {
    for (what, edit) in EDITS {
        let mut event = opened();
        edit(&mut event);
        let Err(DigestMismatch::Changed { stream, version, .. }) = verify_link(&Digest::ORIGIN, &event)
        else {
            panic!("a change of {what} went unseen");
        };
        assert_eq!((stream, version), (event.header.stream, event.header.version));
    }
}

#[test]
fn a14_another_predecessor_shows() {
    let mismatch = verify_link(&Digest::ORIGIN, &closed()).unwrap_err().to_string();
    let expected = format!(
        "event 2 of account-7 was changed after it was recorded: its digest is {CLOSED}, its contents give "
    );
    assert!(mismatch.starts_with(&expected), "{mismatch}");
}

#[test]
fn an_event_that_cannot_be_read_was_changed() {
    let mut event = opened();
    event.payload = Json::as_stored(r#"{"owner":"#);
    let mismatch = verify_link(&Digest::ORIGIN, &event).unwrap_err();
    assert!(matches!(mismatch, DigestMismatch::Unreadable { .. }), "{mismatch}");
    assert!(mismatch.to_string().starts_with("event 1 of account-7 was changed"), "{mismatch}");
}

#[test]
fn what_is_no_digest_is_refused() {
    for text in ["", "a4", &OPENED[1..], &format!("{OPENED}0"), &OPENED.replace('a', "g"), &"é".repeat(32)] {
        assert!(text.parse::<Digest>().is_err(), "{text} was read");
    }
}

proptest! {
    #[test]
    fn a_digest_is_its_text_again(bytes: [u8; 32]) {
        let digest = Digest::from_bytes(bytes);
        let text = digest.to_string();
        prop_assert_eq!(text.len(), 64);
        prop_assert_eq!(text.parse::<Digest>().unwrap(), digest);
        prop_assert_eq!(text.to_uppercase().parse::<Digest>().unwrap(), digest);
        let json = serde_json::to_string(&digest).unwrap();
        prop_assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    }
}
