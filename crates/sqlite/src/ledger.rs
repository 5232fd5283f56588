//! Reading and writing history within the writer's open transaction: what stands under a commit's id, the heads of
//! streams, and events added behind them.

use std::sync::Arc;

use annals_core::{CommitId, Json, RecordedEvent, StoreId, StreamHead, StreamId, Timestamp};
use annals_ports::{Clock, RecordedCommit};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::Fault;
use crate::heads::{Heads, Known};
use crate::readers::same_file;
use crate::rows::{self, Fixed, Names, Numbers, integer};
use crate::sql;

/// The writer's connection, with what it remembers.
pub(crate) struct Ledger {
    pub(crate) connection: Connection,
    heads: Heads,
    names: Names,
    clock: Arc<dyn Clock>,
    pub(crate) store: StoreId,
    /// As [`same_file`] has it.
    schema: Option<i64>,
    /// The last position written by the transaction that is open.
    end: Option<i64>,
}

impl Ledger {
    pub(crate) fn new(connection: Connection, clock: Arc<dyn Clock>, store: StoreId) -> Self {
        let (heads, names) = (Heads::new(), Names::default());
        Self { connection, heads, names, clock, store, schema: None, end: None }
    }

    /// The write lock was just taken: forgets what others have changed since.
    pub(crate) fn refresh(&mut self) -> Result<(), Fault> {
        self.end = None;
        if !self.heads.refresh(&self.connection)?
            && !same_file(&self.connection, self.store, &mut self.schema)?
        {
            self.names = Names::default();
        }
        Ok(())
    }

    /// What was written is taken back: forgets it.
    pub(crate) fn forget(&mut self) {
        self.heads.forget();
        self.names = Names::default();
        self.end = None;
    }

    /// The last position that this transaction has written, if it has written any.
    pub(crate) fn end(&self) -> Option<i64> {
        self.end
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is recorded under a commit's id.
    pub(crate) fn standing(&mut self, id: CommitId) -> Result<Option<RecordedCommit>, Fault> {
        if let Some((first, size)) = place_of(&self.connection, id)? {
            let last = first + size - 1;
            let mut statement = self.connection.prepare_cached(sql!("events_between"))?;
            let mut found = statement.query([first, last])?;
            let mut events = Vec::new();
            while let Some(row) = found.next()? {
                events.push(rows::event(row, &self.connection, &mut self.names)?);
            }
            return Ok(Some(RecordedCommit::Events(events)));
        }
        let mut statement = self.connection.prepare_cached(sql!("outcome"))?;
        let mut found = statement.query([id.as_bytes()])?;
        let Some(row) = found.next()? else { return Ok(None) };
        Ok(Some(if row.get_ref(0)? == ValueRef::Null {
            RecordedCommit::Unchanged { id }
        } else {
            RecordedCommit::Refusal { id, reason: Json::as_stored(rows::text(row, 0)?) }
        }))
    }

    pub(crate) fn head(&mut self, stream: &StreamId) -> Result<Option<StreamHead>, Fault> {
        Ok(self.heads.of(&self.connection, stream)?.map(|known| known.head))
    }

    /// Records an outcome without events under a commit's id that nothing stands under: a refusal for this reason, or
    /// without one that there was nothing to change.
    pub(crate) fn settle(&mut self, id: CommitId, refused: Option<&Json>) -> Result<(), Fault> {
        self.connection
            .prepare_cached(sql!("insert_outcome"))?
            .execute(params![id.as_bytes(), refused.map(Json::as_str)])?;
        Ok(())
    }

    /// Adds `piece`, which continues its stream's head, to history.
    pub(crate) fn add(&mut self, piece: &[RecordedEvent]) -> Result<(), Fault> {
        let Some(last) = piece.last() else { return Ok(()) };
        let name = &last.header.stream;
        let head = StreamHead::of(&last.header);
        let stream = self.move_head(name, &head)?;
        self.heads.put(name, Known { stream, head });
        let mut statement = self.connection.prepare_cached(sql!("insert_event"))?;
        for event in piece {
            let header = &event.header;
            let event_type = self.heads.event_type(&self.connection, &header.event_type)?;
            let position = statement.insert(params![
                stream,
                integer(header.version.get()),
                event_type,
                header.recorded_at.as_micros(),
                Numbers::in_header(header),
                Fixed::in_header(header).as_bytes(),
                header.metadata.as_str(),
                event.payload.as_str(),
            ])?;
            self.end = Some(position);
        }
        Ok(())
    }

    fn move_head(&mut self, name: &StreamId, head: &StreamHead) -> Result<i64, Fault> {
        let version = integer(head.version.get());
        let stamp = head.recorded_at.as_micros();
        let digest = head.digest.as_bytes();
        if let Some(known) = self.heads.of(&self.connection, name)? {
            let mut statement = self.connection.prepare_cached(sql!("move_head"))?;
            statement.execute(params![known.stream, version, stamp, digest])?;
            Ok(known.stream)
        } else {
            let mut statement = self.connection.prepare_cached(sql!("insert_stream"))?;
            Ok(statement.insert(params![name.as_str(), version, stamp, digest])?)
        }
    }
}

/// The first position and the size of a commit that recorded events.
pub(crate) fn place_of(connection: &Connection, id: CommitId) -> Result<Option<(i64, i64)>, Fault> {
    let mut statement = connection.prepare_cached(sql!("place_of_commit"))?;
    Ok(statement.query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}
