//! Changing a view: rows, index values, routes, parked events and checkpoint in one transaction (law V01), while the
//! lease is held and the checkpoint stands where the batch began (V02).
//!
//! The lease's row stays locked until the transaction ends, so that nobody can take it over in between.

use std::sync::Arc;

use annals_ports::{FeedPosition, Lease, Parked, StoreError, ViewBatch, ViewError, ViewId};

use crate::database::{Database, Run, Transaction};
use crate::fault::Fault;
use crate::rows::{self, Stamp, integer, number, text};
use crate::sql;
use crate::views::of_view;

/// Why a transaction on a view is not committed.
pub(crate) enum Refusal {
    Fault(Fault),
    View(ViewError),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Refusal {
    pub(crate) fn told(self, doing: &str, database: &Database) -> ViewError {
        match self {
            Self::Fault(fault) => ViewError::Store(fault.told(doing, &database.options)),
            Self::View(error) => error,
        }
    }
}

/// Applies a batch, or refuses it before anything is written.
pub(crate) async fn apply(database: &Arc<Database>, batch: &ViewBatch) -> Result<(), ViewError> {
    let doing = || format!("changing {}", batch.view);
    let mut transaction = database.begin().await.map_err(|fault| fault.told(&doing(), &database.options))?;
    match apply_within(&mut transaction, database, batch).await {
        Ok(()) => transaction.commit().await.map_err(|fault| Refusal::Fault(fault).told(&doing(), database)),
        Err(refusal) => {
            transaction.roll_back().await;
            Err(refusal.told(&doing(), database))
        }
    }
}

async fn apply_within(
    transaction: &mut Transaction<'_>,
    database: &Database,
    batch: &ViewBatch,
) -> Result<(), Refusal> {
    let held = hold(transaction, database, &batch.view, &batch.lease, batch.from.as_ref()).await?;
    let view = held.view;
    let rows = change_rows(transaction, database, view, batch).await?;
    add_routes(transaction, database, view, batch).await?;
    let unparked = change_parked(transaction, database, view, &batch.unpark, false).await?;
    let parked = change_parked(transaction, database, view, &batch.park, true).await?;
    let checkpoint = &batch.checkpoint;
    let moved = database.query(sql!("move_checkpoint")).bind(view).bind(checkpoint.position.to_string());
    let moved = moved.bind(number(checkpoint.events)).bind(checkpoint.last_recorded_at.map(Stamp));
    transaction.run(moved.bind(rows).bind(parked - unparked)).await?;
    Ok(())
}

/// A view that nobody else can change until the transaction ends.
pub(crate) struct Held {
    /// The view's number.
    pub(crate) view: i64,
    /// Whether there was none before.
    pub(crate) is_new: bool,
}

/// Makes sure that the lease is held and the checkpoint is the one expected, for as long as the transaction lasts. A view
/// that is not there is made.
pub(crate) async fn hold(
    transaction: &mut impl Run,
    database: &Database,
    view: &ViewId,
    lease: &Lease,
    from: Option<&FeedPosition>,
) -> Result<Held, Refusal> {
    hold_lease(transaction, database, view, lease).await?;
    let found = transaction.run(of_view(database.query(sql!("view_for_change")), view)).await?;
    let standing = match found.first() {
        Some(row) => {
            let position = text(row, 1)?.parse();
            let position =
                position.map_err(|error| Fault::damaged(format!("the checkpoint of {view}: {error}")))?;
            Some((integer(row, 0)?, position))
        }
        None => None,
    };
    let (number, found) = standing.unzip();
    if found.as_ref() != from {
        let (view, expected) = (view.clone(), from.cloned());
        return Err(Refusal::View(ViewError::CheckpointMoved { view, expected, found }));
    }
    if let Some(view) = number {
        return Ok(Held { view, is_new: false });
    }
    let made = transaction.run(of_view(database.query(sql!("insert_view")), view)).await?;
    let made = made.first().ok_or_else(|| Fault::damaged("a view was made, and has no number"))?;
    Ok(Held { view: integer(made, 0)?, is_new: true })
}

async fn hold_lease(
    transaction: &mut impl Run,
    database: &Database,
    view: &ViewId,
    lease: &Lease,
) -> Result<(), Refusal> {
    let query = database.query(sql!("hold_lease")).bind(lease.name.clone()).bind(lease.owner.clone());
    if transaction.run(query.bind(number(lease.token))).await?.is_empty() {
        let (view, lease, owner) = (view.clone(), lease.name.clone(), lease.owner.clone());
        return Err(Refusal::View(ViewError::LeaseLost { view, lease, owner }));
    }
    Ok(())
}

/// Puts rows and takes rows away; gives by how many their number changed.
async fn change_rows(
    transaction: &mut Transaction<'_>,
    database: &Database,
    view: i64,
    batch: &ViewBatch,
) -> Result<i64, Refusal> {
    if batch.changes.is_empty() {
        return Ok(0);
    }
    let (mut changed, mut keys, mut rows, mut gone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut names, mut values, mut owners) = (Vec::new(), Vec::new(), Vec::new());
    for change in &batch.changes {
        let key = change.key();
        changed.push(key.to_owned());
        let Some((row, index)) = change.row() else {
            gone.push(key.to_owned());
            continue;
        };
        keys.push(key.to_owned());
        rows.push(row.as_str().to_owned());
        for (name, value) in index.iter() {
            names.push(name.to_owned());
            values.push(value.as_str().to_owned());
            owners.push(key.to_owned());
        }
    }
    let mut difference = 0;
    if !keys.is_empty() {
        let put = transaction.run(database.query(sql!("put_rows")).bind(view).bind(keys).bind(rows)).await?;
        for row in &put {
            difference += i64::from(rows::truth(row, 0)?);
        }
    }
    if !gone.is_empty() {
        let deleted = transaction.run(database.query(sql!("delete_rows")).bind(view).bind(gone)).await?;
        difference -= count(&deleted);
    }
    let stale = database.query(sql!("delete_index_values")).bind(view).bind(changed);
    transaction.run(stale.bind(names.clone()).bind(values.clone()).bind(owners.clone())).await?;
    if !names.is_empty() {
        let fresh = database.query(sql!("insert_index_values")).bind(view);
        transaction.run(fresh.bind(names).bind(values).bind(owners)).await?;
    }
    Ok(difference)
}

async fn add_routes(
    transaction: &mut Transaction<'_>,
    database: &Database,
    view: i64,
    batch: &ViewBatch,
) -> Result<(), Refusal> {
    if batch.routes.is_empty() {
        return Ok(());
    }
    let streams: Vec<String> = batch.routes.iter().map(|route| route.stream.as_str().to_owned()).collect();
    let keys: Vec<String> = batch.routes.iter().map(|route| route.key.clone()).collect();
    transaction.run(database.query(sql!("insert_routes")).bind(view).bind(streams).bind(keys)).await?;
    Ok(())
}

/// Parks or unparks events; gives how many.
async fn change_parked(
    transaction: &mut Transaction<'_>,
    database: &Database,
    view: i64,
    events: &[Parked],
    is_parked: bool,
) -> Result<i64, Refusal> {
    if events.is_empty() {
        return Ok(0);
    }
    let awaits: Vec<String> = events.iter().map(|event| event.awaits.as_str().to_owned()).collect();
    let streams: Vec<String> = events.iter().map(|event| event.stream.as_str().to_owned()).collect();
    let versions: Vec<i64> = events.iter().map(|event| number(event.version.get())).collect();
    let statement = if is_parked { sql!("park") } else { sql!("unpark") };
    let query = database.query(statement).bind(view).bind(awaits).bind(streams).bind(versions);
    Ok(count(&transaction.run(query).await?))
}

fn count<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

/// Drops a view at once; what it leaves behind is swept later. Tells whether there was one.
pub(crate) async fn reset(database: &Arc<Database>, view: &ViewId, lease: &Lease) -> Result<bool, ViewError> {
    let doing = || format!("dropping {view}");
    let told = |fault: Fault| -> StoreError { fault.told(&doing(), &database.options) };
    let mut transaction = database.begin().await.map_err(told)?;
    match reset_within(&mut transaction, database, view, lease).await {
        Ok(is_dropped) => {
            transaction.commit().await.map_err(told)?;
            Ok(is_dropped)
        }
        Err(refusal) => {
            transaction.roll_back().await;
            Err(refusal.told(&doing(), database))
        }
    }
}

async fn reset_within(
    transaction: &mut Transaction<'_>,
    database: &Database,
    view: &ViewId,
    lease: &Lease,
) -> Result<bool, Refusal> {
    hold_lease(transaction, database, view, lease).await?;
    let dropped = transaction.run(of_view(database.query(sql!("drop_view_by_name")), view)).await?;
    let Some(row) = dropped.first() else { return Ok(false) };
    let number = integer(row, 0)?;
    transaction.run(database.query(sql!("note_dropped_view")).bind(number)).await?;
    Ok(true)
}
