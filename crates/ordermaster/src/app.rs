//! The composition root: one open store, with the repositories and read models of the shop over it.
//!
//! Everything that this program does goes through an [`OrderMaster`]. It names no adapter: the store's URL does.

use std::time::{Duration, Instant};

use annals::projection::{AnyRunner, Progress, ProjectionError};
use annals::{ConnectError, Repository, SnapshotPolicy, Store};
use ordermaster_domain::{Account, Inventory, Order, Payment};

use crate::read_models::{
    AccountSummary, CustomerOrders, CustomerTotals, DailySales, InventoryLevels, OrderHistory, OrderSummary,
    TransactionHistory,
};
use crate::views::{AnyView, ReadModel};

/// The shop over one store. Cheap to clone; clones share caches.
#[derive(Clone, Debug)]
pub struct OrderMaster {
    store: Store,
    orders: Repository<Order>,
    payments: Repository<Payment>,
    inventory: Repository<Inventory>,
    accounts: Repository<Account>,
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

    /// Brings every read model up to date. A view that another process keeps up to date is left to it.
    ///
    /// # Errors
    /// What stopped the first view that stopped; those before it are up to date.
    pub async fn catch_up(
        &self,
        on_progress: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<(), ProjectionError> {
        for model in self.read_models() {
            catch_up_one(model.runner(), on_progress).await?;
        }
        Ok(())
    }
}

/// How long another process's runner is waited for: longer than the lease of one that died.
const OTHERS: Duration = Duration::from_secs(20);

/// Brings one read model up to date. While another process is at it, it is waited for, until the view is up to date
/// or the lease of a process that died has run out: rows that are behind are never taken for the answer.
///
/// # Errors
/// What stopped it.
pub async fn catch_up_one(
    runner: &dyn AnyRunner,
    on_progress: &mut (dyn FnMut(&Progress) + Send),
) -> Result<(), ProjectionError> {
    let deadline = Instant::now() + OTHERS;
    loop {
        match runner.catch_up(&mut *on_progress).await {
            Err(error @ ProjectionError::LeaseHeld { .. }) => {
                if runner.lag().await?.at_end {
                    return Ok(());
                }
                if Instant::now() >= deadline {
                    return Err(error);
                }
            }
            caught_up => return caught_up.map(|_| ()),
        }
    }
}
