//! Recovery: what is ahead of history is removed, in one transaction, and no position is drawn again. History itself is
//! never touched: what is wrong with it only a backup mends.

use annals_ports::{Recovered, ViewId};
use sqlx::postgres::PgConnection;

use crate::check::misplaced;
use crate::database::{Database, Statement, fetch};
use crate::fault::Fault;
use crate::rows::{integer, text};
use crate::sql;

/// Removes what is ahead of history, within the transaction that is open.
pub(crate) async fn recover(connection: &mut PgConnection, database: &Database) -> Result<Recovered, Fault> {
    let mut recovered = Recovered::default();
    for (number, view) in views_ahead(connection, database).await? {
        for statement in [sql!("drop_view"), sql!("note_dropped_view")] {
            fetch(connection, database.query(statement).bind(number)).await?;
        }
        recovered.views.push(view);
    }
    recovered.snapshots = removed(connection, database, sql!("recover_snapshots")).await?;
    recovered.once = removed(connection, database, sql!("recover_once")).await?;
    for statement in [sql!("recover_feed"), sql!("recover_positions")] {
        fetch(connection, database.query(statement)).await?;
    }
    Ok(recovered)
}

async fn removed(
    connection: &mut PgConnection,
    database: &Database,
    statement: Statement,
) -> Result<u64, Fault> {
    Ok(fetch(connection, database.query(statement)).await?.len() as u64)
}

/// Views whose checkpoint, or one of whose waiting events, is not in history.
async fn views_ahead(
    connection: &mut PgConnection,
    database: &Database,
) -> Result<Vec<(i64, ViewId)>, Fault> {
    let awaiting = fetch(connection, database.query(sql!("views_awaiting_nothing"))).await?;
    let awaiting: Vec<i64> = awaiting.iter().map(|row| integer(row, 0)).collect::<Result<_, _>>()?;
    let mut views = Vec::new();
    for row in fetch(connection, database.query(sql!("view_positions"))).await? {
        let number = integer(&row, 0)?;
        if awaiting.contains(&number) || misplaced(connection, database, text(&row, 3)?).await?.is_some() {
            let version = u32::try_from(integer(&row, 2)?).unwrap_or(0);
            views.push((number, ViewId::new(text(&row, 1)?, version)));
        }
    }
    Ok(views)
}
