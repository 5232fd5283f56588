//! Recovery: what is ahead of history is removed, in one transaction. History and its heads are never touched: what is
//! wrong with them only a backup mends.

use annals_core::StoreId;
use annals_ports::{Recovered, ViewId};
use rusqlite::Connection;

use crate::check::misplaced;
use crate::fault::Fault;
use crate::sql;

/// Removes what is ahead of history.
pub(crate) fn recover(connection: &Connection, store: StoreId) -> Result<Recovered, Fault> {
    let mut recovered = Recovered::default();
    for (number, view) in views_ahead(connection, store)? {
        connection.prepare_cached(sql!("drop_view"))?.execute([number])?;
        connection.prepare_cached(sql!("note_dropped_view"))?.execute([number])?;
        recovered.views.push(view);
    }
    recovered.snapshots = connection.execute(sql!("recover_snapshots"), [])? as u64;
    recovered.once = connection.execute(sql!("recover_outcomes"), [])? as u64;
    Ok(recovered)
}

/// Views whose checkpoint, or one of whose waiting events, is not in history.
fn views_ahead(connection: &Connection, store: StoreId) -> Result<Vec<(i64, ViewId)>, Fault> {
    let mut awaiting = connection.prepare(sql!("views_awaiting_nothing"))?;
    let awaiting: Vec<i64> = awaiting.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare(sql!("view_positions"))?;
    let mut found = statement.query([])?;
    let mut views = Vec::new();
    while let Some(row) = found.next()? {
        let number = row.get(0)?;
        let position: String = row.get(3)?;
        if awaiting.contains(&number) || misplaced(connection, store, &position)?.is_some() {
            views.push((number, ViewId { name: row.get(1)?, version: row.get(2)? }));
        }
    }
    Ok(views)
}
