//! The store's description, for people.

use annals_ports::{Inspect, StoreDescription, StoreError};
use async_trait::async_trait;

use crate::DynamoStore;

#[async_trait]
impl Inspect for DynamoStore {
    async fn describe(&self) -> Result<StoreDescription, StoreError> {
        unimplemented!()
    }
}
