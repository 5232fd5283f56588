//! Commits in, streams out. Laws A and R.

use annals_core::{StreamHead, StreamId};
use annals_ports::{
    Commit, CommitError, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage, TypeQuery,
};
use async_trait::async_trait;

use crate::DynamoStore;

#[async_trait]
impl EventStore for DynamoStore {
    async fn commit(&self, _: Commit) -> Result<Receipt, CommitError> {
        unimplemented!()
    }
    async fn read_stream(&self, _: &StreamId, _: ReadRange) -> Result<StreamPage, StoreError> {
        unimplemented!()
    }
    async fn head(&self, _: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        unimplemented!()
    }
    async fn read_by_type(&self, _: &TypeQuery) -> Result<TypePage, StoreError> {
        unimplemented!()
    }
}
