//! The runner of a projection into tables of one's own: it holds the lease, follows the feed, and applies each page with
//! its checkpoint in one transaction, whatever fails and whoever else runs it (laws V01 and V02).

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use annals_core::{Category, EventSet, Recorded, RecordedEvent};
use annals_ports::{
    Acquired, BoxError, Checkpoint, EventFeed, FeedPosition, FeedQuery, FeedStart, Lease, Leases, StoreError,
    ViewError, ViewId, ViewStore,
};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::time::Instant;

use crate::PostgresStore;
use crate::database::fetch;
use crate::fault::Fault;
use crate::own_tables::{OwnTables, OwnTablesError};
use crate::rows::{Stamp, number};
use crate::sql;
use crate::view_changes::{Refusal, hold};

/// The longest single wait for new events while following.
const WAIT: Duration = Duration::from_secs(5);

/// How long [`OwnTablesRunner::catch_up`] waits for another runner's lease.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest pause before something that failed for now is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// For how long a checkpoint may stand still while events of other categories go by.
const IDLE_CHECKPOINT: Duration = Duration::from_secs(5);

/// Keeps a projection's tables up to date. One runner at a time changes them: who holds the lease of the view.
#[derive(Debug)]
pub struct OwnTablesRunner<P> {
    store: PostgresStore,
    projection: P,
    view: ViewId,
    owner: String,
    lease: Duration,
    page_size: usize,
}

/// The tables as one run knows them.
struct Run {
    lease: Lease,
    renewed: Instant,
    /// The checkpoint in the store; none before the view is begun.
    checkpoint: Option<Checkpoint>,
    written: Instant,
    /// The position after the last page; further than the checkpoint when pages held nothing for this view.
    position: FeedPosition,
    connection: Option<PgConnection>,
}

impl<P: OwnTables> OwnTablesRunner<P> {
    /// A runner of `projection` in the database of a store.
    pub fn new(store: &PostgresStore, projection: P) -> Self {
        Self {
            store: store.clone(),
            projection,
            view: ViewId::new(P::NAME, P::VERSION),
            owner: format!("process {} ({:08x})", std::process::id(), fastrand::u32(..)),
            lease: Duration::from_secs(15),
            page_size: FeedQuery::DEFAULT_LIMIT,
        }
    }

    /// The same, with a lease that lasts so long without being renewed; 15 s unless said otherwise. A runner that
    /// dies is replaced after that, and a page must be applied within a third of it.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// The same, with at most so many events in a transaction; 2,000 unless said otherwise.
    #[must_use]
    pub fn with_page_size(self, page_size: usize) -> Self {
        Self { page_size: page_size.max(1), ..self }
    }

    /// The view's name and version.
    pub fn view_id(&self) -> &ViewId {
        &self.view
    }

    /// Applies all that is ahead of the tables, up to the end of the feed as it is when it is reached; gives how many
    /// events that were.
    ///
    /// # Errors
    /// What stopped it. What was applied stays applied, once; calling again goes on from there.
    pub async fn catch_up(&self) -> Result<u64, OwnTablesError> {
        let lease = self.lease_within(PATIENCE).await?;
        let caught_up = self.run_to_end(&lease).await;
        self.give_back(&lease).await;
        caught_up
    }

    /// Drops the checkpoint and builds the tables again from the first event on. Until the first page is applied,
    /// readers see them as they were.
    ///
    /// # Errors
    /// What stopped it; [`catch_up`](Self::catch_up) goes on from there.
    pub async fn rebuild(&self) -> Result<u64, OwnTablesError> {
        let lease = self.lease_within(PATIENCE).await?;
        let rebuilt = match self.store.reset(&self.view, &lease).await {
            Ok(()) => self.run_to_end(&lease).await,
            Err(error) => Err(error.into()),
        };
        self.give_back(&lease).await;
        rebuilt
    }

    /// Catches up, then applies new events as they are committed, until `until` resolves; gives how many events that
    /// were. While another runner holds the lease it waits, and what fails for now is tried again.
    ///
    /// # Errors
    /// What no waiting can mend. What was applied stays applied, once.
    pub async fn follow(&self, until: impl Future<Output = ()> + Send) -> Result<u64, OwnTablesError> {
        let mut until = pin!(until);
        let (mut events, mut pause) = (0, Duration::ZERO);
        loop {
            let before = events;
            match self.stretch(until.as_mut(), &mut events).await {
                Ok(()) => return Ok(events),
                Err(error) if error.is_transient() => {
                    tracing::debug!(view = %self.view, %error, "following was interrupted");
                    if events > before {
                        pause = Duration::ZERO;
                    }
                }
                Err(error) => return Err(error),
            }
            pause = (pause * 2).clamp(Duration::from_millis(50), LONGEST_PAUSE.min(self.lease / 3));
            tokio::select! {
                biased;
                () = until.as_mut() => return Ok(events),
                () = tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)) => {}
            }
        }
    }

    /// Follows under one lease.
    async fn stretch(
        &self,
        until: Pin<&mut (impl Future<Output = ()> + Send)>,
        events: &mut u64,
    ) -> Result<(), OwnTablesError> {
        let lease = self.acquire().await?;
        let followed = self.follow_under(&lease, until, events).await;
        self.give_back(&lease).await;
        followed
    }

    async fn follow_under(
        &self,
        lease: &Lease,
        mut until: Pin<&mut (impl Future<Output = ()> + Send)>,
        events: &mut u64,
    ) -> Result<(), OwnTablesError> {
        let query = self.query()?;
        let mut run = self.begin(lease.clone()).await?;
        // Short enough that the lease is renewed in time.
        let wait = WAIT.min(self.lease / 3);
        loop {
            self.keep_lease(&mut run).await?;
            let page = tokio::select! {
                biased;
                () = until.as_mut() => return Ok(()),
                page = self.store.next(&query, &run.position, wait) => page?,
            };
            run.position = page.next;
            let is_due = !page.events.is_empty() || run.written.elapsed() >= IDLE_CHECKPOINT;
            if is_due && run.is_ahead() {
                *events += self.write(&mut run, &page.events).await?;
            }
        }
    }

    async fn run_to_end(&self, lease: &Lease) -> Result<u64, OwnTablesError> {
        let query = self.query()?;
        let mut run = self.begin(lease.clone()).await?;
        let mut events = 0;
        loop {
            self.keep_lease(&mut run).await?;
            let page = self.store.next(&query, &run.position, Duration::ZERO).await?;
            run.position = page.next;
            // Tables that were never begun are made, though there be no event yet.
            let is_due = !page.events.is_empty() || (page.at_end && run.is_ahead());
            if is_due {
                events += self.write(&mut run, &page.events).await?;
            }
            if page.at_end {
                return Ok(events);
            }
        }
    }

    fn query(&self) -> Result<FeedQuery, StoreError> {
        let category = |name: &str| {
            Category::new(name).map_err(|error| StoreError::Refused {
                doing: format!("following the events of {}", self.view),
                reason: error.to_string(),
            })
        };
        let categories = P::Event::categories().into_iter().map(category).collect::<Result<_, _>>()?;
        Ok(FeedQuery::categories(categories).limit(self.page_size))
    }

    async fn begin(&self, lease: Lease) -> Result<Run, OwnTablesError> {
        let now = Instant::now();
        let checkpoint = self.store.state(&self.view).await?.map(|state| state.checkpoint);
        let position = match &checkpoint {
            Some(checkpoint) => checkpoint.position.clone(),
            None => self.store.start(FeedStart::Beginning).await?,
        };
        Ok(Run { lease, renewed: now, checkpoint, written: now, position, connection: None })
    }

    /// Applies a page and moves the checkpoint, as one. Gives how many events it applied.
    async fn write(&self, run: &mut Run, page: &[RecordedEvent]) -> Result<u64, OwnTablesError> {
        let mut events = Vec::with_capacity(page.len());
        for recorded in page {
            if let Some(event) = P::Event::decode(recorded)?.event() {
                events.push(Recorded { header: recorded.header.clone(), event });
            }
        }
        let last = run.checkpoint.as_ref().and_then(|checkpoint| checkpoint.last_recorded_at);
        let checkpoint = Checkpoint {
            position: run.position.clone(),
            events: run.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.events) + events.len() as u64,
            last_recorded_at: events.last().map(|event| event.header.recorded_at).or(last),
        };
        // Whatever fails, and whoever drops this half-way: the connection goes, and the transaction with it.
        let mut connection = match run.connection.take() {
            Some(connection) => connection,
            None => self.store.database().connect().await.map_err(|fault| self.told(&fault))?,
        };
        self.write_on(&mut connection, run, &events, &checkpoint).await?;
        run.connection = Some(connection);
        run.checkpoint = Some(checkpoint);
        run.written = Instant::now();
        Ok(events.len() as u64)
    }

    async fn write_on(
        &self,
        connection: &mut PgConnection,
        run: &Run,
        events: &[Recorded<P::Event>],
        checkpoint: &Checkpoint,
    ) -> Result<(), OwnTablesError> {
        let database = self.store.database();
        let failed = |error: sqlx::Error| self.told(&Fault::from(error));
        let told = |fault: Fault| self.told(&fault);
        // The driver counts it, so that a transaction begun within it is a savepoint.
        let begin = AssertSqlSafe(database.options.begin());
        let mut transaction = connection.begin_with(begin).await.map_err(failed)?;
        let from = run.checkpoint.as_ref().map(|checkpoint| &checkpoint.position);
        let held = hold(&mut *transaction, database, &self.view, &run.lease, from).await;
        let held = held.map_err(|refusal| match refusal {
            Refusal::Fault(fault) => told(fault),
            Refusal::View(error) => error.into(),
        })?;
        if held.is_new {
            self.projection.reset(&mut transaction).await.map_err(|error| self.refused(error))?;
        }
        if !events.is_empty() {
            self.projection.apply(events, &mut transaction).await.map_err(|error| self.refused(error))?;
        }
        let moved =
            database.query(sql!("move_checkpoint")).bind(held.view).bind(checkpoint.position.to_string());
        let moved = moved.bind(number(checkpoint.events)).bind(checkpoint.last_recorded_at.map(Stamp));
        fetch(&mut transaction, moved.bind(0_i64).bind(0_i64)).await.map_err(told)?;
        transaction.commit().await.map_err(failed)
    }

    fn told(&self, fault: &Fault) -> OwnTablesError {
        fault.told(&format!("changing the tables of {}", self.view), &self.store.database().options).into()
    }

    /// What a projection says, told apart: a statement that failed is the store's, and may be tried again.
    fn refused(&self, error: BoxError) -> OwnTablesError {
        match error.downcast::<sqlx::Error>() {
            Ok(failed) => self.told(&Fault::from(*failed)),
            Err(source) => OwnTablesError::Projection { view: self.view.clone(), source },
        }
    }

    /// Renews the lease once a third of its time has gone.
    async fn keep_lease(&self, run: &mut Run) -> Result<(), OwnTablesError> {
        if run.renewed.elapsed() < self.lease / 3 {
            return Ok(());
        }
        let renewed = Instant::now();
        let Some(lease) = self.store.renew(&run.lease, self.lease).await? else {
            let (lease, owner) = (run.lease.name.clone(), self.owner.clone());
            return Err(ViewError::LeaseLost { view: self.view.clone(), lease, owner }.into());
        };
        (run.lease, run.renewed) = (lease, renewed);
        Ok(())
    }

    async fn acquire(&self) -> Result<Lease, OwnTablesError> {
        let name = format!("view:{}:{}", self.view.name, self.view.version);
        match Leases::acquire(&self.store, &name, &self.owner, self.lease).await? {
            Acquired::Granted(lease) => Ok(lease),
            Acquired::Held { owner, until } => {
                Err(OwnTablesError::LeaseHeld { view: self.view.clone(), owner, until })
            }
        }
    }

    async fn lease_within(&self, patience: Duration) -> Result<Lease, OwnTablesError> {
        let deadline = Instant::now() + patience;
        loop {
            match self.acquire().await {
                Err(OwnTablesError::LeaseHeld { .. }) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(fastrand::u64(10..50))).await;
                }
                answered => return answered,
            }
        }
    }

    /// Best effort: the lease runs out by itself.
    async fn give_back(&self, lease: &Lease) {
        if let Err(error) = self.store.release(lease).await {
            tracing::debug!(view = %self.view, %error, "the lease was not given back; it will run out");
        }
    }
}

impl Run {
    /// Whether the store does not know yet how far this run has come.
    fn is_ahead(&self) -> bool {
        self.checkpoint.as_ref().is_none_or(|checkpoint| checkpoint.position != self.position)
    }
}
