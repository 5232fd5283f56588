//! From rows to recorded events, straight from the row's bytes (binary format): payload and metadata stay text.

use annals_core::{
    CommitId, CommitPlace, Digest, EventHeader, EventId, EventType, Json, RecordedEvent, StreamHead,
    StreamId, Timestamp, Version,
};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Encode, Postgres, Row, Type, ValueRef};
use uuid::Uuid;

use crate::fault::Fault;
use crate::fence::Marks;

/// Microseconds from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
const EPOCH: i64 = 946_684_800_000_000;

/// The server's own numbers of these types, the same everywhere: asking for them by name would be a statement more.
const TIMESTAMPTZ: Oid = Oid(1184);
const TIMESTAMPTZ_ARRAY: Oid = Oid(1185);

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

/// What one page's rows have in common is made once: neighbours often share stream and type.
#[derive(Default)]
pub(crate) struct Names {
    stream: Option<StreamId>,
    event_types: Vec<EventType>,
}

/// Event types remembered in a page.
const TYPES_MAX: usize = 16;

impl Names {
    /// Of a page of this stream, whose rows do not name it.
    pub(crate) fn of(stream: &StreamId) -> Self {
        Self { stream: Some(stream.clone()), ..Self::default() }
    }

    fn stream(&mut self, name: Option<&str>) -> Result<StreamId, Fault> {
        if let Some(known) = &self.stream
            && name.is_none_or(|name| known.as_str() == name)
        {
            return Ok(known.clone());
        }
        let name = name.ok_or_else(|| Fault::damaged("an event without a stream"))?;
        let stream: StreamId = name.parse().map_err(|error| Fault::damaged(format!("{error}")))?;
        self.stream = Some(stream.clone());
        Ok(stream)
    }

    fn event_type(&mut self, name: &str) -> Result<EventType, Fault> {
        if let Some(known) = self.event_types.iter().find(|known| known.as_str() == name) {
            return Ok(known.clone());
        }
        let event_type = EventType::new(name).map_err(|error| Fault::damaged(error.to_string()))?;
        if self.event_types.len() < TYPES_MAX {
            self.event_types.push(event_type.clone());
        }
        Ok(event_type)
    }
}

/// The event in a row.
pub(crate) fn event(row: &PgRow, names: &mut Names) -> Result<RecordedEvent, Fault> {
    let (metadata, payload) = texts(row)?;
    event_with(row, names, Json::as_stored(metadata), Json::as_stored(payload))
}

/// Metadata and payload in a row.
pub(crate) fn texts(row: &PgRow) -> Result<(&str, &str), Fault> {
    Ok((text(row, column::METADATA)?, text(row, column::PAYLOAD)?))
}

/// The same in a row of a page of the feed; none when the event does not pass the page's filter.
pub(crate) fn texts_that_pass(row: &PgRow) -> Result<Option<(&str, &str)>, Fault> {
    let Some(payload) = text_or_null(row, column::PAYLOAD)? else { return Ok(None) };
    Ok(Some((text(row, column::METADATA)?, payload)))
}

/// The event in a row, with texts that were read already, or are still to come.
pub(crate) fn event_with(
    row: &PgRow,
    names: &mut Names,
    metadata: Json,
    payload: Json,
) -> Result<RecordedEvent, Fault> {
    Ok(RecordedEvent {
        header: EventHeader {
            id: event_id(row)?,
            stream: names.stream(text_or_null(row, column::STREAM)?)?,
            version: version(row, column::VERSION)?,
            event_type: names.event_type(text(row, column::TYPE)?)?,
            schema_version: count(row, column::SCHEMA_VERSION)?,
            recorded_at: timestamp(row, column::RECORDED_AT)?,
            commit: CommitPlace {
                id: CommitId::from_bytes(bytes(row, column::COMMIT_ID)?),
                index: count(row, column::COMMIT_INDEX)?,
                size: count(row, column::COMMIT_SIZE)?,
            },
            metadata,
            digest: Digest::from_bytes(bytes(row, column::DIGEST)?),
        },
        payload,
    })
}

/// The event's position.
pub(crate) fn position(row: &PgRow) -> Result<i64, Fault> {
    integer(row, column::POSITION)
}

/// The event's id.
pub(crate) fn event_id(row: &PgRow) -> Result<EventId, Fault> {
    Ok(EventId::from_bytes(bytes(row, column::EVENT_ID)?))
}

/// What the first row of a page of the feed says of the whole: up to where it is settled, and the last position drawn.
pub(crate) fn marks(row: &PgRow) -> Result<Marks, Fault> {
    if !raw(row, column::EVENT_ID)?.is_null() {
        return Err(Fault::damaged("the feed's marks are not where they belong"));
    }
    if count(row, column::SCHEMA_VERSION)? != 0 {
        return Err(Fault::replica());
    }
    Ok(Marks { settled: position(row)?, drawn: integer(row, column::VERSION)? })
}

/// The bytes of payload and metadata that an event takes in a page.
pub(crate) fn weight(event: &RecordedEvent) -> usize {
    event.payload.len() + event.header.metadata.len()
}

/// A head in three columns from `first` on: version, stamp, digest; none when they are null.
pub(crate) fn head(row: &PgRow, first: usize) -> Result<Option<StreamHead>, Fault> {
    if raw(row, first)?.is_null() {
        return Ok(None);
    }
    Ok(Some(StreamHead {
        version: version(row, first)?,
        recorded_at: timestamp(row, first + 1)?,
        digest: Digest::from_bytes(bytes(row, first + 2)?),
    }))
}

/// A column of type `timestamptz`.
pub(crate) fn timestamp(row: &PgRow, column: usize) -> Result<Timestamp, Fault> {
    Ok(Timestamp::from_micros(integer(row, column)?.saturating_add(EPOCH)))
}

/// The same, or none when it is null.
pub(crate) fn timestamp_or_null(row: &PgRow, column: usize) -> Result<Option<Timestamp>, Fault> {
    if raw(row, column)?.is_null() { Ok(None) } else { timestamp(row, column).map(Some) }
}

fn version(row: &PgRow, column: usize) -> Result<Version, Fault> {
    Ok(Version::new(u64::try_from(integer(row, column)?).unwrap_or(0)))
}

/// A column of eight bytes.
pub(crate) fn integer(row: &PgRow, column: usize) -> Result<i64, Fault> {
    Ok(i64::from_be_bytes(bytes(row, column)?))
}

/// The same, or none when it is null.
pub(crate) fn integer_or_null(row: &PgRow, column: usize) -> Result<Option<i64>, Fault> {
    if raw(row, column)?.is_null() { Ok(None) } else { integer(row, column).map(Some) }
}

/// A column of type `boolean`.
pub(crate) fn truth(row: &PgRow, column: usize) -> Result<bool, Fault> {
    let [truth] = bytes(row, column)?;
    Ok(truth != 0)
}

/// A column of two bytes that is never negative.
fn count(row: &PgRow, column: usize) -> Result<u16, Fault> {
    Ok(u16::try_from(i16::from_be_bytes(bytes(row, column)?)).unwrap_or(0))
}

/// A text or JSON column, without a copy.
pub(crate) fn text(row: &PgRow, column: usize) -> Result<&str, Fault> {
    raw(row, column)?.as_str().map_err(|error| Fault::damaged(format!("column {column}: {error}")))
}

/// The same, or none when it is null.
fn text_or_null(row: &PgRow, column: usize) -> Result<Option<&str>, Fault> {
    let value = raw(row, column)?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_str().map(Some).map_err(|error| Fault::damaged(format!("column {column}: {error}")))
}

/// A column of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(row: &PgRow, column: usize) -> Result<[u8; N], Fault> {
    let damaged = |detail: String| Fault::damaged(format!("column {column}: {detail}"));
    let found = raw(row, column)?.as_bytes().map_err(|error| damaged(error.to_string()))?;
    found.try_into().map_err(|_| damaged(format!("{} bytes instead of {N}", found.len())))
}

fn raw(row: &PgRow, column: usize) -> Result<PgValueRef<'_>, Fault> {
    Ok(row.try_get_raw(column)?)
}

/// A number as PostgreSQL holds it. What is beyond its range stands for the largest, which no event has.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An id as PostgreSQL holds it.
pub(crate) fn uuid(bytes: &[u8; 16]) -> Uuid {
    Uuid::from_bytes(*bytes)
}

/// An instant as a value of type `timestamptz`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp(pub(crate) Timestamp);

impl Type<Postgres> for Stamp {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }

    fn compatible(found: &PgTypeInfo) -> bool {
        found.oid() == Some(TIMESTAMPTZ)
    }
}

impl PgHasArrayType for Stamp {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ_ARRAY)
    }
}

impl Encode<'_, Postgres> for Stamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend((self.0.as_micros() - EPOCH).to_be_bytes());
        Ok(IsNull::No)
    }
}
