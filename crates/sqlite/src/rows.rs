//! What stands in a row of an event, column by column, and the names of streams and types, which never change once
//! written and are looked up once a connection.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use annals_core::{
    CommitId, Digest, EventHeader, EventId, EventType, RecordedEvent, StreamHead, StreamId, Timestamp,
    Version,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::fault::Fault;
use crate::page::Page;
use crate::sql;

/// Names kept at most; beyond that they are looked up anew.
const NAMES_MAX: usize = 100_000;

/// Names of streams looked up at once.
const NEIGHBOURS: i64 = 64;

/// The columns of every statement that reads events, in this order.
mod column {
    pub(super) const POSITION: usize = 0;
    pub(super) const STREAM: usize = 1;
    pub(super) const VERSION: usize = 2;
    pub(super) const TYPE: usize = 3;
    pub(super) const RECORDED_AT: usize = 4;
    pub(super) const NUMBERS: usize = 5;
    pub(super) const FIXED: usize = 6;
    pub(super) const METADATA: usize = 7;
    pub(super) const PAYLOAD: usize = 8;
}

/// The ids and the digest of an event, as its row has them in one column.
pub(crate) struct Fixed([u8; Self::BYTES]);

impl Fixed {
    const BYTES: usize = 64;

    /// Those in a header.
    pub(crate) fn in_header(header: &EventHeader) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(header.id.as_bytes());
        bytes[16..32].copy_from_slice(header.commit.id.as_bytes());
        bytes[32..].copy_from_slice(header.digest.as_bytes());
        Self(bytes)
    }

    /// Those in a row.
    #[inline]
    pub(crate) fn of(row: &Row<'_>) -> Result<Self, Fault> {
        Ok(Self(bytes(row, column::FIXED)?))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn event(&self) -> EventId {
        EventId::from_bytes(self.part(0))
    }

    pub(crate) fn commit(&self) -> CommitId {
        CommitId::from_bytes(self.part(16))
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::from_bytes(self.part(32))
    }

    fn part<const N: usize>(&self, from: usize) -> [u8; N] {
        let mut part = [0; N];
        part.copy_from_slice(&self.0[from..from + N]);
        part
    }
}

/// The small numbers of an event, as its row has them in one column.
pub(crate) struct Numbers {
    pub(crate) schema_version: u16,
    /// The event's place in its commit, from 0.
    pub(crate) index: u16,
    /// How many events its commit holds.
    pub(crate) size: u16,
}

impl Numbers {
    /// Those in a header, as one.
    pub(crate) fn in_header(header: &EventHeader) -> i64 {
        i64::from(header.schema_version) << 32
            | i64::from(header.commit.index) << 16
            | i64::from(header.commit.size)
    }

    /// Those in a row.
    #[inline]
    pub(crate) fn of(row: &Row<'_>) -> Result<Self, Fault> {
        let numbers = number(row, column::NUMBERS)?;
        let [high, schema_version, index, size] = [48, 32, 16, 0].map(|shift| (numbers >> shift) & 0xffff);
        match (high, u16::try_from(schema_version), u16::try_from(index), u16::try_from(size)) {
            (0, Ok(schema_version), Ok(index), Ok(size)) => Ok(Self { schema_version, index, size }),
            _ => Err(Fault::damaged(format!("column {}: {numbers} is too large", column::NUMBERS))),
        }
    }
}

/// The names of streams and event types by their numbers, as one connection has learned them.
#[derive(Default)]
pub(crate) struct Names {
    streams: HashMap<i64, StreamId, ByNumber>,
    /// The last stream whose name was looked up.
    last_learned: i64,
    event_types: HashMap<i64, EventType, ByNumber>,
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
}

fn name(connection: &Connection, statement: &str, id: i64) -> Result<String, Fault> {
    let found = connection.prepare_cached(statement)?.query_row([id], |row| row.get(0)).optional()?;
    found.ok_or_else(|| nameless(id))
}

fn nameless(id: i64) -> Fault {
    Fault::damaged(format!("an event names number {id}, which has no name"))
}

/// The event's position.
pub(crate) fn position(row: &Row<'_>) -> Result<i64, Fault> {
    number(row, column::POSITION)
}

/// The event in a row, by itself. Several are gathered in a [`Page`](crate::page::Page).
pub(crate) fn event(
    row: &Row<'_>,
    connection: &Connection,
    names: &mut Names,
) -> Result<RecordedEvent, Fault> {
    let mut page = Page::new();
    page.push(row, connection, names)?;
    page.into_events().pop().ok_or_else(|| Fault::damaged("an event could not be read"))
}

/// The number of the event's stream.
pub(crate) fn stream(row: &Row<'_>) -> Result<i64, Fault> {
    number(row, column::STREAM)
}

/// The number of the event's type.
pub(crate) fn event_type(row: &Row<'_>) -> Result<i64, Fault> {
    number(row, column::TYPE)
}

/// The event's place in its stream.
pub(crate) fn version(row: &Row<'_>) -> Result<Version, Fault> {
    Ok(Version::new(count(number(row, column::VERSION)?)))
}

/// The event's stamp.
pub(crate) fn recorded_at(row: &Row<'_>) -> Result<Timestamp, Fault> {
    timestamp(row, column::RECORDED_AT)
}

/// The text of the event's metadata.
pub(crate) fn metadata<'a>(row: &'a Row<'_>) -> Result<&'a str, Fault> {
    text(row, column::METADATA)
}

/// The text of the event's payload.
pub(crate) fn payload<'a>(row: &'a Row<'_>) -> Result<&'a str, Fault> {
    text(row, column::PAYLOAD)
}

/// A head in three columns from `first` on: version, stamp, digest.
pub(crate) fn head(row: &Row<'_>, first: usize) -> Result<StreamHead, Fault> {
    Ok(StreamHead {
        version: Version::new(count(row.get(first)?)),
        recorded_at: timestamp(row, first + 1)?,
        digest: Digest::from_bytes(bytes(row, first + 2)?),
    })
}

pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp, Fault> {
    Ok(Timestamp::from_micros(number(row, column)?))
}

/// A column that holds a number.
#[inline]
fn number(row: &Row<'_>, column: usize) -> Result<i64, Fault> {
    match row.get_ref(column)? {
        ValueRef::Integer(number) => Ok(number),
        // Whatever else is there says itself what it is.
        _ => Ok(row.get(column)?),
    }
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
