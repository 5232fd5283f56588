//! The store's description, for people. `DynamoDB` counts nothing on the side: the numbers come from a scan of all tables,
//! which is read, and billed, by the size of what is stored.

use std::collections::BTreeMap;

use annals_core::Timestamp;
use annals_ports::{CategoryCount, Inspect, StoreDescription, StoreError, Upkeep};
use async_trait::async_trait;
use futures::future::try_join_all;

use crate::DynamoStore;
use crate::event_item;
use crate::fault::Fault;
use crate::item::{self, Attributes, Item};
use crate::read::Query;
use crate::store_item::SCHEMA_VERSION;
use crate::tables::Table;

/// Into how many segments a table is cut, which are scanned side by side.
const SEGMENTS: usize = 4;

#[async_trait]
impl Inspect for DynamoStore {
    async fn describe(&self) -> Result<StoreDescription, StoreError> {
        let told = |fault: Fault| fault.told("describing the store", &self.database().options);
        self.contents().await.map_err(told)
    }

    async fn close(&self) {
        self.shared.hub.close().await;
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        Some(self)
    }
}

/// What the events table holds.
#[derive(Default)]
struct Contents {
    events: u64,
    outcomes: u64,
    /// Streams by category.
    streams: BTreeMap<String, u64>,
    last_recorded_at: Option<Timestamp>,
}

impl Contents {
    fn count(&mut self, item: &Item) -> Result<(), Fault> {
        if !event_item::is_event(item) {
            // The store's own item has no kind, and a marker of events is no outcome besides them.
            let kind = item.maybe_text("Kind");
            self.outcomes += u64::from(matches!(kind, Some("refusal" | "unchanged")));
            return Ok(());
        }
        self.events += 1;
        self.last_recorded_at = self.last_recorded_at.max(Some(item.instant("Timestamp")?));
        // Every stream has one first event.
        if item.number::<u64>("Version")? == 1 {
            let category = event_item::stream(item)?.category().to_owned();
            *self.streams.entry(category).or_default() += 1;
        }
        Ok(())
    }

    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.outcomes += other.outcomes;
        for (category, streams) in other.streams {
            *self.streams.entry(category).or_default() += streams;
        }
        self.last_recorded_at = self.last_recorded_at.max(other.last_recorded_at);
    }
}

impl DynamoStore {
    async fn contents(&self) -> Result<StoreDescription, Fault> {
        let database = self.database();
        let mut contents = Contents::default();
        for segment in try_join_all((0..SEGMENTS).map(|segment| self.contents_of(segment))).await? {
            contents.add(segment);
        }
        let (views, view_rows) = self.count_views().await?;
        let snapshots = self.count(Table::Snapshots).await?;
        let mut bytes = 0;
        for table in Table::ALL {
            let size = database.describe(table).await?.table_size_bytes().unwrap_or(0);
            bytes += u64::try_from(size).unwrap_or(0);
        }
        let options = &database.options;
        let settings = [
            ("feed_parts", database.shape.feed_parts.to_string()),
            ("type_shards", database.shape.type_shards.to_string()),
            ("view_shards", database.shape.view_shards.to_string()),
            ("indexer", if options.indexer { "on" } else { "off" }.to_owned()),
            ("lease", format!("{:?}", options.lease)),
            ("window", format!("{:?}", options.window)),
            ("timeout", format!("{:?}", options.timeout)),
            ("attempt_timeout", format!("{:?}", options.attempt_timeout)),
            ("library_version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        Ok(StoreDescription {
            adapter: "dynamodb".to_owned(),
            location: options.location(),
            store: database.id,
            schema_version: SCHEMA_VERSION,
            events: contents.events,
            streams: contents.streams.values().sum(),
            categories: contents
                .streams
                .into_iter()
                .map(|(category, streams)| CategoryCount { category, streams })
                .collect(),
            snapshots,
            outcomes: contents.outcomes,
            views,
            view_rows,
            last_recorded_at: contents.last_recorded_at,
            bytes: Some(bytes),
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
        })
    }

    async fn contents_of(&self, segment: usize) -> Result<Contents, Fault> {
        let mut contents = Contents::default();
        let mut from = None;
        loop {
            let projection = ["AggregateId", "Version", "Timestamp", "Kind"];
            let found = self.database().scan(Table::Events, (segment, SEGMENTS), &projection, from).await?;
            found.items.iter().try_for_each(|item| contents.count(item))?;
            from = found.last;
            if from.is_none() {
                return Ok(contents);
            }
        }
    }

    async fn count(&self, table: Table) -> Result<u64, Fault> {
        let (mut count, mut from) = (0, None);
        loop {
            let found = self.database().scan(table, (0, 1), &[table.key().0], from).await?;
            count += found.items.len() as u64;
            from = found.last;
            if from.is_none() {
                return Ok(count);
            }
        }
    }

    /// How many views have a checkpoint, and how many rows these have.
    async fn count_views(&self) -> Result<(u64, u64), Fault> {
        let query = Query::new(Table::Views, "#part = :part")
            .name("#part", "Part")
            .value(":part", item::text("$views"));
        let found = self.database().query_up_to(query, usize::MAX).await?;
        let (mut views, mut rows) = (0, 0);
        for view in found.items.iter().filter(|view| view.attribute("Checkpoint").is_some()) {
            views += 1;
            rows += view.maybe_number::<u64>("Rows")?.unwrap_or(0);
        }
        Ok((views, rows))
    }
}
