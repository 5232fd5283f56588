//! A recorded event made of any bytes, so that inputs stay readable and mutations stay near what is valid.
//!
//! The first line is `stream type schema-version`, the second the metadata, the rest the payload. What is missing or
//! cannot stand there becomes something plain: a store hands out no other headers.

use annals::{
    CommitId, CommitPlace, Digest, EventBody, EventHeader, EventId, EventType, Json, RecordedEvent, StreamId,
    Timestamp, Version,
};

/// The event that `bytes` describe, as a store would hand it back.
pub(crate) fn event_in(bytes: &[u8]) -> RecordedEvent {
    let text = String::from_utf8_lossy(bytes);
    let (header, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let (metadata, payload) = rest.split_once('\n').unwrap_or(("{}", rest));
    let mut words = header.split(' ');
    let stream = words.next().and_then(|word| word.parse().ok()).unwrap_or_else(plain_stream);
    let event_type = words.next().and_then(|word| EventType::new(word).ok()).unwrap_or_else(plain_type);
    let schema_version = words.next().and_then(|word| word.parse().ok()).unwrap_or(1);
    RecordedEvent {
        header: EventHeader {
            id: EventId::from_bytes([7; 16]),
            stream,
            version: Version::new(41),
            event_type,
            schema_version,
            recorded_at: Timestamp::from_micros(1_291_191_960_000_000),
            commit: CommitPlace { id: CommitId::from_bytes([8; 16]), index: 0, size: 1 },
            metadata: Json::as_stored(metadata),
            digest: Digest::ORIGIN,
        },
        payload: Json::as_stored(payload),
    }
}

/// The digest of the event's contents after the origin, when they are portable.
pub(crate) fn digest_of(recorded: &RecordedEvent) -> Option<Digest> {
    let header = &recorded.header;
    let body = EventBody {
        id: header.id,
        commit: header.commit,
        event_type: header.event_type.as_str(),
        schema_version: header.schema_version,
        payload: &recorded.payload.canonical().ok()?,
        metadata: &header.metadata.canonical().ok()?,
    };
    Some(Digest::ORIGIN.chain(&header.stream, header.version, header.recorded_at, &body.digest()))
}

fn plain_stream() -> StreamId {
    StreamId::new("order", "1").expect("order-1 names a stream")
}

fn plain_type() -> EventType {
    EventType::new("OrderCreated").expect("a plain name is a type")
}
