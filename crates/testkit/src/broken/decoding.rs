//! More that breaks laws C01 and E03: states from memory, and read models that skip.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_application::{ExecuteError, Executed, LoadError};
use annals_core::{EventSet, Rehydrated, Version};
use annals_ports::{
    Adapter, EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, StoreError,
};
use annals_projection::AnyRunner;
use async_trait::async_trait;

use super::Breakage;
use crate::conformance::tally::{Tally, TallyCommand, TallyOrGift, TooLittle};
use crate::conformance::{Layers, RealLayers, Tallies};

/// C01: an aggregate that was loaded before is answered as it was then.
#[derive(Default)]
pub(super) struct LoadsFromMemory;

impl Breakage for LoadsFromMemory {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for LoadsFromMemory {
    fn cached(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        Arc::new(Stale { real: RealLayers.cached(adapter), loaded: Mutex::default() })
    }
}

struct Stale {
    real: Arc<dyn Tallies>,
    loaded: Mutex<HashMap<String, Rehydrated<Tally>>>,
}

#[async_trait]
impl Tallies for Stale {
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>> {
        self.real.execute(id, command).await
    }

    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(loaded) = loaded {
            return Ok(loaded);
        }
        let state = self.real.load(id).await?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.insert(id.to_owned(), state.clone());
        Ok(state)
    }
}

/// C01: what was empty a moment ago is taken for empty still.
#[derive(Default)]
pub(super) struct DoesNothingFromMemory;

impl Breakage for DoesNothingFromMemory {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for DoesNothingFromMemory {
    fn cached(&self, adapter: &Adapter) -> Arc<dyn Tallies> {
        Arc::new(Idle { real: RealLayers.cached(adapter), emptied: Mutex::default() })
    }
}

struct Idle {
    real: Arc<dyn Tallies>,
    emptied: Mutex<HashMap<String, (Version, Tally)>>,
}

#[async_trait]
impl Tallies for Idle {
    async fn execute(
        &self,
        id: &str,
        command: TallyCommand,
    ) -> Result<Executed<Tally>, ExecuteError<TooLittle>> {
        let emptied = self.emptied.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let (Some((version, state)), TallyCommand::Empty) = (emptied, &command) {
            return Ok(Executed { version, events: Vec::new(), state, receipt: None });
        }
        let done = self.real.execute(id, command).await?;
        if done.state.total == 0 {
            let mut emptied = self.emptied.lock().unwrap_or_else(PoisonError::into_inner);
            emptied.insert(id.to_owned(), (done.version, done.state.clone()));
        }
        Ok(done)
    }

    async fn load(&self, id: &str) -> Result<Rehydrated<Tally>, LoadError> {
        self.real.load(id).await
    }
}

/// E03: a read model skips what it cannot decode.
#[derive(Default)]
pub(super) struct SkipsTheUndecodable;

impl Breakage for SkipsTheUndecodable {
    fn layers(&self) -> Arc<dyn Layers> {
        Arc::new(Self)
    }
}

impl Layers for SkipsTheUndecodable {
    fn runner(&self, adapter: &Adapter, page_size: usize) -> Box<dyn AnyRunner> {
        let feed = Arc::new(Decodable(adapter.feed.clone()));
        RealLayers.runner(&Adapter { feed, ..adapter.clone() }, page_size)
    }
}

/// A feed without what the suite's read model cannot decode.
struct Decodable(Arc<dyn EventFeed>);

#[async_trait]
impl EventFeed for Decodable {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let mut page = self.0.next(query, after, wait).await?;
        page.events.retain(|event| TallyOrGift::decode(event).is_ok());
        Ok(page)
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        self.0.start(from).await
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        self.0.locate(receipt).await
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        self.0.health().await
    }
}
