//! Changing a view: everything is written with a number that does not count yet, then one transaction moves the checkpoint
//! while the lease is held, and all of it counts at once (laws V01 and V02).

use std::collections::BTreeSet;
use std::time::Duration;

use annals_ports::{FeedPosition, Lease, StoreError, ViewBatch, ViewError, ViewId};
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::sleep;

use crate::DynamoStore;
use crate::database::Database;
use crate::fault::{Fault, Kind, Standing as Standings};
use crate::item;
use crate::leases;
use crate::read::Freshness;
use crate::tables::Table;
use crate::view_items;
use crate::view_numbers::{self, Own};
use crate::view_standing::Standing;
use crate::view_sweep;
use crate::view_writes::Writer;
use crate::write::Write;

/// How often a batch is tried that is overtaken while its lease and its checkpoint stand.
const ATTEMPTS: u32 = 10;
/// Before it is tried again, at most.
const PAUSE: Duration = Duration::from_millis(50);

/// Why a batch got no further.
#[derive(Debug)]
pub(crate) enum Stop {
    Fault(Fault),
    View(ViewError),
    /// Somebody else was given a later number: where the view stands is to be looked at again.
    Overtaken,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Applies a batch, whole or not at all.
pub(crate) async fn apply(store: &DynamoStore, batch: &ViewBatch) -> Result<(), ViewError> {
    let doing = format!("changing {}", batch.view);
    for _ in 0..ATTEMPTS {
        match apply_once(store, batch).await {
            Ok(()) => return Ok(()),
            Err(Stop::Overtaken) => sleep(PAUSE.mul_f64(fastrand::f64())).await,
            Err(Stop::View(error)) => return Err(error),
            Err(Stop::Fault(fault)) => return Err(fault.told(&doing, &store.database().options).into()),
        }
    }
    Err(contended(store, &doing).into())
}

fn contended(store: &DynamoStore, doing: &str) -> StoreError {
    let fault = Fault::new(Kind::Contended, "another runner changes it under the same lease");
    fault.told(doing, &store.database().options)
}

async fn apply_once(store: &DynamoStore, batch: &ViewBatch) -> Result<(), Stop> {
    let (database, numbers) = (store.database(), &store.shared.numbers);
    let own = numbers.take(&batch.view);
    let standing = hold(database, &batch.view, &batch.lease).await?;
    let found = standing.as_ref().map(Standing::position).transpose()?.flatten();
    if found != batch.from {
        return Err(moved(batch, found));
    }
    let is_ours =
        |own: &Own| standing.as_ref().is_some_and(|s| (s.generation, s.next) == (own.generation, own.number));
    let own = match own.filter(is_ours) {
        Some(own) => own,
        None => view_numbers::take_over(database, &batch.view, &batch.lease, standing.as_ref()).await?,
    };
    let standing = standing.unwrap_or_else(|| Standing::new(&batch.view));
    let (rows, parked, indexes) = (standing.rows, standing.parked, standing.indexes.clone());
    let moment = numbers.moment(database, standing).await?;
    enter_indexes(database, batch, &indexes).await?;
    let written = Writer { database, moment: &moment, number: own.number }.write(batch).await?;
    let counts = [rows.saturating_add_signed(written.rows), parked.saturating_add_signed(written.parked)];
    commit(database, batch, own, counts, written.removes).await?;
    numbers.give_back(&batch.view, Own { number: own.number + 1, ..own });
    written.tidy(database).await;
    Ok(())
}

/// Where the view stands, if the lease is held.
async fn hold(database: &Database, view: &ViewId, lease: &Lease) -> Result<Option<Standing>, Stop> {
    let (lease_key, view_key) = (leases::key(&lease.name), view_items::view_key(view));
    let keys = vec![lease_key.clone(), view_key.clone()];
    let found = database.batch_get(Table::Views, keys, Freshness::Consistent).await?;
    let item = |key| found.iter().find(|item| view_items::key_of(item) == key);
    if !leases::is_held(item(lease_key), lease) {
        return Err(lost(view, lease));
    }
    Ok(item(view_key).map(Standing::read).transpose()?)
}

fn lost(view: &ViewId, lease: &Lease) -> Stop {
    let (lease, owner) = (lease.name.clone(), lease.owner.clone());
    Stop::View(ViewError::LeaseLost { view: view.clone(), lease, owner })
}

fn moved(batch: &ViewBatch, found: Option<FeedPosition>) -> Stop {
    let (view, expected) = (batch.view.clone(), batch.from.clone());
    Stop::View(ViewError::CheckpointMoved { view, expected, found })
}

/// Notes indexes of which there was no entry yet, so that they can be swept.
async fn enter_indexes(
    database: &Database,
    batch: &ViewBatch,
    known: &BTreeSet<String>,
) -> Result<(), Fault> {
    let names = batch.changes.iter().filter_map(|change| change.row()).flat_map(|(_, index)| index.iter());
    let new: BTreeSet<&str> = names.map(|(name, _)| name).filter(|name| !known.contains(*name)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let add = Write::update(Table::Views, view_items::view_key(&batch.view), "ADD #indexes :new");
    database.write(&add.name("#indexes", "Indexes").value(":new", item::texts(new))).await?;
    Ok(())
}

/// Moves the checkpoint, and makes all that was written with the number count.
async fn commit(
    database: &Database,
    batch: &ViewBatch,
    own: Own,
    [rows, parked]: [u64; 2],
    removes: bool,
) -> Result<(), Stop> {
    let checkpoint = &batch.checkpoint;
    let mut set = "SET #seq = :number, #next = :next, #at = :at, #events = :events, #rows = :rows, \
                   #parked = :parked"
        .to_owned();
    if removes {
        set.push_str(", #removed = :number");
    }
    set.push_str(if checkpoint.last_recorded_at.is_some() { ", #last = :last" } else { " REMOVE #last" });
    let mut update = Write::update(Table::Views, view_items::view_key(&batch.view), set)
        .when("#gen = :gen AND #next = :number")
        .value(":gen", item::number(own.generation))
        .value(":number", item::number(own.number))
        .value(":next", item::number(own.number + 1))
        .value(":at", item::text(checkpoint.position.to_string()))
        .value(":events", item::number(checkpoint.events))
        .value(":rows", item::number(rows))
        .value(":parked", item::number(parked));
    for (placeholder, name) in [
        ("#gen", "Gen"),
        ("#seq", "Seq"),
        ("#next", "Next"),
        ("#at", "Checkpoint"),
        ("#events", "Events"),
        ("#rows", "Rows"),
        ("#parked", "Parked"),
        ("#last", "LastRecordedAt"),
    ] {
        update = update.name(placeholder, name);
    }
    if removes {
        update = update.name("#removed", "Removed");
    }
    if let Some(last) = checkpoint.last_recorded_at {
        update = update.value(":last", item::text(last.to_string()));
    }
    match database.transact(&[leases::check(&batch.lease), update]).await {
        Ok(()) => Ok(()),
        Err(fault) => Err(refused(fault, &batch.view, &batch.lease)),
    }
}

/// Why a transaction under a lease was not carried out: the lease is another's, or somebody took over.
fn refused(fault: Fault, view: &ViewId, lease: &Lease) -> Stop {
    match (fault.kind, fault.standing.first()) {
        (Kind::Condition, Some(Standings::Passed)) => Stop::Overtaken,
        (Kind::Condition, _) => lost(view, lease),
        _ => Stop::Fault(fault),
    }
}

/// Drops a view at once; what it leaves behind is swept later.
pub(crate) async fn reset(store: &DynamoStore, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
    let doing = format!("dropping {view}");
    for _ in 0..ATTEMPTS {
        match reset_once(store.database(), view, lease).await {
            Ok(is_dropped) => {
                if is_dropped {
                    view_sweep::start(store.database());
                }
                return Ok(());
            }
            Err(Stop::Overtaken) => sleep(PAUSE.mul_f64(fastrand::f64())).await,
            Err(Stop::View(error)) => return Err(error),
            Err(Stop::Fault(fault)) => return Err(fault.told(&doing, &store.database().options).into()),
        }
    }
    Err(contended(store, &doing).into())
}

/// Raises the view's generation, and tells whether there was something to drop.
async fn reset_once(database: &Database, view: &ViewId, lease: &Lease) -> Result<bool, Stop> {
    let Some(standing) = hold(database, view, lease).await?.filter(Standing::is_begun) else {
        return Ok(false);
    };
    match database.transact(&[leases::check(lease), dropped(&standing)]).await {
        Ok(()) => Ok(true),
        Err(fault) => Err(refused(fault, view, lease)),
    }
}

/// The view's item without a checkpoint, in a generation of its own. What lies in the one before is nobody's.
pub(crate) fn dropped(standing: &Standing) -> Write {
    let set = "SET #gen = :next, #burnt = :none, #rows = :none, #parked = :none \
               REMOVE #at, #events, #last ADD #dead :dead";
    let mut update = Write::update(Table::Views, view_items::view_key(&standing.view), set)
        .when("#gen = :gen")
        .value(":gen", item::number(standing.generation))
        .value(":next", item::number(standing.generation + 1))
        .value(":none", item::number(0))
        .value(":dead", AttributeValue::Ns(vec![standing.generation.to_string()]));
    for (placeholder, name) in [
        ("#gen", "Gen"),
        ("#burnt", "Burnt"),
        ("#rows", "Rows"),
        ("#parked", "Parked"),
        ("#at", "Checkpoint"),
        ("#events", "Events"),
        ("#last", "LastRecordedAt"),
        ("#dead", "Dead"),
    ] {
        update = update.name(placeholder, name);
    }
    update
}
