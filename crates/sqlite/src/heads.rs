//! What the writer remembers between transactions: heads of streams and numbers of event types. Dropped as soon as
//! it may be wrong: when another process wrote, and when a transaction was taken back.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use annals_core::{EventType, StreamHead, StreamId};
use lru::LruCache;
use rusqlite::{Connection, OptionalExtension};

use crate::fault::Fault;
use crate::rows::head;
use crate::sql;

/// Heads kept at most; the least recently used one goes first.
const HEADS_MAX: NonZeroUsize = NonZeroUsize::new(65_536).expect("the number is not zero");

/// A stream's number and head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) stream: i64,
    pub(crate) head: StreamHead,
}

pub(crate) struct Heads {
    streams: LruCache<StreamId, Known>,
    event_types: HashMap<EventType, i64>,
    data_version: Option<i64>,
}

impl Heads {
    pub(crate) fn new() -> Self {
        Self { streams: LruCache::new(HEADS_MAX), event_types: HashMap::new(), data_version: None }
    }

    pub(crate) fn forget(&mut self) {
        self.streams.clear();
        self.event_types.clear();
    }

    /// Forgets everything if another connection has written since the last call. To be called once the write lock
    /// is held: from then on nobody else can. Whether nobody has.
    pub(crate) fn refresh(&mut self, connection: &Connection) -> Result<bool, Fault> {
        let found = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        let is_same = self.data_version.replace(found) == Some(found);
        if !is_same {
            self.forget();
        }
        Ok(is_same)
    }

    /// What is known of a stream; none when it has no events.
    pub(crate) fn of(&mut self, connection: &Connection, stream: &StreamId) -> Result<Option<Known>, Fault> {
        if let Some(known) = self.streams.get(stream) {
            return Ok(Some(*known));
        }
        let found = find(connection, stream)?;
        if let Some(known) = found {
            self.streams.put(stream.clone(), known);
        }
        Ok(found)
    }

    pub(crate) fn put(&mut self, stream: &StreamId, known: Known) {
        self.streams.put(stream.clone(), known);
    }

    /// The number of an event type, which it is given when it has none.
    pub(crate) fn event_type(
        &mut self,
        connection: &Connection,
        event_type: &EventType,
    ) -> Result<i64, Fault> {
        if let Some(number) = self.event_types.get(event_type) {
            return Ok(*number);
        }
        let name = event_type.as_str();
        let found = connection
            .prepare_cached(sql!("event_type_id"))?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let number = match found {
            Some(number) => number,
            None => connection.prepare_cached(sql!("insert_event_type"))?.insert([name])?,
        };
        self.event_types.insert(event_type.clone(), number);
        Ok(number)
    }
}

/// A stream's number and head, from its row.
pub(crate) fn find(connection: &Connection, stream: &StreamId) -> Result<Option<Known>, Fault> {
    let mut statement = connection.prepare_cached(sql!("head"))?;
    let mut rows = statement.query([stream.as_str()])?;
    rows.next()?.map(|row| Ok(Known { stream: row.get(0)?, head: head(row, 1)? })).transpose()
}
