//! The baselines: plain SQLite through `rusqlite`, with statements prepared once, on the very tables that the store keeps.
//! Payload and metadata are decoded into `serde_json` values, and the payload on into the domain's type where one is
//! named, as stores do that have JSON trees in the middle; nothing is chained, cached or checked beyond what is said.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use annals::{CommitId, EventId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use crate::bench::Outcome;
use crate::measure::milliseconds_since;

const COLUMNS: &str = "position, stream, version, type, recorded_at, numbers, fixed, metadata, payload";

/// A connection as the store's own are set.
pub(crate) struct Plain {
    connection: Connection,
}

/// A domain's event that can be made of a JSON tree.
pub(crate) trait FromTree: Sized {
    /// The event of this type with this payload.
    fn from_tree(event_type: &str, payload: Value) -> serde_json::Result<Self>;
}

impl FromTree for Value {
    fn from_tree(_: &str, payload: Value) -> serde_json::Result<Self> {
        Ok(payload)
    }
}

/// An event whose payload and metadata were JSON trees.
struct TreeEvent<E> {
    numbers: [i64; 6],
    fixed: [u8; 64],
    metadata: Value,
    event: E,
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
    pub(crate) fn decode_all<E: FromTree>(&self) -> Outcome<u64> {
        let types = self.types()?;
        let sql = format!("SELECT {COLUMNS} FROM events ORDER BY position");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            black_box(TreeEvent::<E>::read(row, &types)?.touched());
            count += 1;
        }
        Ok(count)
    }

    /// Reads and decodes a stream; how many events it has.
    pub(crate) fn decode_stream(&self, stream: &str) -> Outcome<usize> {
        let types = HashMap::new();
        let sql = format!(
            "SELECT {COLUMNS} FROM events WHERE stream = (SELECT id FROM streams WHERE name = ?1) \
             ORDER BY version"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([stream])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(TreeEvent::<Value>::read(row, &types)?);
        }
        Ok(black_box(&events).len())
    }

    /// The names of the types, by number.
    fn types(&self) -> Outcome<HashMap<i64, String>> {
        let mut statement = self.connection.prepare_cached("SELECT id, name FROM event_types")?;
        let types = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(types.collect::<Result<_, _>>()?)
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
        let mut fixed = [7_u8; 64];
        fixed[..16].copy_from_slice(event.as_bytes());
        fixed[16..32].copy_from_slice(commit.as_bytes());
        let stream = connection
            .prepare_cached(
                "INSERT INTO streams (name, version, recorded_at, digest) VALUES (?1, 1, ?2, ?3)",
            )?
            .insert(params![name, 1_772_409_600_000_000_i64, &fixed[32..]])?;
        connection
            .prepare_cached(
                "INSERT INTO events (stream, version, type, recorded_at, numbers, fixed, metadata, payload) \
                 VALUES (?1, 1, 1, ?2, 4294967297, ?3, ?4, ?5)",
            )?
            .execute(params![
                stream,
                1_772_409_600_000_000_i64,
                &fixed[..],
                r#"{"actor":"teller-7","correlation_id":"request-0000000000"}"#,
                r#"{"opening_balance":{"amount":"1000.00","currency":"GBP"},"owner":"Ada"}"#,
            ])?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(milliseconds_since(begun))
    }
}

impl<E: FromTree> TreeEvent<E> {
    fn read(row: &Row<'_>, types: &HashMap<i64, String>) -> Outcome<Self> {
        let mut numbers = [0; 6];
        for (column, number) in numbers.iter_mut().enumerate() {
            *number = row.get(column)?;
        }
        let event_type = types.get(&numbers[3]).map_or("", String::as_str);
        let payload = serde_json::from_str(row.get_ref(8)?.as_str()?)?;
        Ok(Self {
            numbers,
            fixed: row.get(6)?,
            metadata: serde_json::from_str(row.get_ref(7)?.as_str()?)?,
            event: E::from_tree(event_type, payload)?,
        })
    }

    /// All of it, so that nothing is left out as unused.
    fn touched(&self) -> (&[i64; 6], &[u8; 64], &Value, &E) {
        (&self.numbers, &self.fixed, &self.metadata, &self.event)
    }
}
