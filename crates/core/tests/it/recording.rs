//! Recorded events as a store would hand them back, for tests that read them.

use annals_core::{
    CommitId, CommitPlace, Digest, EventHeader, EventId, EventType, Json, RecordedEvent, StreamId, Timestamp,
    Version,
};

/// The third event of `stream`, with a payload as the store holds it, checked by nobody.
pub(crate) fn recorded(stream: &str, event_type: &str, schema_version: u16, payload: &str) -> RecordedEvent {
    RecordedEvent {
        header: EventHeader {
            id: EventId::from_bytes([1; 16]),
            stream: stream.parse::<StreamId>().unwrap(),
            version: Version::new(3),
            event_type: EventType::new(event_type).unwrap(),
            schema_version,
            recorded_at: Timestamp::from_micros(1_709_208_000_123_456),
            commit: CommitPlace { id: CommitId::from_bytes([2; 16]), index: 0, size: 1 },
            metadata: Json::empty(),
            digest: Digest::from_bytes([3; 32]),
        },
        payload: Json::as_stored(payload),
    }
}
