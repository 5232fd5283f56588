//! Sweeping: what a dropped view left behind is removed in the background, part by part. Its generation is never used again,
//! so that nobody sees what is swept; what was not swept to its end is swept when the next view is dropped.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::database::Database;
use crate::fault::Fault;
use crate::item::{self, Item};
use crate::read::Query;
use crate::tables::Table;
use crate::view_items::{self, Parts, VIEWS};
use crate::view_standing::Standing;
use crate::write::Write;

/// Items that are removed between two looks.
const AT_A_TIME: usize = 1_000;

/// Has everything swept that was dropped.
pub(crate) fn start(database: &Arc<Database>) {
    let database = database.clone();
    tokio::spawn(async move {
        if let Err(fault) = sweep(&database).await {
            tracing::debug!(%fault, "a dropped view was not swept; it will be when the next one is dropped");
        }
    });
}

/// Sweeps everything that was dropped.
pub(crate) async fn sweep(database: &Database) -> Result<(), Fault> {
    let query = Query::new(Table::Views, "#part = :part").name("#part", "Part");
    let views = database.query_up_to(query.value(":part", item::text(VIEWS)), usize::MAX).await?;
    for item in &views.items {
        let standing = Standing::read(item)?;
        for generation in &standing.dead {
            let parts = Parts::of(&standing.view, *generation, database.shape.view_shards);
            for part in parts.all(standing.indexes.iter()) {
                empty(database, &part).await?;
            }
            let swept = Write::update(Table::Views, view_items::key_of(item), "DELETE #dead :swept")
                .name("#dead", "Dead")
                .value(":swept", AttributeValue::Ns(vec![generation.to_string()]));
            database.write(&swept).await?;
        }
    }
    Ok(())
}

/// Removes every item of a part.
pub(crate) async fn empty(database: &Database, part: &str) -> Result<(), Fault> {
    loop {
        let query = Query::new(Table::Views, "#part = :part").name("#part", "Part").name("#sort", "Sort");
        let query = query.value(":part", item::text(part)).only("#part, #sort");
        let found = database.query_up_to(query, AT_A_TIME).await?;
        let keys: Vec<Item> = found.items.iter().map(view_items::key_of).collect();
        database.sweep(Table::Views, keys).await?;
        if found.last.is_none() {
            return Ok(());
        }
    }
}
