//! What breaks laws S01 to S04: repositories that believe snapshots, misread them, or wait for them.

use std::sync::Arc;
use std::time::Duration;

use annals_application::{ExecuteError, Executed, LoadError, stream_of};
use annals_core::{Rehydrated, Snapshotted, StreamHead};
use annals_ports::{Adapter, EventStoreExt, ReadRange, Snapshot};
use async_trait::async_trait;

use super::Breakage;
use crate::conformance::tally::{Tally, TallyCommand, TooLittle};
use crate::conformance::{Layers, RealLayers, Tallies};

/// How a snapshot is read wrongly.
#[derive(Clone, Copy, PartialEq)]
enum Misreading {
    AnySchema,
    AnyHistory,
    LastEventAgain,
    GarbageIsEmpty,
}

/// A repository that loads through snapshots in its own way, and is else the real one.
struct Misreader {
    adapter: Adapter,
    real: Arc<dyn Tallies>,
    misreading: Misreading,
}

impl Misreader {
    /// The state through the snapshot, if there is one that is believed.
    async fn through_snapshot(&self, id: &str) -> Option<Rehydrated<Tally>> {
        let stream = stream_of::<Tally>(&id.to_owned()).ok()?;
        let asked = self.adapter.snapshots.latest(&stream);
        let snapshot = tokio::time::timeout(Duration::from_millis(50), asked).await.ok()?.ok()??;
        let head = *snapshot.head();
        if snapshot.state_schema() != Tally::STATE_SCHEMA && self.misreading != Misreading::AnySchema {
            return None;
        }
        let state = match snapshot.state().decode::<Tally>() {
            Ok(state) => state,
            Err(_) if self.misreading == Misreading::GarbageIsEmpty => Tally::default(),
            Err(_) => return None,
        };
        let mut state = Rehydrated::new(state, Some(head));
        let tail = self.adapter.events.read_all(&stream, ReadRange::from(head.version)).await.ok()?;
        let stands = tail.first().is_some_and(|event| StreamHead::of(&event.header) == head);
        if !stands && self.misreading != Misreading::AnyHistory {
            return None;
        }
        let skipped = usize::from(stands && self.misreading != Misreading::LastEventAgain);
        for event in tail.iter().skip(skipped) {
            state.apply(event).ok()?;
        }
        Some(state)
    }
}

#[async_trait]
impl Tallies for Misreader {
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>> {
        self.real.execute(id, command).await
    }

    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError> {
        match self.through_snapshot(id).await {
            Some(state) => Ok(state),
            None => self.real.load(id).await,
        }
    }
}

impl Layers for Misreading {
    fn snapshotted(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        let real = RealLayers.snapshotted(adapter);
        Arc::new(Misreader { adapter: adapter.clone(), real, misreading: *self })
    }
}

/// S01: the snapshot's last event is applied a second time.
#[derive(Default)]
pub(super) struct AppliesAgain;

impl Breakage for AppliesAgain {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Misreading::LastEventAgain)
    }
}

/// S02: a snapshot's schema is not looked at.
#[derive(Default)]
pub(super) struct AnySchema;

impl Breakage for AnySchema {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Misreading::AnySchema)
    }
}

/// S02: a snapshot that does not decode is taken for the empty state.
#[derive(Default)]
pub(super) struct GarbageIsEmpty;

impl Breakage for GarbageIsEmpty {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Misreading::GarbageIsEmpty)
    }
}

/// S03: whether a snapshot is of this history is not looked at.
#[derive(Default)]
pub(super) struct AnyHistory;

impl Breakage for AnyHistory {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Misreading::AnyHistory)
    }
}

/// S04: a command is answered once its snapshot is written.
#[derive(Default)]
pub(super) struct AnswersLater;

impl Breakage for AnswersLater {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Waiting { then_fails: false })
    }
}

/// S04: a command whose snapshot cannot be written fails.
#[derive(Default)]
pub(super) struct FailsWithSnapshots;

impl Breakage for FailsWithSnapshots {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Waiting { then_fails: true })
    }
}

struct Waiting {
    then_fails: bool,
}

impl Layers for Waiting {
    fn snapshotted(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        let real = RealLayers.snapshotted(adapter);
        Arc::new(Waiter { adapter: adapter.clone(), real, then_fails: self.then_fails })
    }
}

struct Waiter {
    then_fails: bool,
    adapter: Adapter,
    real: Arc<dyn Tallies>,
}

#[async_trait]
impl Tallies for Waiter {
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>> {
        let done = self.real.execute(id, command).await?;
        let stream = stream_of::<Tally>(&id.to_owned()).map_err(ExecuteError::Stream)?;
        let head = done.receipt.as_ref().and_then(|receipt| receipt.head(&stream));
        let state = annals_core::Json::from_serialize(&done.state).ok();
        if let (Some(head), Some(state)) = (head, state) {
            let snapshot = Snapshot::as_stored(stream, head, Tally::STATE_SCHEMA, state);
            let saved = self.adapter.snapshots.save(snapshot).await;
            if self.then_fails {
                saved.map_err(|error| ExecuteError::Load(LoadError::Store(error)))?;
            }
        }
        Ok(done)
    }

    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError> {
        self.real.load(id).await
    }
}
