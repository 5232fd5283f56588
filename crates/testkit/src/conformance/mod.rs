//! The conformance suite: one test or more for each law of the contract, named after it, against the real thing.
//!
//! An adapter implements [`StoreUnderTest`] and writes `annals_testkit::conformance_suite!(ItsStore);` into a test.
//! Each law's functions start from a fresh store, and panic where the law is broken; the history that led there is
//! printed. No law is tested through an adapter's own insides: what cannot be seen at the ports is not promised.

#![expect(
    clippy::missing_panics_doc,
    reason = "a law's function panics where the law is broken: that is its use"
)]

mod abilities;
#[cfg(feature = "full")]
mod commands;
mod commits;
mod errors;
mod feed;
mod feed_live;
mod history;
mod inspection;
#[cfg(feature = "full")]
mod layers;
mod limits;
mod once;
mod outages;
#[cfg(feature = "full")]
mod read_models;
mod reading;
mod reading_by_type;
mod retries;
mod scene;
mod snapshots;
mod stamps;
#[cfg(feature = "full")]
mod states;
mod suite;
#[cfg(feature = "full")]
pub mod tally;
#[cfg(feature = "full")]
mod undecodable;
mod view_pages;
mod views;

use std::future::Future;
use std::time::Duration;

use annals_ports::{Acquired, Adapter, Lease};
use async_trait::async_trait;

use crate::ManualClock;

#[cfg(feature = "broken")]
pub(crate) use abilities::cut_line_saying;
pub use abilities::{Held, Secret};
#[cfg(feature = "full")]
pub use commands::*;
pub use commits::*;
pub use errors::*;
pub use feed::*;
pub use feed_live::*;
pub use history::*;
pub use inspection::*;
#[cfg(feature = "full")]
pub use layers::{Layers, RealLayers, Tallies};
#[cfg(feature = "broken")]
pub(crate) use layers::{pages_of, repository};
pub use limits::*;
pub use once::*;
pub use outages::*;
#[cfg(feature = "full")]
pub use read_models::*;
pub use reading::*;
pub use reading_by_type::*;
pub use retries::*;
pub use snapshots::*;
pub use stamps::*;
#[cfg(feature = "full")]
pub use states::*;
pub use suite::{Law, laws};
#[cfg(feature = "full")]
pub use undecodable::*;
pub use view_pages::*;
pub use views::*;

/// A store that a law can be tried on: an empty one of its own for each test.
///
/// ```
/// use annals_ports::Adapter;
/// use annals_testkit::{ManualClock, conformance::StoreUnderTest};
/// use std::sync::Arc;
///
/// struct Memory(annals_memory::MemoryStore, ManualClock);
///
/// #[async_trait::async_trait]
/// impl StoreUnderTest for Memory {
///     async fn fresh() -> Self {
///         let clock = ManualClock::at_present();
///         Self(annals_memory::MemoryStore::with_clock(Arc::new(clock.clone())), clock)
///     }
///     fn adapter(&self) -> Adapter { self.0.adapter() }
///     fn clock(&self) -> &ManualClock { &self.1 }
///     async fn reopen(&mut self) {} // nothing outlives the process
///     async fn second(&self) -> Adapter { self.0.adapter() }
/// }
///
/// use annals_testkit::conformance::{a03_exact_beyond_the_head_conflicts, run};
/// run(a03_exact_beyond_the_head_conflicts::<Memory>());
/// ```
#[async_trait]
pub trait StoreUnderTest: Send + Sync + 'static {
    /// A new, empty store. Its clock starts at the present, since a store with a clock of its own refuses stamps
    /// that are more than 10 s from it; the suite moves it by less than that.
    async fn fresh() -> Self;

    /// The store as this process has it open.
    fn adapter(&self) -> Adapter;

    /// The clock that the adapters stamp by.
    fn clock(&self) -> &ManualClock;

    /// Closes the store and opens it again, as a new process would. Adapters given out before are not used after.
    async fn reopen(&mut self);

    /// The same store as another process would have it open, stamping by the same clock.
    async fn second(&self) -> Adapter;

    /// Hangs a writer, in another process where that is possible: one that has begun to write and does not end before
    /// the answer is dropped. None where writers cannot hang.
    async fn hang_writer(&self) -> Option<Held> {
        None
    }

    /// Whether the feed promises that a commit which began after another was answered comes later (law F08). A store that
    /// promises F02 alone says no.
    fn keeps_the_order_of_answers(&self) -> bool {
        true
    }

    /// Whether the store can be kept up through these adapters (law I01).
    fn has_upkeep(&self) -> bool {
        true
    }

    /// For how long a writer that hangs may hold readers back (law F07).
    fn writer_timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Takes the store away, for writers at least, until the answer is dropped. None where that cannot happen.
    async fn take_away(&self) -> Option<Held> {
        None
    }

    /// Has every write of a checkpoint fail within the store, once the rows before it were written, until the answer is
    /// dropped. None where a batch cannot fail half-way.
    async fn stick_checkpoints(&self) -> Option<Held> {
        None
    }

    /// How long a call may take that the store, being away, cannot carry out (law E02).
    fn time_out(&self) -> Duration {
        Duration::from_secs(15)
    }

    /// The store behind a line that is cut after the next commit was written, and before it is answered.
    async fn cut_line(&self) -> Option<Adapter> {
        Some(abilities::cut_line(self.adapter()))
    }

    /// Takes a lease of a millisecond over for `owner`, from another process, as soon as it has run out.
    async fn steal_lease(&self, name: &str, owner: &str) -> Option<Lease> {
        let second = self.second().await;
        for _ in 0..100 {
            // A store that keeps leases by a clock of its own needs its time, another the test's clock moved.
            self.clock().advance(Duration::from_millis(20));
            tokio::time::sleep(Duration::from_millis(2)).await;
            let hour = Duration::from_secs(3_600);
            match second.leases.acquire(name, owner, hour).await {
                Ok(Acquired::Granted(lease)) => return Some(lease),
                Ok(Acquired::Held { .. }) => {}
                Err(error) => panic!("leases can be asked for: {error}"),
            }
        }
        None
    }

    /// A secret that the store was opened with, and whatever shows to people that it could have got into. None where
    /// it was opened without one.
    async fn secret(&self) -> Option<Secret> {
        None
    }

    /// The layers above the store. The real ones; only who tests the suite itself puts others here.
    #[cfg(feature = "full")]
    fn layers(&self) -> std::sync::Arc<dyn Layers> {
        std::sync::Arc::new(RealLayers)
    }

    /// How long something is waited for that must come. Only who tests the suite itself has less.
    const PATIENCE: Duration = Duration::from_secs(100);

    /// How many events the long stream of law R01 has. Only who tests the suite itself has fewer.
    const LONG_STREAM: u64 = 10_000;
}

/// How long a law may take before it is said to hang.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs a law to its end, on a runtime of its own with several threads.
///
/// # Panics
/// When the law is broken, or does not end within two minutes.
pub fn run<F: Future<Output = ()> + Send + 'static>(law: F) {
    run_within(PATIENCE, law);
}

/// The same, with another patience.
///
/// # Panics
/// When the law is broken, or does not end in time.
pub fn run_within<F: Future<Output = ()> + Send + 'static>(patience: Duration, law: F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime can be started");
    // As a task of its own, so that a law that never yields is given up, too.
    let law = runtime.spawn(law);
    let outcome = runtime.block_on(async { tokio::time::timeout(patience, law).await });
    runtime.shutdown_background();
    let Ok(ended) = outcome else {
        panic!("the law's test did not end within {patience:?}: something hangs");
    };
    if let Err(broken) = ended {
        std::panic::resume_unwind(broken.into_panic());
    }
}
