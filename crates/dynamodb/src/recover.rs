//! Recovery: what is ahead of history is removed, as it can be after a restore. History itself is never touched: what is
//! wrong with it only a backup mends. All of it can be done again, and leases play no part.

use annals_ports::Recovered;

use crate::DynamoStore;
use crate::fault::{Fault, Kind};
use crate::item::Item;
use crate::keeper_state::KeeperState;
use crate::tables::Table;
use crate::view_changes::dropped;
use crate::view_sweep;
use crate::{check_history, check_views, marker, snapshots};

/// Removes what is ahead of history.
pub(crate) async fn recover(store: &DynamoStore) -> Result<Recovered, Fault> {
    let database = store.database();
    let mut recovered = Recovered::default();
    for standing in store.standings().await? {
        if check_views::ahead(store, &standing).await?.is_empty() {
            continue;
        }
        match database.write(&dropped(&standing)).await {
            Ok(_) => recovered.views.push(standing.view),
            // Its runner, or our own attempt, has dropped it.
            Err(fault) if fault.kind == Kind::Condition => recovered.views.push(standing.view),
            Err(fault) => return Err(fault),
        }
    }
    let ahead = check_history::snapshots_ahead(database).await?;
    recovered.snapshots = ahead.len() as u64;
    let keys: Vec<Item> = ahead.iter().map(|(stream, _)| snapshots::key(stream)).collect();
    database.sweep(Table::Snapshots, keys).await?;
    let markers = check_history::history(database).await?.markers;
    recovered.once = markers.len() as u64;
    let keys: Vec<Item> = markers.iter().map(|(commit, _)| marker::key(*commit)).collect();
    database.sweep(Table::Events, keys).await?;
    for (part, _) in check_views::orphans(store).await? {
        view_sweep::empty(database, &part).await?;
    }
    view_sweep::sweep(database).await?;
    // Whoever keeps the feed looks through all of history for what it lacks.
    KeeperState::remove(database).await?;
    Ok(recovered)
}
