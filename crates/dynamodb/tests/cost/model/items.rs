//! The items of the four tables in ordinary sizes: stream ids of 40 characters, ids as UUIDs, times in microseconds.

use annals_dynamodb::cost::Item;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, Bs, M, N, S};

/// The length of a stream id here: `order-` and 34 characters.
pub(crate) const STREAM_ID: usize = 40;
/// The metadata of an event here: who, and what caused it.
pub(crate) const METADATA: usize = 100;

const UUID: usize = 36;
const TIME: usize = 27;

/// An event with so many bytes of payload and metadata, from the middle of its stream.
pub(crate) fn event(payload: usize, metadata: usize) -> Item {
    let mut event = item([
        ("AggregateId", text(STREAM_ID)),
        ("Version", number(57)),
        ("EventId", text(UUID)),
        ("AggregateType", text(5)),
        ("EventType", text(14)),
        ("SchemaVersion", number(1)),
        ("EventData", text(payload)),
        ("Timestamp", text(TIME)),
        ("PrevTimestamp", text(TIME)),
        ("Digest", bytes(32)),
        ("CommitId", text(UUID)),
        ("CommitIndex", number(1)),
        ("CommitSize", number(3)),
        ("AppendEnd", number(59)),
        ("EventTypeShard", text(16)),
        ("By", bytes(4)),
    ]);
    if metadata > 0 {
        event.insert("Metadata".to_owned(), text(metadata));
    }
    event
}

/// The marker of a commit of one event.
pub(crate) fn marker() -> Item {
    item([
        ("AggregateId", text(8 + UUID)),
        ("Version", number(0)),
        ("Kind", text(6)),
        ("By", text(16)),
        ("Places", AttributeValue::L(vec![AttributeValue::L(vec![text(STREAM_ID), number(57), number(57)])])),
    ])
}

/// A batch of the feed that holds so many events, each a span of its own: 40 bytes of id, 1 of its length, 1 each of
/// version and count, 16 of event id.
pub(crate) fn batch(events: usize) -> Item {
    item([
        ("Part", text(1)),
        ("Batch", number(1_234_567)),
        ("Spans", bytes(events * (1 + STREAM_ID + 2 + 16))),
        ("Events", number(events)),
        ("RunMax", text(TIME)),
        ("Last", text(TIME)),
        ("By", text(16)),
    ])
}

/// The indexer's state, with a mark for each shard of the stream.
pub(crate) fn state(shards: usize) -> Item {
    let marks = (0..shards).map(|shard| (format!("shardId-{shard:020}-0123abcd"), text(40)));
    item([
        ("Part", text(6)),
        ("Batch", number(0)),
        ("Token", number(42)),
        ("Owner", text(30)),
        ("Marks", M(marks.collect())),
        ("Batches", number(1_234_567)),
        ("Low", text(TIME)),
        ("Reported", text(TIME)),
    ])
}

/// A row of a view whose JSON has so many bytes, with the version before it and one declared index.
pub(crate) fn row(json: usize) -> Item {
    let index = || M(item([("customer", text(60))]));
    item([
        ("Part", text(24)),
        ("Sort", text(STREAM_ID)),
        ("Row", text(json)),
        ("At", number(1_234_567)),
        ("Index", index()),
        ("Prev", text(json)),
        ("PrevAt", number(1_234_567)),
        ("PrevIndex", index()),
    ])
}

/// An entry of a view's index.
pub(crate) fn index_entry() -> Item {
    item([("Part", text(34)), ("Sort", text(60 + STREAM_ID)), ("At", number(1_234_567))])
}

/// What a view's checkpoint is kept in.
pub(crate) fn checkpoint() -> Item {
    item([
        ("Part", text(6)),
        ("Sort", text(20)),
        ("Gen", number(1)),
        ("Checkpoint", text(120)),
        ("Next", number(1_234_568)),
        ("Seq", number(1_234_567)),
        ("Indexes", Bs(vec![Blob::new(*b"customer")])),
        ("Events", number(1_234_567)),
        ("LastRecordedAt", text(TIME)),
        ("Rows", number(123_456)),
        ("Parked", number(0)),
    ])
}

/// A lease.
pub(crate) fn lease() -> Item {
    item([
        ("Part", text(6)),
        ("Sort", text(20)),
        ("Owner", text(30)),
        ("Token", number(42)),
        ("Until", text(TIME)),
    ])
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn text(length: usize) -> AttributeValue {
    S("x".repeat(length))
}

fn bytes(length: usize) -> AttributeValue {
    B(Blob::new(vec![0; length]))
}

fn number(number: usize) -> AttributeValue {
    N(number.to_string())
}
