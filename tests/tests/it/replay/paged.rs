//! A store whose streams come in small pages, whatever is asked for.

use std::sync::Arc;

use annals::ports::{
    Adapter, Commit, CommitError, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage, TypeQuery,
};
use annals::{Store, StreamHead, StreamId};
use async_trait::async_trait;

struct Paged {
    events: Arc<dyn EventStore>,
    size: usize,
}

/// The same store, with at most so many events in a page of a stream.
pub(super) fn in_pages_of(size: usize, store: &Store) -> Store {
    let events = Arc::new(Paged { events: store.adapter().events.clone(), size });
    Store::new(Adapter { events, ..store.adapter().clone() })
}

#[async_trait]
impl EventStore for Paged {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.events.commit(commit).await
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        self.events.read_stream(stream, range.limit(range.limit.min(self.size))).await
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        self.events.head(stream).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        self.events.read_by_type(query).await
    }
}
