//! Leases: a token that rises with each change of owner, and an instant until which others keep away. Each is an item of
//! the views table, and changes under a condition alone; a lease given back keeps its token.
//!
//! Instants are the clock's of whoever asks. They decide who may try, never who may write: that is the token (law V02).

use std::time::Duration;

use annals_core::Timestamp;
use annals_ports::{Acquired, Lease, Leases, StoreError};
use async_trait::async_trait;

use crate::DynamoStore;
use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::{self, Attributes, Item};
use crate::read::Freshness;
use crate::tables::Table;
use crate::view_items;
use crate::write::Write;

/// The part of the views table that leases lie in.
const PART: &str = "$lease";

/// Whether an owner holds a lease under a token: the condition of each write under it.
const HELD: &str = "#owner = :owner AND #token = :token";

#[async_trait]
impl Leases for DynamoStore {
    async fn acquire(&self, name: &str, owner: &str, time_to_live: Duration) -> Result<Acquired, StoreError> {
        acquire(self.database(), name, owner, time_to_live).await
    }

    async fn renew(&self, lease: &Lease, time_to_live: Duration) -> Result<Option<Lease>, StoreError> {
        renew(self.database(), lease, time_to_live).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        release(self.database(), lease).await
    }
}

/// What stands of a lease.
struct Holding {
    owner: Option<String>,
    token: u64,
    until: Option<Timestamp>,
}

impl Holding {
    fn read(item: &Item) -> Result<Self, Fault> {
        let owner = item.maybe_text("Owner").map(str::to_owned);
        Ok(Self { owner, token: item.number("Token")?, until: item.maybe_instant("Until")? })
    }
}

/// The key of a lease's item.
pub(crate) fn key(name: &str) -> Item {
    view_items::key(PART, name)
}

/// Whether a lease's item says that it is held as it was granted. Clocks play no part in it.
pub(crate) fn is_held(item: Option<&Item>, lease: &Lease) -> bool {
    item.is_some_and(|item| {
        item.maybe_text("Owner") == Some(&lease.owner)
            && item.maybe_number("Token").ok().flatten() == Some(lease.token)
    })
}

/// For a transaction: that the lease is held.
pub(crate) fn check(lease: &Lease) -> Write {
    held(Write::check(Table::Views, key(&lease.name)), lease)
}

fn held(write: Write, lease: &Lease) -> Write {
    let write = write.when(HELD).name("#owner", "Owner").name("#token", "Token");
    write.value(":owner", item::text(&lease.owner)).value(":token", item::number(lease.token))
}

/// Takes the lease when nobody holds it, when it has run out, or when `owner` holds it.
pub(crate) async fn acquire(
    database: &Database,
    name: &str,
    owner: &str,
    time_to_live: Duration,
) -> Result<Acquired, StoreError> {
    let told = |fault: Fault| fault.told(&format!("taking the lease {name}"), &database.options);
    let mut found = database.get(Table::Views, &key(name), Freshness::Consistent).await.map_err(told)?;
    loop {
        let now = database.now();
        let until = now.plus(time_to_live);
        let holding = found.as_ref().map(Holding::read).transpose().map_err(told)?;
        let (write, token) = match holding {
            Some(Holding { owner: Some(holder), until: Some(until), .. })
                if holder != owner && until > now =>
            {
                return Ok(Acquired::Held { owner: holder, until });
            }
            Some(holding) if holding.owner.as_deref() == Some(owner) => {
                let update = Write::update(Table::Views, key(name), "SET #until = :until");
                let lease =
                    Lease { name: name.to_owned(), owner: owner.to_owned(), token: holding.token, until };
                (held(update, &lease), holding.token)
            }
            standing => taken(name, owner, standing.as_ref()),
        };
        let write = write.name("#until", "Until").value(":until", item::text(until.to_string()));
        match database.write(&write).await {
            Ok(_) => {
                let (name, owner) = (name.to_owned(), owner.to_owned());
                return Ok(Acquired::Granted(Lease { name, owner, token, until }));
            }
            // Somebody was quicker; or our own attempt, whose answer was lost, and then it is held by us.
            Err(fault) if fault.kind == Kind::Condition => found = fault.found(0).cloned(),
            Err(fault) => return Err(told(fault)),
        }
    }
}

/// The write that takes a lease over as it stands, and its new token.
fn taken(name: &str, owner: &str, standing: Option<&Holding>) -> (Write, u64) {
    let token = standing.map_or(0, |holding| holding.token) + 1;
    let write =
        Write::update(Table::Views, key(name), "SET #owner = :owner, #token = :next, #until = :until");
    let write = write.name("#owner", "Owner").name("#token", "Token");
    let write = write.value(":owner", item::text(owner)).value(":next", item::number(token));
    let write = match standing {
        None => write.when("attribute_not_exists(#token)"),
        Some(Holding { token, until, .. }) => {
            let write = write.value(":token", item::number(token));
            match until {
                // Renewed meanwhile, it is not taken.
                Some(found) => {
                    let write = write.value(":found", item::text(found.to_string()));
                    write.when("#token = :token AND #until = :found")
                }
                None => write.when("#token = :token AND attribute_not_exists(#until)"),
            }
        }
    };
    (write, token)
}

/// Makes a lease last for another `time_to_live` from now. None when it was lost.
pub(crate) async fn renew(
    database: &Database,
    lease: &Lease,
    time_to_live: Duration,
) -> Result<Option<Lease>, StoreError> {
    let until = database.now().plus(time_to_live);
    let renewed = Write::update(Table::Views, key(&lease.name), "SET #until = :until");
    let renewed = renewed.name("#until", "Until").value(":until", item::text(until.to_string()));
    match database.write(&held(renewed, lease)).await {
        Ok(_) => Ok(Some(Lease { until, ..lease.clone() })),
        Err(fault) if fault.kind == Kind::Condition => Ok(None),
        Err(fault) => Err(fault.told(&format!("renewing the lease {}", lease.name), &database.options)),
    }
}

/// Gives a lease back, if it is still held.
pub(crate) async fn release(database: &Database, lease: &Lease) -> Result<(), StoreError> {
    let released = Write::update(Table::Views, key(&lease.name), "REMOVE #owner, #until");
    match database.write(&held(released.name("#until", "Until"), lease)).await {
        Ok(_) => Ok(()),
        Err(fault) if fault.kind == Kind::Condition => Ok(()),
        Err(fault) => Err(fault.told(&format!("giving back the lease {}", lease.name), &database.options)),
    }
}
