//! The composition root: one open store, with the repositories and read models of the shop over it.
//!
//! Everything that this program does goes through an [`OrderMaster`]. It names no adapter: the store's URL does.

use std::future::Future;
use std::time::{Duration, Instant};

use annals::ports::StoreError;
use annals::projection::{AnyRunner, CaughtUp, Progress, ProjectionError};
use annals::{ConnectError, Repository, SnapshotPolicy, Store};
use ordermaster_domain::{Account, Inventory, Order, Payment};

use crate::read_models::{
    AccountSummary, CustomerOrders, CustomerTotals, DailySales, InventoryLevels, OrderHistory, OrderSummary,
    TransactionHistory,
};
use crate::stop::Stop;
use crate::views::{AnyView, ReadModel};

/// The shop over one store. Cheap to clone; clones share caches.
#[derive(Clone, Debug)]
pub struct OrderMaster {
    store: Store,
    orders: Repository<Order>,
    payments: Repository<Payment>,
    inventory: Repository<Inventory>,
    accounts: Repository<Account>,
    stop: Stop,
}

impl OrderMaster {
    /// Opens the store that `url` names; see [`annals::connect`].
    ///
    /// # Errors
    /// When the URL names no store of this build, or the store cannot be opened.
    pub async fn open(url: &str) -> Result<Self, ConnectError> {
        Ok(Self::over(annals::connect(url).await?))
    }

    /// The shop over a store that is open already.
    pub fn over(store: Store) -> Self {
        let policy = SnapshotPolicy::default();
        Self {
            orders: store.repository().with_snapshots(policy),
            payments: store.repository().with_snapshots(policy),
            inventory: store.repository().with_snapshots(policy),
            accounts: store.repository().with_snapshots(policy),
            store,
            stop: Stop::new(),
        }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Orders: their commands and their state.
    pub fn orders(&self) -> &Repository<Order> {
        &self.orders
    }

    /// Payments.
    pub fn payments(&self) -> &Repository<Payment> {
        &self.payments
    }

    /// Stock, by article.
    pub fn inventory(&self) -> &Repository<Inventory> {
        &self.inventory
    }

    /// Accounts.
    pub fn accounts(&self) -> &Repository<Account> {
        &self.accounts
    }

    /// Every read model, by name. A new one is added here, and nowhere else.
    pub fn read_models(&self) -> Vec<Box<dyn AnyView>> {
        let store = &self.store;
        vec![
            ReadModel::boxed(store, AccountSummary),
            ReadModel::boxed(store, CustomerOrders),
            ReadModel::boxed(store, CustomerTotals),
            ReadModel::boxed(store, DailySales),
            ReadModel::boxed(store, InventoryLevels),
            ReadModel::boxed(store, OrderHistory),
            ReadModel::boxed(store, OrderSummary),
            ReadModel::boxed(store, TransactionHistory),
        ]
    }

    /// The read model of this name.
    pub fn read_model(&self, name: &str) -> Option<Box<dyn AnyView>> {
        self.read_models().into_iter().find(|model| model.runner().name() == name)
    }

    /// The same shop, whose read models stop being worked on once `stop` is asked.
    #[must_use]
    pub fn stopped_by(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// Brings every read model up to date; see [`Self::bring_up_to_date`].
    ///
    /// # Errors
    /// What stopped the first view that stopped; those before it are up to date.
    pub async fn catch_up(
        &self,
        on_progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<(), CatchUpError> {
        for model in self.read_models() {
            self.bring_up_to_date(model.runner(), on_progress).await?;
        }
        Ok(())
    }

    /// Brings one read model up to date. While another process is at it, it is waited for, until the view is up to
    /// date or the lease of a process that died has run out: rows that are behind are never taken for the answer.
    /// Only in a store that can only be read does the view stay as it is, which the answer tells.
    ///
    /// # Errors
    /// What stopped it; [`CatchUpError::Stopped`] when it was asked to.
    pub async fn bring_up_to_date(
        &self,
        runner: &dyn AnyRunner,
        on_progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<Brought, CatchUpError> {
        let deadline = Instant::now() + OTHERS;
        loop {
            match self.until_stopped(runner, runner.catch_up(&mut *on_progress)).await {
                Err(CatchUpError::Projection(error @ ProjectionError::LeaseHeld { .. })) => {
                    if runner.lag().await?.at_end {
                        return Ok(Brought::UpToDate);
                    }
                    if Instant::now() >= deadline {
                        return Err(error.into());
                    }
                }
                Err(CatchUpError::Projection(ProjectionError::Store(StoreError::ReadOnly { .. }))) => {
                    let at_end = runner.lag().await?.at_end;
                    return Ok(if at_end { Brought::UpToDate } else { Brought::LeftBehind });
                }
                caught_up => return caught_up.map(|_| Brought::UpToDate),
            }
        }
    }

    /// Builds one read model again, from the first event on.
    ///
    /// # Errors
    /// What stopped it; [`CatchUpError::Stopped`] when it was asked to.
    pub async fn rebuild(
        &self,
        runner: &dyn AnyRunner,
        on_progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<CaughtUp, CatchUpError> {
        self.until_stopped(runner, runner.rebuild(on_progress)).await
    }

    /// Work that is given up when it is asked to stop leaves no lease behind, for which the next one would wait.
    async fn until_stopped(
        &self,
        runner: &dyn AnyRunner,
        work: impl Future<Output = Result<CaughtUp, ProjectionError>> + Send,
    ) -> Result<CaughtUp, CatchUpError> {
        if let Some(done) = self.stop.unless_asked(work).await {
            return Ok(done?);
        }
        runner.give_up().await?;
        Err(CatchUpError::Stopped { view: runner.name() })
    }
}

/// How long another process's runner is waited for: longer than the lease of one that died.
const OTHERS: Duration = Duration::from_secs(20);

/// How a read model stands after it was to be brought up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// It holds every event.
    UpToDate,
    /// The store can only be read, and so the view stays behind.
    LeftBehind,
}

/// Why a read model is not up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatchUpError {
    /// The projection stopped.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// It was asked to stop.
    #[error("{view} was stopped before it was up to date: run it again, it goes on where it was")]
    Stopped {
        /// The view.
        view: &'static str,
    },
}
