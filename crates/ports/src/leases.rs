//! Leases: who may run something that must have one runner at a time. A lease decides who tries; the token fences
//! off who lost it (law V02), whatever the clocks say.

use std::time::Duration;

use annals_core::Timestamp;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Where leases are kept.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes the lease `name` for `owner`, when nobody holds it, when it has run out, or when `owner` holds it.
    /// Each change of owner raises the token.
    async fn acquire(&self, name: &str, owner: &str, time_to_live: Duration) -> Result<Acquired, StoreError>;

    /// Makes a lease last for another `time_to_live` from now. None when it was lost.
    async fn renew(&self, lease: &Lease, time_to_live: Duration) -> Result<Option<Lease>, StoreError>;

    /// Gives a lease back, if it is still held.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;
}

/// The answer to asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// It is held now.
    Granted(Lease),
    /// Somebody else holds it.
    Held {
        /// Who.
        owner: String,
        /// Until when, unless renewed.
        until: Timestamp,
    },
}

/// The right to run something, until it runs out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// What may be run.
    pub name: String,
    /// By whom.
    pub owner: String,
    /// Rises with each change of owner; writes carry it.
    pub token: u64,
    /// When it runs out, by the clock of whoever keeps it.
    pub until: Timestamp,
}
