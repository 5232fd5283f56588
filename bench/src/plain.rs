//! The baselines: plain SQLite through `rusqlite`, with statements prepared once, on the very tables that the store keeps.
//! Rows are decoded into `serde_json` values, payload and metadata; nothing is chained, cached or checked beyond what is
//! said.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use annals::{CommitId, EventId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use crate::bench::Outcome;
use crate::measure::milliseconds_since;

const COLUMNS: &str = "position, stream, version, event_id, type, schema_version, commit_id, commit_index, \
                       commit_size, recorded_at, digest, metadata, payload";

/// A connection as the store's own are set.
pub(crate) struct Plain {
    connection: Connection,
}

/// An event as JSON trees.
struct ValueEvent {
    numbers: [i64; 8],
    ids: [[u8; 16]; 2],
    digest: [u8; 32],
    metadata: Value,
    payload: Value,
}

impl Plain {
    pub(crate) fn open(file: &Path) -> Outcome<Self> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
        connection.pragma_update(None, "cache_size", -16 * 1024)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        Ok(Self { connection })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads and decodes every event; how many there are.
    pub(crate) fn decode_all(&self) -> Outcome<u64> {
        let sql = format!("SELECT {COLUMNS} FROM events ORDER BY position");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            black_box(ValueEvent::read(row)?.touched());
            count += 1;
        }
        Ok(count)
    }

    /// Reads and decodes a stream; how many events it has.
    pub(crate) fn decode_stream(&self, stream: &str) -> Outcome<usize> {
        let sql = format!(
            "SELECT {COLUMNS} FROM events WHERE stream = (SELECT id FROM streams WHERE name = ?1) \
             ORDER BY version"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([stream])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(ValueEvent::read(row)?);
        }
        Ok(black_box(&events).len())
    }

    /// Records one event in a new stream, as a careful program would by hand: is the commit there already, is the
    /// stream new, then its row and the event's, all indexes kept. How many milliseconds it took.
    pub(crate) fn commit(&self) -> Outcome<f64> {
        let (event, commit) = (EventId::new(), CommitId::new());
        let name = format!("account-{}", EventId::new());
        let begun = Instant::now();
        let connection = &self.connection;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let standing: Option<i64> = connection
            .prepare_cached("SELECT position FROM events WHERE commit_id = ?1 AND commit_index = 0")?
            .query_row([commit.as_bytes()], |row| row.get(0))
            .optional()?;
        let head: Option<i64> = connection
            .prepare_cached("SELECT version FROM streams WHERE name = ?1")?
            .query_row([&name], |row| row.get(0))
            .optional()?;
        if standing.is_some() || head.is_some() {
            return Err("a new stream has events".into());
        }
        let digest = [7_u8; 32];
        let stream = connection
            .prepare_cached(
                "INSERT INTO streams (name, version, recorded_at, digest) VALUES (?1, 1, ?2, ?3)",
            )?
            .insert(params![name, 1_772_409_600_000_000_i64, digest])?;
        connection
            .prepare_cached(
                "INSERT INTO events (stream, version, event_id, type, schema_version, commit_id, commit_index, \
                 commit_size, recorded_at, digest, metadata, payload) \
                 VALUES (?1, 1, ?2, 1, 1, ?3, 0, 1, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                stream,
                event.as_bytes(),
                commit.as_bytes(),
                1_772_409_600_000_000_i64,
                digest,
                r#"{"actor":"teller-7","correlation_id":"request-0000000000"}"#,
                r#"{"opening_balance":{"amount":"1000.00","currency":"GBP"},"owner":"Ada"}"#,
            ])?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(milliseconds_since(begun))
    }
}

impl ValueEvent {
    fn read(row: &Row<'_>) -> Outcome<Self> {
        let mut numbers = [0; 8];
        for (number, column) in numbers.iter_mut().zip([0, 1, 2, 4, 5, 7, 8, 9]) {
            *number = row.get(column)?;
        }
        Ok(Self {
            numbers,
            ids: [row.get(3)?, row.get(6)?],
            digest: row.get(10)?,
            metadata: serde_json::from_str(row.get_ref(11)?.as_str()?)?,
            payload: serde_json::from_str(row.get_ref(12)?.as_str()?)?,
        })
    }

    /// All of it, so that nothing is left out as unused.
    fn touched(&self) -> (&[i64; 8], &[[u8; 16]; 2], &[u8; 32], &Value, &Value) {
        (&self.numbers, &self.ids, &self.digest, &self.metadata, &self.payload)
    }
}
