//! The feed. Laws F.

use std::time::Duration;

use annals_ports::{
    EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, StoreError,
};
use async_trait::async_trait;

use crate::DynamoStore;

#[async_trait]
impl EventFeed for DynamoStore {
    async fn next(&self, _: &FeedQuery, _: &FeedPosition, _: Duration) -> Result<FeedPage, StoreError> {
        unimplemented!()
    }
    async fn start(&self, _: FeedStart) -> Result<FeedPosition, StoreError> {
        unimplemented!()
    }
    async fn locate(&self, _: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        unimplemented!()
    }
    async fn health(&self) -> Result<FeedHealth, StoreError> {
        unimplemented!()
    }
}
