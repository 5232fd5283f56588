//! A sound store with a breakage before it, as a store under test. It can do everything that the suite asks for: go
//! away, have a writer hang, checkpoints that stick, lose an answer, be opened with a secret; so that no law is left out.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals_core::{StreamHead, StreamId};
use annals_ports::{
    Adapter, Commit, CommitError, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage, TypeQuery,
};
use async_trait::async_trait;

use super::breakage::{Breakage, Sound, broken};
use super::checkpoints::Stuck;
use crate::ManualClock;
use crate::conformance::{Held, Layers, Secret, StoreUnderTest, cut_line_saying};

type Make = fn() -> Arc<dyn Breakage>;

tokio::task_local! {
    /// Which breakage stands before the stores that a law's test makes.
    static CHOSEN: Make;
}

/// Runs a law's test with this breakage before each [`Broken`] store that it makes.
pub fn with_breakage<F: Future<Output = ()>>(make: Make, test: F) -> impl Future<Output = ()> {
    CHOSEN.scope(make, test)
}

/// The store `S` with a breakage before it: the one that [`with_breakage`] chose.
pub struct Broken<S> {
    sound: S,
    breakage: Arc<dyn Breakage>,
    is_away: Arc<AtomicBool>,
    is_stuck: Arc<AtomicBool>,
}

impl<S: StoreUnderTest> Broken<S> {
    fn over(&self, adapter: Adapter, is_second: bool) -> Adapter {
        let events = Absent { events: adapter.events.clone(), is_away: self.is_away.clone() };
        let views = Stuck { views: adapter.views.clone(), is_stuck: self.is_stuck.clone() };
        let adapter = Adapter { events: Arc::new(events), views: Arc::new(views), ..adapter };
        let sound = Sound { adapter, clock: self.sound.clock().clone(), is_second };
        broken(sound, self.breakage.clone())
    }
}

#[async_trait]
impl<S: StoreUnderTest> StoreUnderTest for Broken<S> {
    const PATIENCE: Duration = Duration::from_secs(4);
    const LONG_STREAM: u64 = 1_300;

    async fn fresh() -> Self {
        let make = CHOSEN.get();
        Self { sound: S::fresh().await, breakage: make(), is_away: Arc::default(), is_stuck: Arc::default() }
    }

    fn adapter(&self) -> Adapter {
        self.over(self.sound.adapter(), false)
    }

    fn clock(&self) -> &ManualClock {
        self.sound.clock()
    }

    async fn reopen(&mut self) {
        self.sound.reopen().await;
        self.breakage.reopened();
    }

    async fn second(&self) -> Adapter {
        self.over(self.sound.second().await, true)
    }

    async fn hang_writer(&self) -> Option<Held> {
        self.breakage.writer_hangs(true);
        Some(Box::new(Hung(self.breakage.clone())))
    }

    fn writer_timeout(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn take_away(&self) -> Option<Held> {
        Some(Box::new(Until::dropped(&self.is_away)))
    }

    async fn stick_checkpoints(&self) -> Option<Held> {
        Some(Box::new(Until::dropped(&self.is_stuck)))
    }

    fn time_out(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn cut_line(&self) -> Option<Adapter> {
        Some(cut_line_saying(self.adapter(), self.breakage.effect_of_a_lost_answer()))
    }

    async fn secret(&self) -> Option<Secret> {
        Some(Secret { secret: SECRET.to_owned(), shown: Vec::new() })
    }

    fn layers(&self) -> Arc<dyn Layers> {
        self.breakage.layers()
    }
}

/// What the store is opened with, as far as anybody must know.
pub(super) const SECRET: &str = "open-sesame";

struct Hung(Arc<dyn Breakage>);

impl Drop for Hung {
    fn drop(&mut self) {
        self.0.writer_hangs(false);
    }
}

/// Something that holds until this is dropped.
struct Until(Arc<AtomicBool>);

impl Until {
    fn dropped(holds: &Arc<AtomicBool>) -> Self {
        holds.store(true, Ordering::SeqCst);
        Self(holds.clone())
    }
}

impl Drop for Until {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// An event store that can be away for writers.
struct Absent {
    events: Arc<dyn EventStore>,
    is_away: Arc<AtomicBool>,
}

#[async_trait]
impl EventStore for Absent {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        if self.is_away.load(Ordering::SeqCst) {
            let (doing, source) = (commit.doing(), "nobody is there".into());
            return Err(CommitError::not_written(StoreError::Unavailable { doing, source }));
        }
        self.events.commit(commit).await
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        self.events.read_stream(stream, range).await
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        self.events.head(stream).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        self.events.read_by_type(query).await
    }
}
