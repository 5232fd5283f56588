//! The item that says what the store is: its id, its schema's version, and into how many parts it is spread. Made once, by
//! whoever comes first.

use annals_core::StoreId;

use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::{self, Attributes, Item};
use crate::options::DynamoOptions;
use crate::read::Freshness;
use crate::tables::Table;
use crate::write::Write;

/// The newest schema that this release knows.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Into how many partitions the store spreads what would else lie in one. Fixed when the store is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) feed_parts: u32,
    pub(crate) type_shards: u32,
    pub(crate) view_shards: u32,
}

impl Shape {
    pub(crate) fn of(options: &DynamoOptions) -> Self {
        let DynamoOptions { feed_parts, type_shards, view_shards, .. } = *options;
        Self { feed_parts, type_shards, view_shards }
    }
}

fn key() -> Item {
    Item::from([("AggregateId".to_owned(), item::text("$store")), ("Version".to_owned(), item::number(0))])
}

/// The store's id and shape, made when there are none yet.
pub(crate) async fn find_or_make(database: &Database) -> Result<(StoreId, Shape), Fault> {
    if let Some(found) = database.get(Table::Events, &key(), Freshness::Consistent).await? {
        return read(&found);
    }
    if !database.options.create {
        return Err(Fault::new(Kind::NotAStore, "its tables are empty; open it with the right to create"));
    }
    let (id, shape) = (StoreId::new(), Shape::of(&database.options));
    let mut made = key();
    made.insert("StoreId".to_owned(), item::text(id.to_string()));
    for (name, value) in [
        ("SchemaVersion", SCHEMA_VERSION),
        ("FeedParts", shape.feed_parts),
        ("TypeShards", shape.type_shards),
        ("ViewShards", shape.view_shards),
    ] {
        made.insert(name.to_owned(), item::number(value));
    }
    match database.write(&Write::put(Table::Events, made).where_none_stands()).await {
        Ok(_) => Ok((id, shape)),
        // Somebody else came first, or an attempt of ours whose answer was lost.
        Err(fault) if fault.kind == Kind::Condition => {
            let found = fault.found(0).ok_or_else(|| Fault::damaged("the store's own item is gone"))?;
            read(found)
        }
        Err(fault) => Err(fault),
    }
}

fn read(found: &Item) -> Result<(StoreId, Shape), Fault> {
    let version: u32 = found.number("SchemaVersion")?;
    if version > SCHEMA_VERSION {
        return Err(Fault::newer(version));
    }
    let shape = Shape {
        feed_parts: found.number("FeedParts")?,
        type_shards: found.number("TypeShards")?,
        view_shards: found.number("ViewShards")?,
    };
    Ok((found.parsed("StoreId")?, shape))
}
