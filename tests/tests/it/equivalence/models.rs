//! All read models of the reference application, in their version and in the next.

use annals::ports::IndexValues;
use annals::projection::{AnyRunner, Keys, Projection, RunnerOptions};
use annals::{Recorded, Store};
use ordermaster::read_models::{
    AccountSummary, CustomerOrders, CustomerTotals, DailySales, InventoryLevels, OrderHistory, OrderSummary,
    TransactionHistory,
};

/// Which version of the read models is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Models {
    Today,
    Renewed,
}

/// The same rows under the next version.
struct Renewed<P>(P);

impl<P: Projection> Projection for Renewed<P> {
    const NAME: &'static str = P::NAME;
    const VERSION: u32 = P::VERSION + 1;
    const INDEXES: &'static [&'static str] = P::INDEXES;

    type Event = P::Event;
    type Key = P::Key;
    type Row = P::Row;

    fn keys(&self, event: &Recorded<Self::Event>) -> Keys<Self::Key> {
        self.0.keys(event)
    }

    fn apply(
        &self,
        key: &Self::Key,
        row: Option<Self::Row>,
        event: &Recorded<Self::Event>,
    ) -> Option<Self::Row> {
        self.0.apply(key, row, event)
    }

    fn index(&self, key: &Self::Key, row: &Self::Row) -> IndexValues {
        self.0.index(key, row)
    }
}

fn runner<P: Projection>(
    store: &Store,
    page_size: usize,
    models: Models,
    projection: P,
) -> Box<dyn AnyRunner> {
    let options = RunnerOptions { page_size, ..RunnerOptions::default() };
    match models {
        Models::Today => Box::new(store.runner(projection).with_options(options)),
        Models::Renewed => Box::new(store.runner(Renewed(projection)).with_options(options)),
    }
}

pub(crate) fn runners(store: &Store, page_size: usize, models: Models) -> Vec<Box<dyn AnyRunner>> {
    vec![
        runner(store, page_size, models, AccountSummary),
        runner(store, page_size, models, CustomerOrders),
        runner(store, page_size, models, CustomerTotals),
        runner(store, page_size, models, DailySales),
        runner(store, page_size, models, InventoryLevels),
        runner(store, page_size, models, OrderHistory),
        runner(store, page_size, models, OrderSummary),
        runner(store, page_size, models, TransactionHistory),
    ]
}

/// Brings the read models up to date; what stood in the way of one is tried again.
pub(crate) async fn catch_up(store: &Store, page_size: usize, models: Models) {
    for runner in runners(store, page_size, models) {
        let mut tries = 0..super::shop::TRIES;
        while let Err(error) = runner.catch_up(&mut |_| {}).await {
            assert!(error.is_transient() && tries.next().is_some(), "{}: {error}", runner.name());
        }
    }
}
