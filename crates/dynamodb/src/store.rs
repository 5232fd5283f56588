//! Commits in, streams out. Laws A and R.

use annals_core::{StreamHead, StreamId};
use annals_ports::{
    Commit, CommitError, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage, TypeQuery,
};
use async_trait::async_trait;

use crate::DynamoStore;
use crate::by_type;

#[async_trait]
impl EventStore for DynamoStore {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.record(&commit).await
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        let page = self.page_of(stream, range).await;
        page.map_err(|fault| fault.told(&format!("reading {stream}"), &self.database().options))
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        match self.head_of(stream).await {
            Ok(known) => Ok(known.map(|known| known.head)),
            Err(fault) => Err(fault.told(&format!("reading the head of {stream}"), &self.database().options)),
        }
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        by_type::page(self, query).await
    }
}
