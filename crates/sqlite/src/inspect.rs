//! The store's description, for people: what it holds, how large it is, how it is set up.

use annals_core::Timestamp;
use annals_ports::{Inspect, StoreDescription, StoreError};
use async_trait::async_trait;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::SqliteStore;
use crate::fault::Fault;
use crate::log::Log;
use crate::rows::{Names, count};
use crate::schema::SCHEMA_VERSION;
use crate::sql;

/// What describes the file.
struct Contents {
    counts: [u64; 4],
    last_recorded_at: Option<Timestamp>,
    settings: Vec<(String, String)>,
}

#[async_trait]
impl Inspect for SqliteStore {
    async fn describe(&self) -> Result<StoreDescription, StoreError> {
        let read = |connection: &Connection, _: &mut Names| Ok(contents(connection)?);
        let contents = self.shared.readers.read(|| "describing the store".to_owned(), read).await?;
        let options = &self.shared.options;
        let [events, streams, snapshots, view_rows] = contents.counts;
        let mut settings = contents.settings;
        settings.push(("durability".to_owned(), format!("{:?}", options.durability).to_lowercase()));
        settings.push(("busy_timeout".to_owned(), format!("{:?}", options.busy_timeout)));
        settings.push(("read_only".to_owned(), options.read_only.to_string()));
        settings.push(("sqlite_version".to_owned(), rusqlite::version().to_owned()));
        Ok(StoreDescription {
            adapter: "sqlite".to_owned(),
            location: options.location(),
            store: self.shared.id,
            schema_version: SCHEMA_VERSION,
            events,
            streams,
            snapshots,
            view_rows,
            last_recorded_at: contents.last_recorded_at,
            bytes: self.bytes(),
            settings,
        })
    }
}

impl SqliteStore {
    /// The file's size and its write-ahead log's.
    fn bytes(&self) -> Option<u64> {
        let path = &self.shared.options.path;
        Some(std::fs::metadata(path).ok()?.len() + Log::of(path).bytes())
    }
}

fn contents(connection: &Connection) -> Result<Contents, Fault> {
    let (counts, last) = connection.query_row(sql!("describe"), [], |row| {
        let counts: [i64; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
        Ok((counts, row.get::<_, Option<i64>>(4)?))
    })?;
    let mut settings = Vec::new();
    for name in ["journal_mode", "page_size", "encoding"] {
        let value = connection.pragma_query_value(None, name, |row| row.get::<_, Value>(0))?;
        let text = match value {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            other => format!("{other:?}"),
        };
        settings.push((name.to_owned(), text));
    }
    Ok(Contents { counts: counts.map(count), last_recorded_at: last.map(Timestamp::from_micros), settings })
}
