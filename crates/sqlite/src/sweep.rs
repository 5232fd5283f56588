//! Sweeping: what a dropped view left behind, removed a little at a time, so that no commit waits for it.

use rusqlite::{Connection, OptionalExtension};

use crate::fault::Fault;
use crate::sql;

/// Rows of each table that one transaction removes at most.
const AT_A_TIME: i64 = 500;

/// Sweeps once, and tells whether there may be more.
pub(crate) fn sweep(connection: &Connection) -> Result<bool, Fault> {
    let Some(view) = dropped(connection)? else { return Ok(false) };
    let mut removed = 0;
    for statement in [sql!("sweep_rows"), sql!("sweep_index"), sql!("sweep_routes"), sql!("sweep_parked")] {
        removed += connection.prepare_cached(statement)?.execute([view, AT_A_TIME])?;
    }
    if removed == 0 {
        connection.prepare_cached(sql!("forget_dropped_view"))?.execute([view])?;
    }
    Ok(true)
}

fn dropped(connection: &Connection) -> Result<Option<i64>, Fault> {
    Ok(connection.prepare_cached(sql!("dropped_view"))?.query_row([], |row| row.get(0)).optional()?)
}

/// Whether a view was dropped that nobody has swept.
pub(crate) fn sweeping_is_due(connection: &Connection) -> bool {
    matches!(dropped(connection), Ok(Some(_)))
}
