//! An event as an item of the events table, and read back. Attributes bear the names of the book's table.

use annals_core::limits::EVENT_BYTES_MAX;
use annals_core::{
    CommitId, CommitPlace, Digest, EventHeader, EventId, EventType, Json, RecordedEvent, StreamId, Timestamp,
    Version,
};

use crate::fault::Fault;
use crate::item::{self, Attributes, Item};

/// What begins the partition key of items that are no events: no stream's name holds it.
pub(crate) const NO_EVENT: char = '$';

/// What an event's item says besides the event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// When the event before it in its stream was written; none for the first.
    pub(crate) previous: Option<Timestamp>,
    /// When it was written itself, where that is not when it was recorded.
    pub(crate) written: Option<Timestamp>,
    /// The last version that its commit adds to its stream.
    pub(crate) append_end: Version,
}

/// The key of an event's item.
pub(crate) fn key(stream: &StreamId, version: Version) -> Item {
    Item::from([
        ("AggregateId".to_owned(), item::text(stream.as_str())),
        ("Version".to_owned(), item::number(version.get())),
    ])
}

/// The event as an item.
pub(crate) fn encode(event: &RecordedEvent, beside: Beside, type_shards: u32) -> Item {
    let header = &event.header;
    let stream = &header.stream;
    let mut item = Item::from([
        ("AggregateId".to_owned(), item::text(stream.as_str())),
        ("Version".to_owned(), item::number(header.version.get())),
        ("EventId".to_owned(), item::text(header.id.to_string())),
        ("AggregateType".to_owned(), item::text(stream.category())),
        ("EventType".to_owned(), item::text(header.event_type.as_str())),
        ("SchemaVersion".to_owned(), item::number(header.schema_version)),
        ("EventData".to_owned(), item::json(&event.payload)),
        ("Timestamp".to_owned(), item::text(header.recorded_at.to_string())),
        ("Digest".to_owned(), item::bytes(*header.digest.as_bytes())),
        ("CommitId".to_owned(), item::text(header.commit.id.to_string())),
        ("CommitIndex".to_owned(), item::number(header.commit.index)),
        ("CommitSize".to_owned(), item::number(header.commit.size)),
        ("EventTypeShard".to_owned(), item::text(type_shard(&header.event_type, stream, type_shards))),
    ]);
    if !header.metadata.is_empty_object() {
        item.insert("Metadata".to_owned(), item::json(&header.metadata));
    }
    if let Some(previous) = beside.previous {
        item.insert("PrevTimestamp".to_owned(), item::text(previous.to_string()));
    }
    if let Some(written) = beside.written {
        item.insert("Written".to_owned(), item::text(written.to_string()));
    }
    if beside.append_end != header.version {
        item.insert("AppendEnd".to_owned(), item::number(beside.append_end.get()));
    }
    item
}

/// The event that an item is.
pub(crate) fn decode(item: &Item) -> Result<RecordedEvent, Fault> {
    let event = || {
        let header = EventHeader {
            id: item.parsed::<EventId>("EventId")?,
            stream: stream(item)?,
            version: version(item)?,
            event_type: EventType::new(item.text("EventType")?)
                .map_err(|error| Fault::damaged(error.to_string()))?,
            schema_version: item.number("SchemaVersion")?,
            recorded_at: item.instant("Timestamp")?,
            commit: CommitPlace {
                id: commit_id(item)?,
                index: item.number("CommitIndex")?,
                size: item.number("CommitSize")?,
            },
            metadata: item.maybe_json("Metadata", EVENT_BYTES_MAX)?.unwrap_or_else(Json::empty),
            digest: digest(item)?,
        };
        Ok(RecordedEvent { header, payload: item.json("EventData", EVENT_BYTES_MAX)? })
    };
    event().map_err(|fault: Fault| Fault::damaged(format!("{}: {}", named(item), fault.detail)))
}

/// The last version that the commit of an item's event adds to its stream.
pub(crate) fn append_end(item: &Item) -> Result<Version, Fault> {
    item.maybe_number("AppendEnd")?.map_or_else(|| version(item), |end| Ok(Version::new(end)))
}

/// When the event of an item was written.
pub(crate) fn written(item: &Item) -> Result<Timestamp, Fault> {
    item.maybe_instant("Written")?.map_or_else(|| item.instant("Timestamp"), Ok)
}

/// Whether an item of the events table is an event.
pub(crate) fn is_event(item: &Item) -> bool {
    item.maybe_text("AggregateId").is_some_and(|id| !id.starts_with(NO_EVENT))
}

pub(crate) fn stream(item: &Item) -> Result<StreamId, Fault> {
    item.parsed("AggregateId")
}

pub(crate) fn version(item: &Item) -> Result<Version, Fault> {
    item.number("Version").map(Version::new)
}

pub(crate) fn commit_id(item: &Item) -> Result<CommitId, Fault> {
    item.parsed("CommitId")
}

pub(crate) fn digest(item: &Item) -> Result<Digest, Fault> {
    let bytes: [u8; 32] =
        item.bytes("Digest")?.try_into().map_err(|_| Fault::damaged("a digest has 32 bytes"))?;
    Ok(Digest::from_bytes(bytes))
}

/// The partition of the index by type that a stream's events of a type lie in.
pub(crate) fn type_shard(event_type: &EventType, stream: &StreamId, shards: u32) -> String {
    type_shard_named(event_type, shard_of(stream.as_str(), shards))
}

/// A partition of the index by type.
pub(crate) fn type_shard_named(event_type: &EventType, shard: u32) -> String {
    format!("{event_type}#{shard}")
}

/// A name's shard of so many: FNV-1a, which is the same in every release and on every machine.
pub(crate) fn shard_of(name: &str, shards: u32) -> u32 {
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) % shards.max(1)
}

fn named(item: &Item) -> String {
    let of = |name| item.maybe_text(name).unwrap_or("?").to_owned();
    let version = item.maybe_number::<u64>("Version").ok().flatten().unwrap_or(0);
    format!("event {version} of {} ({})", of("AggregateId"), of("EventType"))
}
