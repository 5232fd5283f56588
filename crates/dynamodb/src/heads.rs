//! Heads that this store told this process: what a commit may stand on without asking again (laws A02, A03 and A14).
//!
//! Events are never removed, so an entry that was right once stays right about its version; it only moves forward, when
//! a later head is told. What is not here is read.

use std::sync::{Mutex, PoisonError};

use annals_core::{StreamHead, StreamId, Timestamp};
use lru::LruCache;

use crate::event_item;
use crate::fault::Fault;
use crate::item::{Attributes, Item};

/// The most streams that are remembered.
const STREAMS_MAX: usize = 100_000;

/// A version of a stream that stands in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) head: StreamHead,
    /// When its event was written, which its successor tells the feed's keeper.
    pub(crate) written: Timestamp,
}

impl Known {
    /// What an event's item tells.
    pub(crate) fn of(item: &Item) -> Result<Self, Fault> {
        let head = StreamHead {
            version: event_item::version(item)?,
            recorded_at: item.instant("Timestamp")?,
            digest: event_item::digest(item)?,
        };
        Ok(Self { head, written: event_item::written(item)? })
    }
}

/// The last version known of each stream; the streams unused for longest are forgotten first.
pub(crate) struct Heads(Mutex<LruCache<StreamId, Known>>);

impl Default for Heads {
    fn default() -> Self {
        // A bounded one would take the room for all at once.
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Heads {
    pub(crate) fn known(&self, stream: &StreamId) -> Option<Known> {
        self.lock().get(stream).copied()
    }

    /// Remembers what was told of a stream, unless a later version is known.
    pub(crate) fn learn(&self, stream: &StreamId, told: Known) {
        let mut heads = self.lock();
        if let Some(known) = heads.get_mut(stream) {
            if known.head.version < told.head.version {
                *known = told;
            }
            return;
        }
        heads.put(stream.clone(), told);
        if heads.len() > STREAMS_MAX {
            heads.pop_lru();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<StreamId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use annals_core::{Digest, Version};

    use super::*;

    fn known(version: u64) -> Known {
        let head = StreamHead {
            version: Version::new(version),
            recorded_at: Timestamp::UNIX_EPOCH,
            digest: Digest::ORIGIN,
        };
        Known { head, written: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn what_is_known_of_a_stream_only_moves_forward() {
        let (heads, stream) = (Heads::default(), "order-1".parse().unwrap());
        assert_eq!(heads.known(&stream), None);
        for (told, kept) in [(2, 2), (1, 2), (5, 5), (4, 5)] {
            heads.learn(&stream, known(told));
            assert_eq!(heads.known(&stream), Some(known(kept)));
        }
    }

    #[test]
    fn the_streams_unused_for_longest_are_forgotten() {
        let heads = Heads::default();
        let stream = |number: usize| format!("order-{number}").parse().unwrap();
        for number in 0..STREAMS_MAX {
            heads.learn(&stream(number), known(1));
        }
        assert!(heads.known(&stream(0)).is_some(), "as many are remembered");
        heads.learn(&stream(STREAMS_MAX), known(1));
        assert!(heads.known(&stream(0)).is_some(), "it was used just now");
        assert_eq!(heads.known(&stream(1)), None);
    }
}
