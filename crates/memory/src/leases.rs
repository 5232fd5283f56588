//! Leases: a token that rises with each change of owner, and an instant until which others keep away.

use std::time::Duration;

use annals_core::Timestamp;
use annals_ports::{Acquired, Lease, Leases, StoreError};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::store::State;

/// Who holds a lease. A lease given back has no owner; its token stays, so that the next one is higher.
#[derive(Debug, Default)]
pub(crate) struct Holding {
    owner: Option<String>,
    token: u64,
    until: Option<Timestamp>,
}

impl State {
    /// Whether nobody took the lease over since it was granted. Clocks play no part in it (V02).
    pub(crate) fn is_held(&self, lease: &Lease) -> bool {
        self.leases.get(&lease.name).is_some_and(|holding| holding.is(lease))
    }
}

impl Holding {
    fn is(&self, lease: &Lease) -> bool {
        self.owner.as_ref() == Some(&lease.owner) && self.token == lease.token
    }
}

#[async_trait]
impl Leases for MemoryStore {
    async fn acquire(&self, name: &str, owner: &str, time_to_live: Duration) -> Result<Acquired, StoreError> {
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        let holding = state.leases.entry(name.to_owned()).or_default();
        if holding.owner.as_deref() != Some(owner) {
            if let (Some(holder), Some(until)) = (&holding.owner, holding.until)
                && until > now
            {
                return Ok(Acquired::Held { owner: holder.clone(), until });
            }
            holding.owner = Some(owner.to_owned());
            holding.token += 1;
        }
        let until = now.plus(time_to_live);
        holding.until = Some(until);
        let token = holding.token;
        Ok(Acquired::Granted(Lease { name: name.to_owned(), owner: owner.to_owned(), token, until }))
    }

    async fn renew(&self, lease: &Lease, time_to_live: Duration) -> Result<Option<Lease>, StoreError> {
        let until = self.shared.clock.now().plus(time_to_live);
        let mut state = self.shared.state();
        let held = state.leases.get_mut(&lease.name).filter(|holding| holding.is(lease));
        Ok(held.map(|holding| {
            holding.until = Some(until);
            Lease { until, ..lease.clone() }
        }))
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut state = self.shared.state();
        if let Some(holding) = state.leases.get_mut(&lease.name).filter(|holding| holding.is(lease)) {
            *holding = Holding { token: holding.token, ..Holding::default() };
        }
        Ok(())
    }
}
