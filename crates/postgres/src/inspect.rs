//! The store's description, for people: what it holds, how large it is, how it is set up.

use annals_ports::{CategoryCount, Inspect, StoreDescription, StoreError, Upkeep};
use async_trait::async_trait;
use sqlx::Row;

use crate::PostgresStore;
use crate::fault::Fault;
use crate::rows::{integer, text, timestamp};
use crate::schema::SCHEMA_VERSION;
use crate::sql;

#[async_trait]
impl Inspect for PostgresStore {
    async fn describe(&self) -> Result<StoreDescription, StoreError> {
        let told = |fault: Fault| fault.told("describing the store", &self.database().options);
        self.contents().await.map_err(told)
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        Some(self)
    }
}

impl PostgresStore {
    async fn contents(&self) -> Result<StoreDescription, Fault> {
        let database = self.database();
        let options = &database.options;
        let described =
            database.rows(|| database.query(sql!("describe")).bind(options.schema_name())).await?;
        let by_category = database.rows(|| database.query(sql!("categories"))).await?;
        let last = database.rows(|| database.query(sql!("last_recorded_at"))).await?;
        let counted =
            described.first().ok_or_else(|| Fault::damaged("the store does not describe itself"))?;
        let count = |row, column| Ok::<_, Fault>(u64::try_from(integer(row, column)?).unwrap_or(0));
        let (mut events, mut streams, mut categories) = (0, 0, Vec::new());
        for row in &by_category {
            let of_category = count(row, 1)?;
            streams += of_category;
            events += count(row, 2)?;
            categories.push(CategoryCount { category: text(row, 0)?.to_owned(), streams: of_category });
        }
        let last_recorded_at = match last.first() {
            Some(row) if row.try_get_raw(0).is_ok_and(|value| !sqlx::ValueRef::is_null(&value)) => {
                Some(timestamp(row, 0)?)
            }
            _ => None,
        };
        let mut settings = Vec::new();
        for (column, name) in
            [(5, "server_version"), (6, "synchronous_commit"), (7, "fsync"), (8, "server_encoding")]
        {
            settings.push((name.to_owned(), text(counted, column)?.to_owned()));
        }
        let mut setting = |name: &str, value: String| settings.push((name.to_owned(), value));
        setting("pooler", format!("{:?}", options.pooler).to_lowercase());
        setting("gathering", if options.gathering { "on" } else { "off" }.to_owned());
        setting("lanes", options.lanes.to_string());
        setting("max_connections", options.max_connections.to_string());
        setting("timeout", format!("{:?}", options.timeout));
        setting("library_version", env!("CARGO_PKG_VERSION").to_owned());
        Ok(StoreDescription {
            adapter: "postgres".to_owned(),
            location: options.location(),
            store: database.id,
            schema_version: SCHEMA_VERSION,
            events,
            streams,
            categories,
            snapshots: count(counted, 0)?,
            outcomes: count(counted, 2)?,
            views: count(counted, 3)?,
            view_rows: count(counted, 1)?,
            last_recorded_at,
            bytes: Some(count(counted, 4)?),
            settings,
        })
    }
}
