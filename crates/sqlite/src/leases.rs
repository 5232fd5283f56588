//! Leases: a token that rises with each change of owner, and an instant until which others keep away.

use std::time::Duration;

use annals_core::Timestamp;
use annals_ports::{Acquired, Lease, Leases, StoreError};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use crate::SqliteStore;
use crate::fault::Fault;
use crate::rows::{count, integer};
use crate::sql;

#[async_trait]
impl Leases for SqliteStore {
    async fn acquire(&self, name: &str, owner: &str, time_to_live: Duration) -> Result<Acquired, StoreError> {
        let (wanted, taker) = (name.to_owned(), owner.to_owned());
        let clock = self.shared.options.clock.clone();
        // The clock is read once the write lock is held, however long that took.
        let acquire =
            move |connection: &Connection| acquire(connection, wanted, taker, clock.now(), time_to_live);
        self.shared.writer.change(|| format!("taking the lease {name}"), acquire).await
    }

    async fn renew(&self, lease: &Lease, time_to_live: Duration) -> Result<Option<Lease>, StoreError> {
        let held = lease.clone();
        let clock = self.shared.options.clock.clone();
        let renew = move |connection: &Connection| {
            let until = clock.now().plus(time_to_live);
            let mut statement = connection.prepare_cached(sql!("renew_lease"))?;
            let micros = until.as_micros();
            let renewed = statement.execute(params![held.name, held.owner, integer(held.token), micros])?;
            Ok((renewed > 0).then_some(Lease { until, ..held }))
        };
        self.shared.writer.change(|| format!("renewing the lease {}", lease.name), renew).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let held = lease.clone();
        let release = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(sql!("release_lease"))?;
            statement.execute(params![held.name, held.owner, integer(held.token)])?;
            Ok(())
        };
        self.shared.writer.change(|| format!("giving back the lease {}", lease.name), release).await
    }
}

fn acquire(
    connection: &Connection,
    name: String,
    owner: String,
    now: Timestamp,
    time_to_live: Duration,
) -> Result<Acquired, Fault> {
    let standing: Option<(Option<String>, i64, i64)> = connection
        .prepare_cached(sql!("lease"))?
        .query_row([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let token = match standing {
        Some((Some(holder), token, _)) if holder == owner => token,
        Some((Some(holder), _, until)) if Timestamp::from_micros(until) > now => {
            return Ok(Acquired::Held { owner: holder, until: Timestamp::from_micros(until) });
        }
        Some((_, token, _)) => token + 1,
        None => 1,
    };
    let until = now.plus(time_to_live);
    let mut statement = connection.prepare_cached(sql!("grant_lease"))?;
    statement.execute(params![name, owner, token, until.as_micros()])?;
    Ok(Acquired::Granted(Lease { name, owner, token: count(token), until }))
}

/// Whether nobody took the lease over since it was granted. Clocks play no part in it (V02).
pub(crate) fn is_held(connection: &Connection, lease: &Lease) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(sql!("lease_is_held"))?;
    Ok(statement.query_row(params![lease.name, lease.owner, integer(lease.token)], |row| row.get(0))?)
}
