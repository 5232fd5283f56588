//! Writing behind: what is gathered between two writes, and a batch that is on its way to the store while the next pages
//! are worked on. One batch at a time, never more.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use annals_core::Timestamp;
use annals_ports::{ViewBatch, ViewError, ViewStore};

/// What was applied in memory since the last write.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) events: u64,
    /// Of payloads applied, and of rows as they were before: about what the changed rows take.
    pub(crate) bytes: usize,
    pub(crate) last_recorded_at: Option<Timestamp>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    /// Events that the view covers now, and did not before.
    pub(crate) events: u64,
    pub(crate) rows: u64,
}

impl Written {
    pub(crate) fn and(self, more: Self) -> Self {
        Self { events: self.events + more.events, rows: self.rows + more.rows }
    }
}

/// A batch on its way.
pub(crate) struct Writing(Pin<Box<dyn Future<Output = Result<(), ViewError>> + Send>>);

impl Writing {
    /// Hands a batch to the store, and does not wait for it; none when the store was done at once.
    pub(crate) async fn begin(
        views: &Arc<dyn ViewStore>,
        batch: ViewBatch,
    ) -> Result<Option<Self>, ViewError> {
        let views = Arc::clone(views);
        let mut writing = Self(Box::pin(async move { views.apply(batch).await }));
        // Polled once, which hands the batch over.
        match poll_fn(|context| Poll::Ready(writing.0.as_mut().poll(context))).await {
            Poll::Ready(answer) => answer.map(|()| None),
            Poll::Pending => Ok(Some(writing)),
        }
    }

    /// Waits for the store's answer.
    pub(crate) async fn finish(self) -> Result<(), ViewError> {
        self.0.await
    }
}
