//! From rows to recorded events. Payload and metadata stay text; names of streams and types, which never change
//! once written, are looked up once a connection.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use annals_core::{
    CommitId, CommitPlace, Digest, EventHeader, EventId, EventType, Json, RecordedEvent, StreamHead,
    StreamId, Timestamp, Version,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::fault::Fault;
use crate::sql;

/// Names kept at most; beyond that they are looked up anew.
const NAMES_MAX: usize = 100_000;

/// Names of streams looked up at once.
const NEIGHBOURS: i64 = 64;

/// Bytes of payload and metadata after which a page ends, whatever its limit.
pub(crate) const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// The columns of every statement that reads events, in this order.
mod column {
    pub(super) const POSITION: usize = 0;
    pub(super) const STREAM: usize = 1;
    pub(super) const VERSION: usize = 2;
    pub(super) const EVENT_ID: usize = 3;
    pub(super) const TYPE: usize = 4;
    pub(super) const SCHEMA_VERSION: usize = 5;
    pub(super) const COMMIT_ID: usize = 6;
    pub(super) const COMMIT_INDEX: usize = 7;
    pub(super) const COMMIT_SIZE: usize = 8;
    pub(super) const RECORDED_AT: usize = 9;
    pub(super) const DIGEST: usize = 10;
    pub(super) const METADATA: usize = 11;
    pub(super) const PAYLOAD: usize = 12;
}

/// The names of streams and event types by their numbers, as one connection has learned them.
#[derive(Default)]
pub(crate) struct Names {
    streams: HashMap<i64, StreamId, ByNumber>,
    /// The last stream whose name was looked up.
    last_learned: i64,
    event_types: HashMap<i64, EventType, ByNumber>,
    /// The last metadata read: the events of a command share theirs, and then one text serves them all.
    metadata: Json,
}

type ByNumber = BuildHasherDefault<NumberHasher>;

/// Spreads the file's own numbers, which nobody outside chooses, without the cost of a hash that withstands attacks.
#[derive(Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_u64(&mut self, number: u64) {
        // The odd number nearest to 2⁶⁴ divided by the golden ratio; the high bits are mixed best.
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Names {
    pub(crate) fn stream(&mut self, connection: &Connection, id: i64) -> Result<&StreamId, Fault> {
        if self.streams.len() >= NAMES_MAX {
            self.streams.clear();
        }
        if !self.streams.contains_key(&id) {
            self.learn_stream(connection, id)?;
        }
        self.streams.get(&id).ok_or_else(|| nameless(id))
    }

    /// Looks a stream's name up. Whoever reads the feed meets streams in the order in which they began: who needs one
    /// soon after the last is told its neighbours, too.
    fn learn_stream(&mut self, connection: &Connection, first: i64) -> Result<(), Fault> {
        let is_neighbour = (1..=NEIGHBOURS).contains(&first.saturating_sub(self.last_learned));
        let last = if is_neighbour { first.saturating_add(NEIGHBOURS - 1) } else { first };
        let mut statement = connection.prepare_cached(sql!("stream_names"))?;
        let mut found = statement.query([first, last])?;
        while let Some(row) = found.next()? {
            let id = row.get(0)?;
            let damaged = |error| Fault::damaged(format!("stream {id}: {error}"));
            if let Entry::Vacant(unknown) = self.streams.entry(id) {
                match text(row, 1)?.parse() {
                    Ok(name) => drop(unknown.insert(name)),
                    Err(error) if id == first => return Err(damaged(error)),
                    // A neighbour's name is judged when it is needed.
                    Err(_) => break,
                }
            }
            self.last_learned = id;
        }
        Ok(())
    }

    pub(crate) fn event_type(&mut self, connection: &Connection, id: i64) -> Result<&EventType, Fault> {
        match self.event_types.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let name = name(connection, sql!("event_type_name"), id)?;
                let event_type = EventType::new(&name);
                let damaged = |error| Fault::damaged(format!("event type {id}: {error}"));
                Ok(unknown.insert(event_type.map_err(damaged)?))
            }
        }
    }

    fn metadata(&mut self, text: &str) -> Json {
        if self.metadata.as_str() != text {
            self.metadata = Json::as_stored(text);
        }
        self.metadata.clone()
    }
}

fn name(connection: &Connection, statement: &str, id: i64) -> Result<String, Fault> {
    let found = connection.prepare_cached(statement)?.query_row([id], |row| row.get(0)).optional()?;
    found.ok_or_else(|| nameless(id))
}

fn nameless(id: i64) -> Fault {
    Fault::damaged(format!("an event names number {id}, which has no name"))
}

/// The event in a row.
#[inline]
pub(crate) fn event(
    row: &Row<'_>,
    connection: &Connection,
    names: &mut Names,
) -> Result<RecordedEvent, Fault> {
    let metadata = names.metadata(text(row, column::METADATA)?);
    let event_type = names.event_type(connection, row.get(column::TYPE)?)?.clone();
    let stream = names.stream(connection, row.get(column::STREAM)?)?.clone();
    Ok(RecordedEvent {
        header: EventHeader {
            id: event_id(row)?,
            stream,
            version: version(row, column::VERSION)?,
            event_type,
            schema_version: row.get(column::SCHEMA_VERSION)?,
            recorded_at: timestamp(row, column::RECORDED_AT)?,
            commit: CommitPlace {
                id: CommitId::from_bytes(bytes(row, column::COMMIT_ID)?),
                index: row.get(column::COMMIT_INDEX)?,
                size: row.get(column::COMMIT_SIZE)?,
            },
            metadata,
            digest: Digest::from_bytes(bytes(row, column::DIGEST)?),
        },
        payload: Json::as_stored(text(row, column::PAYLOAD)?),
    })
}

/// The event's position.
pub(crate) fn position(row: &Row<'_>) -> Result<i64, Fault> {
    Ok(row.get(column::POSITION)?)
}

/// The event's id.
pub(crate) fn event_id(row: &Row<'_>) -> Result<EventId, Fault> {
    Ok(EventId::from_bytes(bytes(row, column::EVENT_ID)?))
}

/// The numbers of the event's stream and type.
pub(crate) fn kinds(row: &Row<'_>) -> Result<(i64, i64), Fault> {
    Ok((row.get(column::STREAM)?, row.get(column::TYPE)?))
}

/// The bytes of payload and metadata that an event takes in a page.
pub(crate) fn weight(event: &RecordedEvent) -> usize {
    event.payload.len() + event.header.metadata.len()
}

/// A head in three columns from `first` on: version, stamp, digest.
pub(crate) fn head(row: &Row<'_>, first: usize) -> Result<StreamHead, Fault> {
    Ok(StreamHead {
        version: version(row, first)?,
        recorded_at: timestamp(row, first + 1)?,
        digest: Digest::from_bytes(bytes(row, first + 2)?),
    })
}

pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp, Fault> {
    Ok(Timestamp::from_micros(row.get(column)?))
}

fn version(row: &Row<'_>, column: usize) -> Result<Version, Fault> {
    Ok(Version::new(count(row.get(column)?)))
}

/// A text column, without a copy.
pub(crate) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, Fault> {
    row.get_ref(column)?.as_str().map_err(|error| Fault::damaged(format!("column {column}: {error}")))
}

/// A blob column of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(row: &Row<'_>, column: usize) -> Result<[u8; N], Fault> {
    let blob = row
        .get_ref(column)?
        .as_blob()
        .map_err(|error| Fault::damaged(format!("column {column}: {error}")))?;
    blob.try_into()
        .map_err(|_| Fault::damaged(format!("column {column} holds {} bytes instead of {N}", blob.len())))
}

/// A number as SQLite holds it. What is beyond its range stands for the largest, which no event has.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that is never negative.
pub(crate) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
