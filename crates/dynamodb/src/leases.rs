//! Leases.

use std::time::Duration;

use annals_ports::{Acquired, Lease, Leases, StoreError};
use async_trait::async_trait;

use crate::DynamoStore;

#[async_trait]
impl Leases for DynamoStore {
    async fn acquire(&self, _: &str, _: &str, _: Duration) -> Result<Acquired, StoreError> {
        unimplemented!()
    }
    async fn renew(&self, _: &Lease, _: Duration) -> Result<Option<Lease>, StoreError> {
        unimplemented!()
    }
    async fn release(&self, _: &Lease) -> Result<(), StoreError> {
        unimplemented!()
    }
}
