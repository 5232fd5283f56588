//! Who holds readers of the feed back (law F07): process, application and age, as the server knows them.

use std::time::Duration;

use annals_ports::WriterHold;

use crate::database::Database;
use crate::fault::Fault;
use crate::rows::{integer, text};
use crate::sql;

/// Who writes for less long holds nobody back that anybody would notice.
const NOTICED: Duration = Duration::from_millis(200);

/// The writers that have been at it for long, the oldest first.
pub(crate) async fn holds(database: &Database) -> Result<Vec<WriterHold>, Fault> {
    let noticed = i64::try_from(NOTICED.as_micros()).unwrap_or(i64::MAX);
    let query = || {
        let schema = database.options.schema.clone();
        database.query(sql!("holding_writers")).bind(schema).bind(noticed)
    };
    let found = database.rows(query).await?;
    let hold = |row| {
        Ok(WriterHold {
            process: text(row, 0)?.to_owned(),
            application: text(row, 1)?.to_owned(),
            age: Duration::from_micros(u64::try_from(integer(row, 2)?).unwrap_or(0)),
        })
    };
    found.iter().map(hold).collect()
}
