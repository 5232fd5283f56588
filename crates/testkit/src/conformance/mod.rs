//! The conformance suite: one test or more for each law of the contract, named after it, against the real thing.
//!
//! An adapter implements [`StoreUnderTest`] and writes `annals_testkit::conformance_suite!(ItsStore);` into a test.
//! Each law's functions start from a fresh store, and panic where the law is broken; the history that led there is
//! printed. No law is tested through an adapter's own insides: what cannot be seen at the ports is not promised.

#![expect(
    clippy::missing_panics_doc,
    reason = "a law's function panics where the law is broken: that is its use"
)]

mod commits;
mod feed;
mod feed_live;
mod history;
mod limits;
mod once;
mod reading;
mod reading_by_type;
mod retries;
mod scene;
mod snapshots;
mod stamps;
mod suite;
mod view_pages;
mod views;

use std::future::Future;
use std::time::Duration;

use annals_ports::Adapter;
use async_trait::async_trait;

use crate::ManualClock;

pub use commits::*;
pub use feed::*;
pub use feed_live::*;
pub use history::*;
pub use limits::*;
pub use once::*;
pub use reading::*;
pub use reading_by_type::*;
pub use retries::*;
pub use snapshots::*;
pub use stamps::*;
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
}

/// How long a law may take before it is said to hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a law to its end, on a runtime of its own with several threads.
///
/// # Panics
/// When the law is broken, or does not end within two minutes.
pub fn run<F: Future<Output = ()> + Send + 'static>(law: F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime can be started");
    // As a task of its own, so that a law that never yields is given up, too.
    let law = runtime.spawn(law);
    let outcome = runtime.block_on(async { tokio::time::timeout(PATIENCE, law).await });
    runtime.shutdown_background();
    let Ok(ended) = outcome else {
        panic!("the law's test did not end within {PATIENCE:?}: something hangs");
    };
    if let Err(broken) = ended {
        std::panic::resume_unwind(broken.into_panic());
    }
}
