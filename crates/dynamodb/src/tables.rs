//! The store's four tables: their names, their shapes, how they come to be, and whether a table that stands is one of ours.
//!
//! `docs/dynamodb-cloudformation.json` makes the same tables; a test holds the two equal.

use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, Projection, ProjectionType, ScalarAttributeType, StreamSpecification,
    StreamViewType, TableDescription, TableStatus,
};
use tokio::time::Instant;

use crate::database::Database;
use crate::fault::{Fault, Kind};

/// A table of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Table {
    Events,
    Feed,
    Snapshots,
    Views,
}

/// The events' index by type.
pub(crate) const TYPE_INDEX: &str = "EventTypeIndex";

/// For how long a table may take to become active.
const PATIENCE: Duration = Duration::from_mins(2);

/// An attribute that is a key, and whether it is a number.
type KeyAttribute = (&'static str, bool);

impl Table {
    pub(crate) const ALL: [Self; 4] = [Self::Events, Self::Feed, Self::Snapshots, Self::Views];

    /// What follows the prefix in its name.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Feed => "feed",
            Self::Snapshots => "snapshots",
            Self::Views => "views",
        }
    }

    /// Its partition key's name, and its sort key's.
    pub(crate) fn key(self) -> (&'static str, Option<&'static str>) {
        let (hash, range) = self.key_attributes();
        (hash.0, range.map(|range| range.0))
    }

    fn key_attributes(self) -> (KeyAttribute, Option<KeyAttribute>) {
        match self {
            Self::Events => (("AggregateId", false), Some(("Version", true))),
            Self::Feed => (("Part", false), Some(("Batch", true))),
            Self::Snapshots => (("AggregateId", false), None),
            Self::Views => (("Part", false), Some(("Sort", false))),
        }
    }

    /// The shape as one line, for comparing and for people.
    fn shape(self) -> String {
        let (hash, range) = self.key();
        let keys = range.map_or_else(|| hash.to_owned(), |range| format!("{hash} and {range}"));
        match self {
            Self::Events => format!("keys {keys}; index {TYPE_INDEX}; stream NEW_AND_OLD_IMAGES"),
            _ => format!("keys {keys}"),
        }
    }
}

/// The shape of a table that stands, in the words of [`Table::shape`].
fn shape_of(table: Table, found: &TableDescription) -> String {
    let key = |kind| {
        let element = found.key_schema().iter().find(|element| *element.key_type() == kind);
        element.map(|element| element.attribute_name().to_owned())
    };
    let keys =
        [key(KeyType::Hash), key(KeyType::Range)].into_iter().flatten().collect::<Vec<_>>().join(" and ");
    if table != Table::Events {
        return format!("keys {keys}");
    }
    let indexes = found.global_secondary_indexes().iter().filter_map(|index| index.index_name());
    let is_ours = indexes.into_iter().any(|name| name == TYPE_INDEX);
    let index = if is_ours { format!("index {TYPE_INDEX}") } else { format!("no index {TYPE_INDEX}") };
    let stream = match found.stream_specification() {
        Some(stream) if stream.stream_enabled() => {
            stream.stream_view_type().map_or("enabled", StreamViewType::as_str).to_owned()
        }
        _ => "off".to_owned(),
    };
    format!("keys {keys}; {index}; stream {stream}")
}

/// Creates what is missing, where that is allowed, waits until all is active, and checks that each table is ours. Gives the
/// ARN of the events table's stream.
pub(crate) async fn prepare(database: &Database) -> Result<String, Fault> {
    let mut missing = Vec::new();
    let mut stream = None;
    for table in Table::ALL {
        match database.describe(table).await {
            Ok(found) => check(database, table, &found)?,
            Err(fault) if fault.kind == Kind::Missing && database.options.create => missing.push(table),
            Err(fault) => return Err(fault),
        }
    }
    for table in &missing {
        create(database, *table).await?;
    }
    for table in Table::ALL {
        let found = active(database, table).await?;
        check(database, table, &found)?;
        if table == Table::Events {
            stream = found.latest_stream_arn().map(str::to_owned);
        }
    }
    if database.options.point_in_time_recovery {
        for table in missing {
            recoverable(database, table).await?;
        }
    }
    stream.ok_or_else(|| Fault::new(Kind::NotAStore, "the events table has no stream"))
}

fn check(database: &Database, table: Table, found: &TableDescription) -> Result<(), Fault> {
    let (expected, shape) = (table.shape(), shape_of(table, found));
    if expected == shape {
        return Ok(());
    }
    let name = database.name(table);
    let detail = format!("the table {name} has {shape}, where {expected} is expected; choose another prefix");
    Err(Fault::new(Kind::NotAStore, detail))
}

async fn create(database: &Database, table: Table) -> Result<(), Fault> {
    let build = |error: aws_sdk_dynamodb::error::BuildError| Fault::refused(error.to_string());
    let (hash, range) = table.key_attributes();
    let define = |(name, is_number): KeyAttribute| {
        let kind = if is_number { ScalarAttributeType::N } else { ScalarAttributeType::S };
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().map_err(build)
    };
    let element = |name: &str, kind| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(build)
    };
    let mut request = database
        .dynamo
        .create_table()
        .table_name(database.name(table))
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(define(hash)?)
        .key_schema(element(hash.0, KeyType::Hash)?);
    if let Some(range) = range {
        request = request.attribute_definitions(define(range)?).key_schema(element(range.0, KeyType::Range)?);
    }
    if database.options.deletion_protection {
        request = request.deletion_protection_enabled(true);
    }
    if table == Table::Events {
        let index = GlobalSecondaryIndex::builder()
            .index_name(TYPE_INDEX)
            .key_schema(element("EventTypeShard", KeyType::Hash)?)
            .key_schema(element("Timestamp", KeyType::Range)?)
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()
            .map_err(build)?;
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()
            .map_err(build)?;
        request = request
            .attribute_definitions(define(("EventTypeShard", false))?)
            .attribute_definitions(define(("Timestamp", false))?)
            .global_secondary_indexes(index)
            .stream_specification(stream);
    }
    match request.send().await {
        Ok(_) => Ok(()),
        // Another process was quicker.
        Err(error)
            if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            Ok(())
        }
        Err(error) => Err(Fault::of(&error)),
    }
}

/// The table once it is active.
async fn active(database: &Database, table: Table) -> Result<TableDescription, Fault> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        match database.describe(table).await {
            Ok(found) if found.table_status() == Some(&TableStatus::Active) => return Ok(found),
            Ok(_) => {}
            Err(fault) if fault.kind == Kind::Missing => {}
            Err(fault) => return Err(fault),
        }
        if begun.elapsed() > PATIENCE {
            let name = database.name(table);
            return Err(Fault::new(
                Kind::Unreached,
                format!("the table {name} did not become active within {PATIENCE:?}"),
            ));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

/// Turns point-in-time recovery on. Emulators do not have it, and say so.
async fn recoverable(database: &Database, table: Table) -> Result<(), Fault> {
    let on = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build();
    let on = on.map_err(|error| Fault::refused(error.to_string()))?;
    let asked = database.dynamo.update_continuous_backups().table_name(database.name(table));
    match asked.point_in_time_recovery_specification(on).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let fault = Fault::of(&error);
            if fault.detail.contains("UnknownOperation") || fault.detail.contains("ValidationException") {
                tracing::warn!(table = database.name(table), "this endpoint has no point-in-time recovery");
                return Ok(());
            }
            Err(fault)
        }
    }
}
