//! The states that were used last, in memory. A cached state is never trusted for being new: whoever uses it
//! proves it at the store (law C01). A newer state is never replaced by an older one, and no lock is held while
//! anything waits.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use annals_core::{Aggregate, Rehydrated, StreamId};
use lru::LruCache;

type States<A> = LruCache<StreamId, Arc<Rehydrated<A>>>;

/// At most so many states, the least recently used dropped first.
pub(crate) struct Cache<A> {
    states: Option<Mutex<States<A>>>,
}

impl<A: Aggregate> Cache<A> {
    /// A cache of `capacity` states; of 0, one that keeps nothing.
    pub(crate) fn new(capacity: usize) -> Self {
        // `sparse` allocates as it fills, not for the whole capacity at once.
        Self { states: NonZeroUsize::new(capacity).map(|capacity| Mutex::new(LruCache::sparse(capacity))) }
    }

    pub(crate) fn get(&self, stream: &StreamId) -> Option<Arc<Rehydrated<A>>> {
        self.with(|states| states.get(stream).cloned()).flatten()
    }

    /// Keeps a state, unless a newer one is there. That a stream has no events is not worth a place.
    pub(crate) fn put(&self, stream: &StreamId, state: &Arc<Rehydrated<A>>) {
        if state.head.is_none() {
            return;
        }
        self.with(|states| {
            if states.peek(stream).is_none_or(|kept| kept.version() < state.version()) {
                states.put(stream.clone(), Arc::clone(state));
            }
        });
    }

    /// Drops a state that was found not to be a beginning of its stream.
    pub(crate) fn remove(&self, stream: &StreamId) {
        self.with(|states| states.pop(stream));
    }

    fn with<T>(&self, change: impl FnOnce(&mut States<A>) -> T) -> Option<T> {
        let states = self.states.as_ref()?;
        // A panic elsewhere leaves whole states behind: each is put in one step.
        Some(change(&mut states.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use annals_core::{
        Aggregate, Context, Digest, DomainEvent, Rehydrated, StreamHead, StreamId, Timestamp, Version,
    };

    use super::Cache;

    #[derive(Clone, Debug, DomainEvent)]
    #[event(category = "thing")]
    enum ThingEvent {
        Happened {},
    }

    #[derive(Clone, Debug, Default)]
    struct Thing;

    impl Aggregate for Thing {
        type Id = String;
        type Event = ThingEvent;
        type Command = ();
        type Rejection = std::fmt::Error;

        fn evolve(&mut self, _: &ThingEvent) {}

        fn decide(&self, (): &(), _: &Context) -> Result<Vec<ThingEvent>, std::fmt::Error> {
            Ok(vec![ThingEvent::Happened {}])
        }
    }

    fn thing(name: &str) -> StreamId {
        StreamId::new("thing", name).unwrap()
    }

    fn at(version: u64) -> Arc<Rehydrated<Thing>> {
        let version = Version::new(version);
        let head = StreamHead { version, recorded_at: Timestamp::UNIX_EPOCH, digest: Digest::ORIGIN };
        Arc::new(Rehydrated::new(Thing, Some(head)))
    }

    #[test]
    fn an_older_state_never_replaces_a_newer_one() {
        let cache = Cache::new(2);
        cache.put(&thing("a"), &at(5));
        cache.put(&thing("a"), &at(4));
        assert_eq!(cache.get(&thing("a")).unwrap().version(), Version::new(5));
        cache.put(&thing("a"), &at(6));
        assert_eq!(cache.get(&thing("a")).unwrap().version(), Version::new(6));
    }

    #[test]
    fn the_least_recently_used_state_makes_room() {
        let cache = Cache::new(2);
        cache.put(&thing("a"), &at(1));
        cache.put(&thing("b"), &at(1));
        cache.get(&thing("a"));
        cache.put(&thing("c"), &at(1));
        assert!(cache.get(&thing("a")).is_some());
        assert!(cache.get(&thing("b")).is_none());
    }

    #[test]
    fn a_cache_of_no_capacity_keeps_nothing() {
        let cache = Cache::new(0);
        cache.put(&thing("a"), &at(1));
        assert!(cache.get(&thing("a")).is_none());
    }
}
