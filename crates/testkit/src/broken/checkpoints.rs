//! A checkpoint whose write fails, and what breaks law V01 there: rows that stay although their checkpoint could not be
//! written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_core::{Json, StreamId};
use annals_ports::{
    Lease, Parked, RowPage, RowQuery, StoreError, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// A view store that cannot move a checkpoint while it is told so: then it changes nothing.
pub(super) struct Stuck {
    pub(super) views: Arc<dyn ViewStore>,
    pub(super) is_stuck: Arc<AtomicBool>,
}

#[async_trait]
impl ViewStore for Stuck {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        self.views.list().await
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        self.views.state(view).await
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

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        let moves = batch.from.as_ref() != Some(&batch.checkpoint.position);
        if moves && self.is_stuck.load(Ordering::SeqCst) {
            let (doing, source) = (format!("moving the checkpoint of {}", batch.view), "it is stuck".into());
            return Err(StoreError::Unavailable { doing, source }.into());
        }
        self.views.apply(batch).await
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        self.views.reset(view, lease).await
    }
}

/// V01: what was written before the checkpoint stays when the checkpoint cannot be written.
#[derive(Default)]
pub(super) struct KeepsRowsWithoutCheckpoint;

#[async_trait]
impl Breakage for KeepsRowsWithoutCheckpoint {
    async fn apply(&self, sound: &Sound, batch: ViewBatch) -> Result<(), ViewError> {
        let views = &sound.adapter.views;
        let outcome = views.apply(batch.clone()).await;
        if let Err(ViewError::Store(_)) = &outcome
            && let Some(standing) = views.state(&batch.view).await?
        {
            views.apply(ViewBatch { checkpoint: standing.checkpoint, ..batch }).await?;
        }
        outcome
    }
}
