//! What breaks laws V01 to V03, V05 and V06: batches that are half refused, leases that do not fence, indexes that are
//! read one way, rebuilds that leave something out, rows that depend on who came last.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_core::{Recorded, RecordedEvent};
use annals_ports::{
    Acquired, Adapter, Direction, EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Lease,
    Receipt, RowPage, RowQuery, RowSelection, StoreError, ViewBatch, ViewError, ViewId, ViewState,
};
use annals_projection::{
    AnyRunner, CaughtUp, Comparison, InterleavingError, Interleavings, Keys, Lag, OnProgress, Projection,
    ProjectionError, Runner, interleavings,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Breakage, Sound};
use crate::conformance::tally::{TallyOrGift, owner_of};
use crate::conformance::{Layers, RealLayers, pages_of};

/// V01: a batch from another checkpoint is refused, and its rows are changed.
#[derive(Default)]
pub(super) struct ChangesRefused;

#[async_trait]
impl Breakage for ChangesRefused {
    async fn apply(&self, sound: &Sound, batch: ViewBatch) -> Result<(), ViewError> {
        let outcome = sound.adapter.views.apply(batch.clone()).await;
        if let Err(ViewError::CheckpointMoved { found: Some(found), .. }) = &outcome
            && let Some(state) = sound.adapter.views.state(&batch.view).await?
        {
            let (from, checkpoint) = (Some(found.clone()), state.checkpoint);
            sound.adapter.views.apply(ViewBatch { from, checkpoint, ..batch }).await?;
        }
        outcome
    }
}

/// V02: a batch under a lease that was lost is written under the one that took its place.
#[derive(Default)]
pub(super) struct AnyLease {
    granted: Mutex<HashMap<String, Lease>>,
}

#[async_trait]
impl Breakage for AnyLease {
    async fn acquire(
        &self,
        sound: &Sound,
        name: &str,
        owner: &str,
        time_to_live: Duration,
    ) -> Result<Acquired, StoreError> {
        let answer = sound.adapter.leases.acquire(name, owner, time_to_live).await?;
        if let Acquired::Granted(lease) = &answer {
            let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
            granted.insert(name.to_owned(), lease.clone());
        }
        Ok(answer)
    }

    async fn apply(&self, sound: &Sound, batch: ViewBatch) -> Result<(), ViewError> {
        let held =
            self.granted.lock().unwrap_or_else(PoisonError::into_inner).get(&batch.lease.name).cloned();
        let lease = held.unwrap_or_else(|| batch.lease.clone());
        sound.adapter.views.apply(ViewBatch { lease, ..batch }).await
    }
}

/// V03: an index that is to be read backwards is read forwards.
#[derive(Default)]
pub(super) struct ForwardsOnly;

#[async_trait]
impl Breakage for ForwardsOnly {
    async fn page(&self, sound: &Sound, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        let query = match query.select {
            RowSelection::Index { .. } => RowQuery { direction: Direction::Forward, ..query.clone() },
            RowSelection::Keys { .. } => query.clone(),
        };
        sound.adapter.views.page(view, &query).await
    }
}

/// V05: a rebuild leaves out some events.
#[derive(Default)]
pub(super) struct RebuildsLess;

impl Breakage for RebuildsLess {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for RebuildsLess {
    fn runner(&self, adapter: &Adapter, page_size: usize) -> Box<dyn AnyRunner> {
        let less = Adapter { feed: Arc::new(Less(adapter.feed.clone())), ..adapter.clone() };
        let rebuilding = RealLayers.runner(&less, page_size);
        Box::new(Rebuilding { live: RealLayers.runner(adapter, page_size), rebuilding })
    }
}

/// A feed without what was taken from tallies.
struct Less(Arc<dyn EventFeed>);

#[async_trait]
impl EventFeed for Less {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let mut page = self.0.next(query, after, wait).await?;
        page.events.retain(|event| event.header.event_type.as_str() != "TallyTaken");
        Ok(page)
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        self.0.start(from).await
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        self.0.locate(receipt).await
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        self.0.health().await
    }
}

struct Rebuilding {
    live: Box<dyn AnyRunner>,
    rebuilding: Box<dyn AnyRunner>,
}

#[async_trait]
impl AnyRunner for Rebuilding {
    fn name(&self) -> &'static str {
        self.live.name()
    }

    fn view_id(&self) -> &ViewId {
        self.live.view_id()
    }

    async fn catch_up(&self, on_progress: OnProgress<'_>) -> Result<CaughtUp, ProjectionError> {
        self.live.catch_up(on_progress).await
    }

    async fn follow(
        &self,
        until: Pin<Box<dyn Future<Output = ()> + Send>>,
        on_progress: OnProgress<'_>,
    ) -> Result<CaughtUp, ProjectionError> {
        self.live.follow(until, on_progress).await
    }

    async fn rebuild(&self, on_progress: OnProgress<'_>) -> Result<CaughtUp, ProjectionError> {
        self.rebuilding.rebuild(on_progress).await
    }

    async fn give_up(&self) -> Result<(), ProjectionError> {
        self.live.give_up().await
    }

    async fn compare_with_rebuild(
        &self,
        scratch: Adapter,
        on_progress: OnProgress<'_>,
    ) -> Result<Comparison, ProjectionError> {
        self.live.compare_with_rebuild(scratch, on_progress).await
    }

    async fn state(&self) -> Result<Option<ViewState>, ProjectionError> {
        self.live.state().await
    }

    async fn lag(&self) -> Result<Lag, ProjectionError> {
        self.live.lag().await
    }

    async fn drop_older(&self) -> Result<Vec<ViewId>, ProjectionError> {
        self.live.drop_older().await
    }
}

/// V06: a row tells which stream's event came last.
#[derive(Default)]
pub(super) struct KeepsTheLast;

impl Breakage for KeepsTheLast {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for KeepsTheLast {
    fn runner(&self, adapter: &Adapter, page_size: usize) -> Box<dyn AnyRunner> {
        Box::new(Runner::new(adapter.clone(), LastMoved).with_options(pages_of(page_size)))
    }

    fn interleavings(&self, streams: &[Vec<RecordedEvent>]) -> Result<Interleavings, InterleavingError> {
        interleavings(LastMoved, streams, 6, 100)
    }
}

struct LastMoved;

#[derive(Serialize, Deserialize)]
struct Moved {
    last: String,
}

impl Projection for LastMoved {
    const NAME: &'static str = "last_moved";
    const VERSION: u32 = 1;
    type Event = TallyOrGift;
    type Key = String;
    type Row = Moved;

    fn keys(&self, event: &Recorded<TallyOrGift>) -> Keys<String> {
        owner_of(event)
    }

    fn apply(&self, _: &String, _: Option<Moved>, event: &Recorded<TallyOrGift>) -> Option<Moved> {
        Some(Moved { last: event.header.stream.to_string() })
    }
}
