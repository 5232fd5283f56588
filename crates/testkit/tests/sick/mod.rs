//! Stores with one thing wrong: the memory store behind hooks that a test makes ill.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annals_core::{Json, StreamHead, StreamId};
use annals_memory::MemoryStore;
use annals_ports::{
    Adapter, Commit, CommitError, EventFeed, EventStore, FeedHealth, FeedPage, FeedPosition, FeedQuery,
    FeedStart, Lease, Parked, ReadRange, Receipt, RowPage, RowQuery, StoreError, StreamPage, TypePage,
    TypeQuery, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use annals_testkit::ManualClock;
use annals_testkit::conformance::StoreUnderTest;
use async_trait::async_trait;

/// What is wrong. Each hook is told how many calls came before it; what is left out is healthy.
#[async_trait]
pub trait Illness: Default + Send + Sync + 'static {
    async fn commit(&self, store: &Adapter, commit: Commit, _: usize) -> Result<Receipt, CommitError> {
        store.events.commit(commit).await
    }

    async fn head(
        &self,
        store: &Adapter,
        stream: &StreamId,
        _: usize,
    ) -> Result<Option<StreamHead>, StoreError> {
        store.events.head(stream).await
    }

    fn page(&self, page: FeedPage, _: usize) -> FeedPage {
        page
    }

    async fn apply(&self, store: &Adapter, batch: ViewBatch, _: usize) -> Result<(), ViewError> {
        store.views.apply(batch).await
    }
}

pub struct Sick<I> {
    clock: ManualClock,
    ports: Arc<Ports<I>>,
}

struct Ports<I> {
    store: Adapter,
    illness: I,
    calls: AtomicUsize,
}

#[async_trait]
impl<I: Illness> StoreUnderTest for Sick<I> {
    async fn fresh() -> Self {
        let clock = ManualClock::at_present();
        let store = MemoryStore::with_clock(Arc::new(clock.clone())).adapter();
        Self { clock, ports: Arc::new(Ports { store, illness: I::default(), calls: AtomicUsize::new(0) }) }
    }

    fn adapter(&self) -> Adapter {
        let ports = self.ports.clone();
        Adapter { events: ports.clone(), feed: ports.clone(), views: ports.clone(), ..ports.store.clone() }
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    async fn reopen(&mut self) {}

    async fn second(&self) -> Adapter {
        self.adapter()
    }
}

impl<I> Ports<I> {
    fn call(&self) -> usize {
        self.calls.fetch_add(1, Ordering::SeqCst)
    }
}

#[async_trait]
impl<I: Illness> EventStore for Ports<I> {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.illness.commit(&self.store, commit, self.call()).await
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        self.store.events.read_stream(stream, range).await
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        self.illness.head(&self.store, stream, self.call()).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        self.store.events.read_by_type(query).await
    }
}

#[async_trait]
impl<I: Illness> EventFeed for Ports<I> {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let page = self.store.feed.next(query, after, wait).await?;
        Ok(self.illness.page(page, self.call()))
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        self.store.feed.start(from).await
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        self.store.feed.locate(receipt).await
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        self.store.feed.health().await
    }
}

#[async_trait]
impl<I: Illness> ViewStore for Ports<I> {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        self.store.views.list().await
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        self.store.views.state(view).await
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        self.store.views.rows(view, keys).await
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        self.store.views.page(view, query).await
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        self.store.views.routes(view, streams).await
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        self.store.views.parked(view, streams).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        self.illness.apply(&self.store, batch, self.call()).await
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        self.store.views.reset(view, lease).await
    }
}
