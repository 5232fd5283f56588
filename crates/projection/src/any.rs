//! A runner without its projection's type, so that a program can hold all of its read models in one list.

use std::future::Future;
use std::pin::Pin;

use annals_ports::{Adapter, ViewId, ViewState};
use async_trait::async_trait;

use crate::{CaughtUp, Comparison, Lag, OnProgress, Projection, ProjectionError, Runner};

/// Any projection's runner. See [`Runner`] for what each call does, and how it fails.
///
/// ```
/// use annals_projection::{AnyRunner, ProjectionError};
///
/// async fn catch_all_up(runners: &[Box<dyn AnyRunner>]) -> Result<(), ProjectionError> {
///     for runner in runners {
///         runner.catch_up(&mut |_| {}).await?;
///     }
///     Ok(())
/// }
/// ```
#[async_trait]
pub trait AnyRunner: Send + Sync {
    /// The projection's name.
    fn name(&self) -> &'static str;

    /// The view's name and version.
    fn view_id(&self) -> &ViewId;

    /// See [`Runner::catch_up`].
    async fn catch_up(&self, on_progress: OnProgress<'_>) -> Result<CaughtUp, ProjectionError>;

    /// See [`Runner::follow`].
    async fn follow(
        &self,
        until: Pin<Box<dyn Future<Output = ()> + Send>>,
        on_progress: OnProgress<'_>,
    ) -> Result<CaughtUp, ProjectionError>;

    /// See [`Runner::rebuild`].
    async fn rebuild(&self, on_progress: OnProgress<'_>) -> Result<CaughtUp, ProjectionError>;

    /// See [`Runner::give_up`].
    async fn give_up(&self) -> Result<(), ProjectionError>;

    /// See [`Runner::compare_with_rebuild`].
    async fn compare_with_rebuild(
        &self,
        scratch: Adapter,
        on_progress: OnProgress<'_>,
    ) -> Result<Comparison, ProjectionError>;

    /// See [`View::state`](crate::View::state).
    async fn state(&self) -> Result<Option<ViewState>, ProjectionError>;

    /// See [`Runner::lag`].
    async fn lag(&self) -> Result<Lag, ProjectionError>;

    /// See [`Runner::drop_older`].
    async fn drop_older(&self) -> Result<Vec<ViewId>, ProjectionError>;
}

#[async_trait]
impl<P: Projection> AnyRunner for Runner<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn view_id(&self) -> &ViewId {
        Runner::view_id(self)
    }

    async fn catch_up(&self, on_progress: OnProgress<'_>) -> Result<CaughtUp, ProjectionError> {
        self.run_to_end(false, on_progress).await
    }

    async fn follow(
        &self,
        mut until: Pin<Box<dyn Future<Output = ()> + Send>>,
        on_progress: OnProgress<'_>,
    ) -> Result<CaughtUp, ProjectionError> {
        self.follow_until(until.as_mut(), on_progress).await
    }

    async fn rebuild(&self, on_progress: OnProgress<'_>) -> Result<CaughtUp, ProjectionError> {
        self.run_to_end(true, on_progress).await
    }

    async fn give_up(&self) -> Result<(), ProjectionError> {
        Runner::give_up(self).await
    }

    async fn compare_with_rebuild(
        &self,
        scratch: Adapter,
        on_progress: OnProgress<'_>,
    ) -> Result<Comparison, ProjectionError> {
        self.compare(scratch, on_progress).await
    }

    async fn state(&self) -> Result<Option<ViewState>, ProjectionError> {
        Ok(self.view().state().await?)
    }

    async fn lag(&self) -> Result<Lag, ProjectionError> {
        Runner::lag(self).await
    }

    async fn drop_older(&self) -> Result<Vec<ViewId>, ProjectionError> {
        Runner::drop_older(self).await
    }
}
