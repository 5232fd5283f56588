//! What breaks laws C01 to C03 and E03: repositories that answer from memory, write for nothing, give up at once, or
//! pass over what they cannot decode.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use annals_application::{ExecuteError, Executed, LoadError, stream_of};
use annals_core::{Aggregate, CommitId, Context, Metadata, Rehydrated};
use annals_ports::{Adapter, Append, Clock, Commit, Expectation, NewEvent, SystemClock};
use async_trait::async_trait;

use super::Breakage;
use crate::conformance::tally::{Tally, TallyCommand, TallyEvent, TooLittle};
use crate::conformance::{Layers, RealLayers, Tallies, repository};

/// C01: a command that the remembered state refuses is refused, whatever was committed since.
#[derive(Default)]
pub(super) struct RefusesFromMemory;

impl Breakage for RefusesFromMemory {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for RefusesFromMemory {
    fn cached(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        Arc::new(Remembering { real: RealLayers.cached(adapter), known: Mutex::default() })
    }
}

struct Remembering {
    real: Arc<dyn Tallies>,
    known: Mutex<HashMap<String, Tally>>,
}

#[async_trait]
impl Tallies for Remembering {
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(known) = known {
            let context = Context::new(SystemClock.now(), Metadata::new());
            known.decide(&command, &context).map_err(ExecuteError::Rejected)?;
        }
        let done = self.real.execute(id, command).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.to_owned(), done.state.clone());
        Ok(done)
    }

    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError> {
        self.real.load(id).await
    }
}

/// C02: an empty decision leaves an event that means nothing.
#[derive(Default)]
pub(super) struct RecordsNothing;

impl Breakage for RecordsNothing {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for RecordsNothing {
    fn cached(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        Arc::new(Recording { adapter: adapter.clone(), real: RealLayers.cached(adapter) })
    }
}

struct Recording {
    adapter: Adapter,
    real: Arc<dyn Tallies>,
}

#[async_trait]
impl Tallies for Recording {
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>> {
        let done = self.real.execute(id, command).await?;
        if done.is_unchanged() {
            let stream = stream_of::<Tally>(&id.to_owned())?;
            let event = NewEvent::encode(&TallyEvent::Counted { by: 0 }, &Metadata::new())?;
            let append = Append::new(stream, Expectation::Any, vec![event]);
            self.adapter.events.commit(Commit::new(CommitId::new(), vec![append])?).await?;
        }
        Ok(done)
    }

    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError> {
        self.real.load(id).await
    }
}

/// C03: the first conflict is the caller's.
#[derive(Default)]
pub(super) struct GivesUp;

impl Breakage for GivesUp {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for GivesUp {
    fn cached(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        Arc::new(repository(adapter, 64, 0))
    }
}

/// E03: a tally whose events cannot be decoded is taken for an empty one.
#[derive(Default)]
pub(super) struct BeginsAnew;

impl Breakage for BeginsAnew {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for BeginsAnew {
    fn cached(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        Arc::new(Beginning(RealLayers.cached(adapter)))
    }
}

struct Beginning(Arc<dyn Tallies>);

#[async_trait]
impl Tallies for Beginning {
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>> {
        self.0.execute(id, command).await
    }

    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError> {
        match self.0.load(id).await {
            Err(LoadError::Decode(_)) => Ok(Rehydrated::default()),
            answer => answer,
        }
    }
}
