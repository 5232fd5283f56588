//! Sweeping: what a dropped view left behind, removed a little at a time, by one process at a time. A view's number is
//! never used again, so that nobody sees what is swept.

use std::sync::Arc;
use std::time::Duration;

use crate::database::{Database, Run as _};
use crate::fault::Fault;
use crate::rows::integer;
use crate::sql;

/// Rows of each table that one transaction removes at most.
const AT_A_TIME: i64 = 2_000;

/// Between two transactions, so that others get on.
const PAUSE: Duration = Duration::from_millis(5);

/// Has everything swept that was dropped. What fails is tried again when the next view is dropped, or a store opened.
pub(crate) fn start(database: &Arc<Database>) {
    let database = database.clone();
    tokio::spawn(async move {
        while let Ok(true) = sweep(&database).await {
            tokio::time::sleep(PAUSE).await;
        }
    });
}

/// Sweeps once, and tells whether there may be more.
async fn sweep(database: &Database) -> Result<bool, Fault> {
    let mut transaction = database.begin().await?;
    let dropped = transaction.run(database.query(sql!("dropped_view"))).await?;
    let Some(row) = dropped.first() else {
        transaction.roll_back().await;
        return Ok(false);
    };
    let view = integer(row, 0)?;
    let mut removed = 0;
    for statement in [sql!("sweep_rows"), sql!("sweep_index"), sql!("sweep_routes"), sql!("sweep_parked")] {
        removed += transaction.run(database.query(statement).bind(view).bind(AT_A_TIME)).await?.len();
    }
    if removed == 0 {
        transaction.run(database.query(sql!("forget_dropped_view")).bind(view)).await?;
    }
    transaction.commit().await?;
    Ok(true)
}
