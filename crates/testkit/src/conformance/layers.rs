//! The layers above the store, as the laws C, S, V05, V06 and E03 see them: the application's repository and the
//! projections' runner. Real by default; a broken part put in here is what shows that those laws' tests can fail.

use std::sync::Arc;
use std::time::Duration;

use annals_application::{ExecuteError, Executed, LoadError, Repository, RepositoryOptions, SnapshotPolicy};
use annals_core::{Metadata, RecordedEvent, Rehydrated};
use annals_ports::Adapter;
use annals_projection::{AnyRunner, InterleavingError, Interleavings, Runner, RunnerOptions, interleavings};
use async_trait::async_trait;

use super::tally::{Holdings, Tally, TallyCommand, TooLittle};

/// How many interleavings are tried, at most.
const INTERLEAVINGS: usize = 200;

/// What runs commands and read models over a store under test. Each part is the real one unless another stands in.
pub trait Layers: Send + Sync {
    /// A repository of tallies that keeps what it knows of them.
    fn cached(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        Arc::new(repository(adapter, 64, 8))
    }

    /// A repository of tallies that knows nothing but snapshots, of which it writes one every third event.
    fn snapshotted(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        let policy = SnapshotPolicy::every(3).patience(Duration::from_millis(100));
        Arc::new(repository(adapter, 0, 8).with_snapshots(policy))
    }

    /// A runner of the read model, in pages of so many events.
    fn runner(&self, adapter: &Adapter, page_size: usize) -> Box<dyn AnyRunner> {
        Box::new(Runner::new(adapter.clone(), Holdings).with_options(pages_of(page_size)))
    }

    /// The read model over interleavings of these streams (law V06).
    ///
    /// # Errors
    /// What [`interleavings`] found.
    fn interleavings(&self, streams: &[Vec<RecordedEvent>]) -> Result<Interleavings, InterleavingError> {
        interleavings(Holdings, streams, 6, INTERLEAVINGS)
    }
}

/// The real layers.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealLayers;

impl Layers for RealLayers {}

/// A repository of tallies.
#[async_trait]
pub trait Tallies: Send + Sync {
    /// Carries a command out.
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>>;

    /// The state as it is.
    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError>;
}

#[async_trait]
impl Tallies for Repository<Tally> {
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>> {
        Repository::execute(self, &id.to_owned(), &command, Metadata::new()).await
    }

    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError> {
        Repository::load(self, &id.to_owned()).await
    }
}

/// The real repository, with pauses that a test need not wait for.
pub(crate) fn repository(adapter: &Adapter, cache: usize, retries: u32) -> Repository<Tally> {
    let options = RepositoryOptions::default().cache_capacity(cache).retries(retries);
    let options = options.backoff(Duration::from_micros(10), Duration::from_millis(1));
    Repository::new(adapter.clone()).with_options(options)
}

/// A runner's options, for pages of so many events.
pub(crate) fn pages_of(page_size: usize) -> RunnerOptions {
    RunnerOptions { page_size, ..RunnerOptions::default() }
}
