//! A view store that fails as it is told to, and counts what it is asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use annals_core::{Json, StreamId};
use annals_ports::{
    Adapter, Lease, Parked, RowPage, RowQuery, StoreError, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use async_trait::async_trait;
use tokio::sync::Notify;

/// What happens to one call of `apply`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It works.
    None,
    /// It fails, and has changed nothing.
    Before,
    /// It fails, though it was done: the answer was lost.
    After,
    /// It fails, and is done when the state is asked for the next time, just after the answer.
    Late,
    /// It waits to be let go, then goes on.
    Hang,
}

pub(crate) struct Faulty {
    inner: Arc<dyn ViewStore>,
    script: Mutex<VecDeque<Fault>>,
    late: Mutex<Option<ViewBatch>>,
    pub(crate) hanging: Notify,
    pub(crate) go_on: Notify,
    pub(crate) rows_read: AtomicUsize,
    pub(crate) applied: AtomicUsize,
}

impl Faulty {
    /// The adapter with a view store whose calls of `apply` go as `script` says, and well afterwards.
    pub(crate) fn over(adapter: &Adapter, script: impl IntoIterator<Item = Fault>) -> (Adapter, Arc<Self>) {
        let faulty = Arc::new(Self {
            inner: Arc::clone(&adapter.views),
            script: Mutex::new(script.into_iter().collect()),
            late: Mutex::new(None),
            hanging: Notify::new(),
            go_on: Notify::new(),
            rows_read: AtomicUsize::new(0),
            applied: AtomicUsize::new(0),
        });
        (Adapter { views: Arc::clone(&faulty) as Arc<dyn ViewStore>, ..adapter.clone() }, faulty)
    }

    fn lost() -> ViewError {
        let (doing, source) = ("applying a page".to_owned(), "the line was cut".into());
        ViewError::Store(StoreError::Unavailable { doing, source })
    }
}

#[async_trait]
impl ViewStore for Faulty {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        self.inner.list().await
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        let state = self.inner.state(view).await;
        let late = self.late.lock().unwrap().take();
        if let Some(batch) = late {
            // It may come too late for its lease; what matters is that it comes after the answer.
            let _ = self.inner.apply(batch).await;
        }
        state
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        self.rows_read.fetch_add(keys.len(), Ordering::Relaxed);
        self.inner.rows(view, keys).await
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        self.inner.page(view, query).await
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        self.inner.routes(view, streams).await
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        self.inner.parked(view, streams).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        self.applied.fetch_add(1, Ordering::Relaxed);
        assert!(batch.changes.is_sorted_by(|a, b| a.key() < b.key()), "rows go by key, each once");
        let fault = self.script.lock().unwrap().pop_front().unwrap_or(Fault::None);
        match fault {
            Fault::None => self.inner.apply(batch).await,
            Fault::Before => Err(Self::lost()),
            Fault::After => {
                self.inner.apply(batch).await?;
                Err(Self::lost())
            }
            Fault::Late => {
                *self.late.lock().unwrap() = Some(batch);
                Err(Self::lost())
            }
            Fault::Hang => {
                self.hanging.notify_one();
                self.go_on.notified().await;
                self.inner.apply(batch).await
            }
        }
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        self.inner.reset(view, lease).await
    }
}
