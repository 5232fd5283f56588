//! The store's description, for people: what it holds, how large it is, how it is set up.

use annals_core::Timestamp;
use annals_ports::{CategoryCount, Inspect, StoreDescription, StoreError, Upkeep};
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
    counts: [u64; 6],
    categories: Vec<CategoryCount>,
    last_recorded_at: Option<Timestamp>,
    settings: Vec<(String, String)>,
}

#[async_trait]
impl Inspect for SqliteStore {
    async fn describe(&self) -> Result<StoreDescription, StoreError> {
        let read = |connection: &Connection, _: &mut Names| Ok(contents(connection)?);
        let contents = self.shared.readers.read(|| "describing the store".to_owned(), read).await?;
        let options = &self.shared.options;
        let [events, streams, snapshots, view_rows, outcomes, views] = contents.counts;
        let mut settings = contents.settings;
        settings.push(("durability".to_owned(), format!("{:?}", options.durability).to_lowercase()));
        settings.push(("busy_timeout".to_owned(), format!("{:?}", options.busy_timeout)));
        settings.push(("read_only".to_owned(), options.read_only.to_string()));
        settings.push(("sqlite_version".to_owned(), rusqlite::version().to_owned()));
        settings.push(("library_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
        settings.push(("log_bytes".to_owned(), Log::of(&options.path).bytes().to_string()));
        Ok(StoreDescription {
            adapter: "sqlite".to_owned(),
            location: options.location(),
            store: self.shared.id,
            schema_version: SCHEMA_VERSION,
            events,
            streams,
            categories: contents.categories,
            snapshots,
            outcomes,
            views,
            view_rows,
            last_recorded_at: contents.last_recorded_at,
            bytes: self.bytes(),
            settings,
        })
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        Some(self)
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
        let mut counts = [0_i64; 6];
        for (column, count) in counts.iter_mut().enumerate() {
            *count = row.get(column)?;
        }
        Ok((counts, row.get::<_, Option<i64>>(6)?))
    })?;
    let mut categories = connection.prepare_cached(sql!("categories"))?;
    let categories = categories
        .query_map([], |row| Ok(CategoryCount { category: row.get(0)?, streams: count(row.get(1)?) }))?;
    let categories = categories.collect::<Result<_, _>>()?;
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
    let last_recorded_at = last.map(Timestamp::from_micros);
    Ok(Contents { counts: counts.map(count), categories, last_recorded_at, settings })
}
