//! Leases: a token that rises with each change of owner, and an instant until which others keep away.

use std::time::Duration;

use annals_ports::{Acquired, Lease, Leases, StoreError};
use async_trait::async_trait;

use crate::PostgresStore;
use crate::fault::Fault;
use crate::rows::{self, Stamp, integer, number};
use crate::sql;

#[async_trait]
impl Leases for PostgresStore {
    async fn acquire(&self, name: &str, owner: &str, time_to_live: Duration) -> Result<Acquired, StoreError> {
        let database = self.database();
        let doing = || format!("taking the lease {name}");
        let told = |fault: Fault| fault.told(&doing(), &database.options);
        loop {
            let now = database.now();
            let until = now.plus(time_to_live);
            let take = || {
                let query = database.query(sql!("take_lease")).bind(name.to_owned()).bind(owner.to_owned());
                query.bind(Stamp(now)).bind(Stamp(until))
            };
            if let Some(taken) = database.read(doing, take).await?.first() {
                let token = u64::try_from(integer(taken, 0).map_err(told)?).unwrap_or(0);
                let lease = Lease { name: name.to_owned(), owner: owner.to_owned(), token, until };
                return Ok(Acquired::Granted(lease));
            }
            let holder = database.read(doing, || database.query(sql!("lease")).bind(name.to_owned())).await?;
            if let Some(row) = holder.first() {
                let owner = rows::text(row, 0).map_err(told)?.to_owned();
                return Ok(Acquired::Held { owner, until: rows::timestamp(row, 1).map_err(told)? });
            }
            // It was given back in between.
        }
    }

    async fn renew(&self, lease: &Lease, time_to_live: Duration) -> Result<Option<Lease>, StoreError> {
        let database = self.database();
        let until = database.now().plus(time_to_live);
        let renew = || {
            let query = database.query(sql!("renew_lease")).bind(lease.name.clone());
            query.bind(lease.owner.clone()).bind(number(lease.token)).bind(Stamp(until))
        };
        let renewed = database.read(|| format!("renewing the lease {}", lease.name), renew).await?;
        Ok((!renewed.is_empty()).then(|| Lease { until, ..lease.clone() }))
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let database = self.database();
        let release = || {
            let query = database.query(sql!("release_lease")).bind(lease.name.clone());
            query.bind(lease.owner.clone()).bind(number(lease.token))
        };
        database.read(|| format!("giving back the lease {}", lease.name), release).await?;
        Ok(())
    }
}
