//! The runner: keeps one projection's view in a store up to date.
//!
//! One runner at a time changes a view: it holds the lease `view:<name>:<version>`, and every page is written under
//! it and from the checkpoint that it was made from (law V02). A reader needs no runner.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals_core::{Category, EventSet};
use annals_ports::{Acquired, Adapter, FeedPosition, FeedQuery, FeedStart, Lease, StoreError, ViewId};
use tokio::time::Instant;

use crate::ahead::Ahead;
use crate::projection::check_name;
use crate::session::Session;
use crate::writing::Written;
use crate::{CaughtUp, Lag, OnProgress, Progress, Projection, ProjectionError, RunnerOptions, View};

/// Pages that [`Runner::lag`] scans for an event ahead of the view before it says that there may be one.
const LAG_PAGES: usize = 16;

/// Runs one projection over a store.
pub struct Runner<P: Projection> {
    pub(crate) adapter: Adapter,
    pub(crate) projection: Arc<P>,
    pub(crate) options: RunnerOptions,
    view: ViewId,
    at_work: AtomicBool,
}

/// What a call has done so far.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) events: u64,
    pub(crate) rows_changed: u64,
    pub(crate) position: Option<FeedPosition>,
    /// Whether the end was the last thing told.
    told_end: bool,
}

impl<P: Projection> Runner<P> {
    /// A runner of `projection` over a store.
    pub fn new(adapter: Adapter, projection: P) -> Self {
        check_name::<P>();
        Self {
            adapter,
            projection: Arc::new(projection),
            options: RunnerOptions::default(),
            view: ViewId::new(P::NAME, P::VERSION),
            at_work: AtomicBool::new(false),
        }
    }

    /// The same, working as `options` say.
    #[must_use]
    pub fn with_options(self, options: RunnerOptions) -> Self {
        Self { options, ..self }
    }

    /// A runner of the same projection over another store.
    pub(crate) fn over(&self, adapter: Adapter) -> Self {
        Self {
            adapter,
            projection: Arc::clone(&self.projection),
            options: self.options.clone(),
            view: self.view.clone(),
            at_work: AtomicBool::new(false),
        }
    }

    /// How it works.
    pub fn options(&self) -> &RunnerOptions {
        &self.options
    }

    /// The view's name and version.
    pub fn view_id(&self) -> &ViewId {
        &self.view
    }

    /// The view's rows, to be read.
    pub fn view(&self) -> View<P> {
        View::new(self.adapter.clone())
    }

    /// Applies all that is ahead of the view, up to the end of the feed as it is when it is reached.
    ///
    /// Another runner's lease is waited for as long as the options' `patience` says; then the answer is
    /// [`ProjectionError::LeaseHeld`], and the view may be read as the other one keeps it.
    ///
    /// # Errors
    /// What stopped it. Whatever was applied stays applied, once (law V01); calling again goes on from there.
    pub async fn catch_up(
        &self,
        mut on_progress: impl FnMut(&Progress) + Send,
    ) -> Result<CaughtUp, ProjectionError> {
        self.run_to_end(false, &mut on_progress).await
    }

    /// Drops the view and builds it again in place. Until it has caught up, readers see it grow; to build beside
    /// the old rows, raise the projection's version.
    ///
    /// # Errors
    /// What stopped it; [`catch_up`](Self::catch_up) goes on from there.
    pub async fn rebuild(
        &self,
        mut on_progress: impl FnMut(&Progress) + Send,
    ) -> Result<CaughtUp, ProjectionError> {
        self.run_to_end(true, &mut on_progress).await
    }

    /// How far the view is behind. Needs no lease.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn lag(&self) -> Result<Lag, ProjectionError> {
        let state = self.adapter.views.state(&self.view).await?;
        let view_recorded_at = state.as_ref().and_then(|state| state.checkpoint.last_recorded_at);
        let mut position = self.position_of(state.map(|state| state.checkpoint.position)).await?;
        let query = self.query()?.limit(1);
        let (mut at_end, mut ahead) = (false, None);
        for _ in 0..LAG_PAGES {
            let page = self.adapter.feed.next(&query, &position, Duration::ZERO).await?;
            ahead = page.events.first().map(|event| event.header.recorded_at);
            at_end = page.at_end && ahead.is_none();
            if page.at_end || ahead.is_some() {
                break;
            }
            position = page.next;
        }
        let feed_recorded_at = self.adapter.feed.health().await?.last_recorded_at;
        let behind = match (view_recorded_at.or(ahead), feed_recorded_at) {
            (Some(from), Some(to)) if !at_end => to.since(from),
            _ => Duration::ZERO,
        };
        Ok(Lag { view: self.view.clone(), at_end, behind, view_recorded_at, feed_recorded_at })
    }

    /// Drops the view's older versions, once this one has caught up (law V04). Answers which.
    ///
    /// # Errors
    /// When this version is still behind, an older one is still being run, or the store fails.
    pub async fn drop_older(&self) -> Result<Vec<ViewId>, ProjectionError> {
        if !self.lag().await?.at_end {
            return Err(ProjectionError::Behind { view: self.view.clone() });
        }
        let mut dropped = Vec::new();
        for state in self.adapter.views.list().await? {
            let view = state.view;
            if view.name == self.view.name && view.version < self.view.version {
                let lease = self.acquire(&view).await?;
                let reset = self.adapter.views.reset(&view, &lease).await;
                self.adapter.leases.release(&lease).await?;
                reset?;
                dropped.push(view);
            }
        }
        Ok(dropped)
    }

    /// Gives back the lease that a call left behind when it was given up, that is, its future dropped: others need
    /// not wait for its end then. What was applied stays applied. Does nothing while a call of this runner is at work.
    ///
    /// # Errors
    /// When the store fails; the lease runs out by itself.
    pub async fn give_up(&self) -> Result<(), ProjectionError> {
        let Ok(_at_work) = self.enter() else { return Ok(()) };
        // Our own lease is granted to us again; one that somebody else holds is not.
        if let Acquired::Granted(lease) = self.try_acquire(&self.view).await? {
            self.adapter.leases.release(&lease).await?;
        }
        Ok(())
    }

    pub(crate) async fn run_to_end(
        &self,
        reset: bool,
        on_progress: OnProgress<'_>,
    ) -> Result<CaughtUp, ProjectionError> {
        let _at_work = self.enter()?;
        let lease = self.acquire(&self.view).await?;
        let result = self.run_under(&lease, reset, on_progress).await;
        self.give_back(&lease).await;
        result
    }

    async fn run_under(
        &self,
        lease: &Lease,
        reset: bool,
        on_progress: OnProgress<'_>,
    ) -> Result<CaughtUp, ProjectionError> {
        if reset {
            self.adapter.views.reset(&self.view, lease).await?;
        }
        let query = self.query()?;
        let mut tally = Tally::default();
        let mut session =
            Session::begin(&self.adapter, &self.projection, lease.clone(), &self.options).await?;
        let mut ahead = Ahead::begin(&self.adapter.feed, query, session.position().clone());
        while let Some(page) = ahead.next().await {
            session.keep_lease().await?;
            self.work_through(&mut session, page?, &mut tally, on_progress).await?;
        }
        let written = session.settle().await?;
        tally.add(written, &session);
        Ok(tally.caught_up(session.position().clone()))
    }

    /// Applies a page, and tells of what was written.
    pub(crate) async fn work_through(
        &self,
        session: &mut Session<P>,
        page: annals_ports::FeedPage,
        tally: &mut Tally,
        on_progress: OnProgress<'_>,
    ) -> Result<(), ProjectionError> {
        let at_end = page.at_end;
        let Written { events, rows } = session.apply(page).await?;
        tally.add(Written { events, rows }, session);
        if events > 0 || (at_end && !tally.told_end) {
            tracing::trace!(view = %self.view, events, at_end, "page applied");
            on_progress(&Progress {
                view: self.view.clone(),
                events: tally.events,
                last_recorded_at: session.last_recorded_at(),
                at_end,
            });
            tally.told_end = at_end;
        }
        Ok(())
    }

    pub(crate) fn query(&self) -> Result<FeedQuery, ProjectionError> {
        let categories = P::Event::categories().into_iter().map(Category::new).collect::<Result<_, _>>()?;
        Ok(FeedQuery::categories(categories).limit(self.options.feed_page_size()))
    }

    /// The position itself, or the feed's beginning.
    pub(crate) async fn position_of(&self, known: Option<FeedPosition>) -> Result<FeedPosition, StoreError> {
        match known {
            Some(position) => Ok(position),
            None => self.adapter.feed.start(FeedStart::Beginning).await,
        }
    }

    /// Two calls of one runner would share its lease, and only the checkpoint would keep them apart.
    pub(crate) fn enter(&self) -> Result<AtWork<'_>, ProjectionError> {
        if self.at_work.swap(true, Ordering::Acquire) {
            return Err(ProjectionError::AtWork { view: self.view.clone() });
        }
        Ok(AtWork(&self.at_work))
    }

    pub(crate) async fn try_acquire(&self, view: &ViewId) -> Result<Acquired, StoreError> {
        let name = format!("view:{}:{}", view.name, view.version);
        self.adapter.leases.acquire(&name, &self.options.owner, self.options.lease).await
    }

    async fn acquire(&self, view: &ViewId) -> Result<Lease, ProjectionError> {
        let deadline = Instant::now() + self.options.patience;
        loop {
            match self.try_acquire(view).await? {
                Acquired::Granted(lease) => return Ok(lease),
                Acquired::Held { owner, until } if Instant::now() >= deadline => {
                    return Err(ProjectionError::LeaseHeld { view: view.clone(), owner, until });
                }
                Acquired::Held { .. } => {
                    let pause = Duration::from_millis(fastrand::u64(10..50));
                    tokio::time::sleep_until(deadline.min(Instant::now() + pause)).await;
                }
            }
        }
    }

    /// Best effort: the lease runs out by itself.
    pub(crate) async fn give_back(&self, lease: &Lease) {
        if let Err(error) = self.adapter.leases.release(lease).await {
            tracing::debug!(view = %self.view, %error, "the lease was not given back; it will run out");
        }
    }
}

impl Tally {
    pub(crate) fn add<P: Projection>(&mut self, written: Written, session: &Session<P>) {
        self.events += written.events;
        self.rows_changed += written.rows;
        if !session.is_ahead_of_its_view() {
            self.position = Some(session.position().clone());
        }
    }

    pub(crate) fn caught_up(self, position: FeedPosition) -> CaughtUp {
        CaughtUp { events: self.events, rows_changed: self.rows_changed, position }
    }
}

/// The mark of a runner that is at work; gone when the call is, even one that was given up.
pub(crate) struct AtWork<'a>(&'a AtomicBool);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<P: Projection> fmt::Debug for Runner<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("view", &self.view)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
