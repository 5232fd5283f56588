//! A view built again beside the real one: the same feed, as far as it is wanted, and a store of its own for the rows.
//!
//! The scratch store is another store, so positions are renamed on their way: what is written there is that store's, what
//! is read from it is the feed's again. Its page tokens stay its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use annals_core::{Json, StoreId, StreamId};
use annals_ports::{
    Adapter, EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Lease, Parked, Receipt,
    RowPage, RowQuery, StoreError, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use async_trait::async_trait;

/// The ports of `store`, with views and leases in `scratch`, and a feed that ends after so many events.
pub(crate) fn beside(store: &Adapter, scratch: Adapter) -> (Adapter, Arc<Limited>) {
    let limited = Arc::new(Limited { feed: Arc::clone(&store.feed), left: AtomicU64::new(0) });
    let views = Renamed { views: scratch.views, inner: scratch.store, outer: store.store };
    let adapter = Adapter {
        feed: Arc::clone(&limited) as Arc<dyn EventFeed>,
        views: Arc::new(views),
        leases: scratch.leases,
        ..store.clone()
    };
    (adapter, limited)
}

/// A feed that ends after so many more events of whatever is asked for.
pub(crate) struct Limited {
    feed: Arc<dyn EventFeed>,
    left: AtomicU64,
}

impl Limited {
    /// Lets so many more events through.
    pub(crate) fn let_through(&self, events: u64) {
        self.left.store(events, Ordering::SeqCst);
    }

    /// How many were let through and did not come.
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl EventFeed for Limited {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let left = self.left();
        if left == 0 {
            return Ok(FeedPage { events: Vec::new(), next: after.clone(), at_end: true });
        }
        let limit = query.page_size().min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut page = self.feed.next(&query.clone().limit(limit), after, wait).await?;
        // One reader, which asks for a page only behind the one before.
        let left = left.saturating_sub(page.events.len() as u64);
        self.let_through(left);
        page.at_end |= left == 0;
        Ok(page)
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        self.feed.start(from).await
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        self.feed.locate(receipt).await
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        self.feed.health().await
    }
}

/// The views of another store, with positions of the feed's store.
struct Renamed {
    views: Arc<dyn ViewStore>,
    inner: StoreId,
    outer: StoreId,
}

impl Renamed {
    fn inwards(&self, position: &FeedPosition) -> Result<FeedPosition, StoreError> {
        Ok(FeedPosition::sliced(self.inner, position.slices_in(self.outer)?.to_vec()))
    }

    fn outwards(&self, mut state: ViewState) -> Result<ViewState, StoreError> {
        let slices = state.checkpoint.position.slices_in(self.inner)?.to_vec();
        state.checkpoint.position = FeedPosition::sliced(self.outer, slices);
        Ok(state)
    }
}

#[async_trait]
impl ViewStore for Renamed {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        self.views.list().await?.into_iter().map(|state| self.outwards(state)).collect()
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        self.views.state(view).await?.map(|state| self.outwards(state)).transpose()
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        self.views.rows(view, keys).await
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        self.views.page(view, query).await
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        self.views.routes(view, streams).await
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        self.views.parked(view, streams).await
    }

    async fn apply(&self, mut batch: ViewBatch) -> Result<(), ViewError> {
        batch.from = batch.from.as_ref().map(|from| self.inwards(from)).transpose()?;
        batch.checkpoint.position = self.inwards(&batch.checkpoint.position)?;
        self.views.apply(batch).await
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        self.views.reset(view, lease).await
    }
}
