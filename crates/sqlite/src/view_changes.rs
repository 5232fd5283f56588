//! Changing a view: rows, index values, routes, parked events and checkpoint in one transaction (law V01), while
//! the lease is held and the checkpoint stands where the batch began (V02).

use annals_core::Timestamp;
use annals_ports::{Lease, RowChange, ViewBatch, ViewError, ViewId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::Fault;
use crate::index_entries::Entries;
use crate::leases::is_held;
use crate::rows::integer;
use crate::sql;
use crate::views::Standing;

/// Applies a batch within the open transaction, or refuses it before anything is written.
pub(crate) fn apply(connection: &Connection, batch: &ViewBatch) -> Result<Result<(), ViewError>, Fault> {
    if !is_held(connection, &batch.lease)? {
        return Ok(Err(lost(&batch.view, &batch.lease)));
    }
    let standing = Standing::find(connection, &batch.view)?;
    let (view, found) = match standing {
        Some(standing) => (Some(standing.id), Some(standing.state.checkpoint.position)),
        None => (None, None),
    };
    if found != batch.from {
        let (view, expected) = (batch.view.clone(), batch.from.clone());
        return Ok(Err(ViewError::CheckpointMoved { view, expected, found }));
    }
    let view = match view {
        Some(view) => view,
        None => connection
            .prepare_cached(sql!("insert_view"))?
            .insert(params![batch.view.name, batch.view.version])?,
    };
    let rows = change_rows(connection, view, &batch.changes)?;
    add_routes(connection, view, batch)?;
    let parked = change_parked(connection, view, batch)?;
    let checkpoint = &batch.checkpoint;
    connection.prepare_cached(sql!("move_checkpoint"))?.execute(params![
        view,
        checkpoint.position.to_string(),
        integer(checkpoint.events),
        checkpoint.last_recorded_at.map(Timestamp::as_micros),
        rows,
        parked,
    ])?;
    Ok(Ok(()))
}

/// Drops a view at once; what it leaves behind is swept later.
pub(crate) fn reset(
    connection: &Connection,
    view: &ViewId,
    lease: &Lease,
) -> Result<Result<(), ViewError>, Fault> {
    if !is_held(connection, lease)? {
        return Ok(Err(lost(view, lease)));
    }
    // By its number alone: a view whose checkpoint cannot be read is dropped like any other.
    let mut statement = connection.prepare_cached(sql!("view_id"))?;
    let standing: Option<i64> =
        statement.query_row(params![view.name, view.version], |row| row.get(0)).optional()?;
    if let Some(id) = standing {
        connection.prepare_cached(sql!("drop_view"))?.execute([id])?;
        connection.prepare_cached(sql!("note_dropped_view"))?.execute([id])?;
    }
    Ok(Ok(()))
}

fn lost(view: &ViewId, lease: &Lease) -> ViewError {
    ViewError::LeaseLost { view: view.clone(), lease: lease.name.clone(), owner: lease.owner.clone() }
}

/// Puts rows and takes rows away; gives by how many their number changed.
fn change_rows(connection: &Connection, view: i64, changes: &[RowChange]) -> Result<i64, Fault> {
    let mut difference = 0;
    for change in changes {
        let key = change.key();
        let standing = Entries::of_row(connection, view, key)?;
        let mut put = Entries::none();
        if let Some((row, index)) = change.row() {
            put = Entries::of(index)?;
            let (entries, row) = (put.as_str(), row.as_str());
            match &standing {
                Some((id, old)) if *old == put => {
                    connection.prepare_cached(sql!("replace_text_of_row"))?.execute(params![id, row])?
                }
                Some((id, _)) => {
                    connection.prepare_cached(sql!("replace_row"))?.execute(params![id, entries, row])?
                }
                None => {
                    difference += 1;
                    let row = params![view, key, entries, row];
                    connection.prepare_cached(sql!("insert_row"))?.execute(row)?
                }
            };
        } else if let Some((id, _)) = standing {
            connection.prepare_cached(sql!("delete_row"))?.execute([id])?;
            difference -= 1;
        }
        let old = standing.map_or_else(Entries::none, |(_, old)| old);
        if old != put {
            change_index(connection, view, key, &old, &put)?;
        }
    }
    Ok(difference)
}

/// Changes a row's entries in the index from `old` to `new`; those that stay are not touched.
fn change_index(
    connection: &Connection,
    view: i64,
    key: &str,
    old: &Entries,
    new: &Entries,
) -> Result<(), Fault> {
    let (old, new) = (old.by_name()?, new.by_name()?);
    for (name, value) in old.iter().filter(|(name, value)| new.get(*name) != Some(value)) {
        let mut statement = connection.prepare_cached(sql!("delete_index_value"))?;
        statement.execute(params![view, key, name, value])?;
    }
    for (name, value) in new.iter().filter(|(name, value)| old.get(*name) != Some(value)) {
        let mut statement = connection.prepare_cached(sql!("insert_index_value"))?;
        statement.execute(params![view, key, name, value])?;
    }
    Ok(())
}

fn add_routes(connection: &Connection, view: i64, batch: &ViewBatch) -> Result<(), Fault> {
    for route in &batch.routes {
        let mut statement = connection.prepare_cached(sql!("insert_route"))?;
        statement.execute(params![view, route.stream.as_str(), route.key])?;
    }
    Ok(())
}

/// Parks and unparks events; gives by how many their number changed.
fn change_parked(connection: &Connection, view: i64, batch: &ViewBatch) -> Result<i64, Fault> {
    let mut difference = 0;
    let unparked = batch.unpark.iter().map(|parked| (sql!("unpark"), -1, parked));
    let parked = batch.park.iter().map(|parked| (sql!("park"), 1, parked));
    for (statement, sign, parked) in unparked.chain(parked) {
        let (awaits, stream) = (parked.awaits.as_str(), parked.stream.as_str());
        let event = params![view, awaits, stream, integer(parked.version.get())];
        difference += sign * signed(connection.prepare_cached(statement)?.execute(event)?);
    }
    Ok(difference)
}

fn signed(changed: usize) -> i64 {
    i64::try_from(changed).unwrap_or(i64::MAX)
}
