//! The repository: one kind of aggregate in one store. Here is what it is made of; running commands is in
//! `execute`, reading state in `loading` and `temporal`.

use std::fmt;
use std::sync::Arc;

use annals_core::{Aggregate, InvalidStreamId, Rehydrated, Snapshotted, StreamId, Timestamp, Version};
use annals_ports::{Adapter, EventStore};

use crate::cache::Cache;
use crate::snapshots::Snapshots;
use crate::{LoadError, RepositoryOptions, SnapshotPolicy};

/// Runs the commands of one kind of aggregate, and reads its state. Cheap to clone; clones share one cache.
pub struct Repository<A: Aggregate> {
    parts: Arc<Parts<A>>,
}

struct Parts<A: Aggregate> {
    adapter: Adapter,
    options: RepositoryOptions,
    cache: Cache<A>,
    snapshots: Option<Snapshots<A>>,
}

/// The stream of the aggregate with this id.
///
/// # Errors
/// When the id is not 1 to 128 visible ASCII characters, or the category not valid (law A08).
pub fn stream_of<A: Aggregate>(id: &A::Id) -> Result<StreamId, InvalidStreamId> {
    StreamId::new(A::CATEGORY, &id.to_string())
}

impl<A: Aggregate> Repository<A> {
    /// A repository in this store, with the machine's clock, the default options and no snapshots.
    pub fn new(adapter: Adapter) -> Self {
        Self::of(adapter, RepositoryOptions::default(), None)
    }

    /// The same with other options, and an empty cache.
    #[must_use]
    pub fn with_options(self, options: RepositoryOptions) -> Self {
        Self::of(self.parts.adapter.clone(), options, self.parts.snapshots.clone())
    }

    /// The same with snapshots, and an empty cache. They are written in the background, after a command is answered
    /// (law S04).
    #[must_use]
    pub fn with_snapshots(self, policy: SnapshotPolicy) -> Self
    where
        A: Snapshotted,
    {
        let adapter = self.parts.adapter.clone();
        let snapshots = Snapshots::new(Arc::clone(&adapter.snapshots), policy);
        Self::of(adapter, self.parts.options.clone(), Some(snapshots))
    }

    fn of(adapter: Adapter, options: RepositoryOptions, snapshots: Option<Snapshots<A>>) -> Self {
        let cache = Cache::new(options.cache_capacity);
        Self { parts: Arc::new(Parts { adapter, options, cache, snapshots }) }
    }

    /// The stream of the aggregate with this id.
    ///
    /// # Errors
    /// When the id is not 1 to 128 visible ASCII characters (law A08).
    pub fn stream_of(&self, id: &A::Id) -> Result<StreamId, InvalidStreamId> {
        stream_of::<A>(id)
    }

    /// The state of an aggregate: the fold of its stream up to a head that it had after this call began. An
    /// aggregate without events is in its default state at version 0.
    ///
    /// # Errors
    /// When the store fails, or an event cannot be decoded.
    pub async fn load(&self, id: &A::Id) -> Result<Rehydrated<A>, LoadError> {
        let stream = self.stream_of(id)?;
        Ok(Arc::unwrap_or_clone(self.fresh(&stream).await?))
    }

    /// The store that it works on.
    pub fn adapter(&self) -> &Adapter {
        &self.parts.adapter
    }

    pub(crate) fn events(&self) -> &dyn EventStore {
        self.parts.adapter.events.as_ref()
    }

    pub(crate) fn options(&self) -> &RepositoryOptions {
        &self.parts.options
    }

    pub(crate) fn cache(&self) -> &Cache<A> {
        &self.parts.cache
    }

    pub(crate) fn snapshots(&self) -> Option<&Snapshots<A>> {
        self.parts.snapshots.as_ref()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.options.clock.now()
    }

    /// Keeps a state that was reached from version `before`, and has a snapshot of it written where one is due.
    pub(crate) fn remember(&self, stream: &StreamId, before: Version, state: &Arc<Rehydrated<A>>) {
        self.cache().put(stream, state);
        if let Some(snapshots) = self.snapshots() {
            snapshots.reached(stream, before, state);
        }
    }
}

impl<A: Aggregate> Clone for Repository<A> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts) }
    }
}

impl<A: Aggregate> fmt::Debug for Repository<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("category", &A::CATEGORY)
            .field("adapter", &self.parts.adapter)
            .field("options", &self.parts.options)
            .field("snapshots", &self.parts.snapshots.as_ref().map(Snapshots::policy))
            .finish_non_exhaustive()
    }
}
