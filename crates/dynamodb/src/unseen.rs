//! What this process has committed and not yet seen in the feed: who reads after his own commit is not told that the feed
//! ends before it.
//!
//! Commits are numbered as they are answered. A reader asks for all up to a number, so that later commits never keep him
//! waiting.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use annals_core::{StreamId, Timestamp, Version};
use annals_ports::Appended;
use lru::LruCache;

use crate::batch::Batch;
use crate::feed_lag::FeedLag;

/// Commits that are waited for; beyond that the earliest are given up, as where nobody keeps the feed for long.
const OPEN_MAX: usize = 65_536;
/// Streams whose last event in the feed is remembered, for commits that are indexed before they are answered.
const SEEN_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("it is above 0");

/// What was committed and is not in the feed, as far as was seen.
pub(crate) struct Unseen {
    open: BTreeMap<u64, Awaited>,
    by_stream: HashMap<StreamId, VecDeque<(Version, u64)>>,
    /// The number of the next commit.
    next: u64,
    seen: LruCache<StreamId, Seen>,
}

/// An append that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Awaited {
    pub(crate) stream: StreamId,
    pub(crate) version: Version,
    /// How many events it has.
    pub(crate) events: u64,
    pub(crate) recorded_at: Timestamp,
    pub(crate) since: Instant,
}

/// A stream's last event in the feed, and its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) version: Version,
    pub(crate) batch: u64,
}

impl Default for Unseen {
    fn default() -> Self {
        Self { open: BTreeMap::new(), by_stream: HashMap::new(), next: 1, seen: LruCache::new(SEEN_MAX) }
    }
}

impl Unseen {
    /// Notes what a commit added.
    pub(crate) fn committed(&mut self, appended: &Appended) {
        let (stream, version) = (&appended.stream, appended.head.version);
        if self.seen.get(stream).is_some_and(|seen| seen.version >= version) {
            return;
        }
        let number = self.next;
        self.next += 1;
        let recorded_at = appended.head.recorded_at;
        let events = version.get() - appended.first.get() + 1;
        let awaited = Awaited { stream: stream.clone(), version, events, recorded_at, since: Instant::now() };
        self.open.insert(number, awaited);
        self.by_stream.entry(stream.clone()).or_default().push_back((version, number));
        while self.open.len() > OPEN_MAX {
            if let Some(first) = self.open.keys().next().copied() {
                self.close(first);
            }
        }
    }

    /// Notes a batch of the feed.
    pub(crate) fn saw(&mut self, batch: &Batch) {
        for span in &batch.spans {
            let last = span.last();
            self.seen.put(span.stream.clone(), Seen { version: last, batch: batch.number });
            self.saw_up_to(&span.stream, last);
        }
    }

    /// Notes that a stream is in the feed up to a version.
    pub(crate) fn saw_up_to(&mut self, stream: &StreamId, last: Version) {
        let Some(awaited) = self.by_stream.get_mut(stream) else { return };
        awaited.retain(|(version, number)| {
            let is_there = *version <= last;
            if is_there {
                self.open.remove(number);
            }
            !is_there
        });
        if awaited.is_empty() {
            self.by_stream.remove(stream);
        }
    }

    /// Up to where everything was committed by now.
    pub(crate) fn target(&self) -> u64 {
        self.next
    }

    /// Whether all that was committed before `target` is in the feed.
    pub(crate) fn is_seen(&self, target: u64) -> bool {
        self.open.keys().next().is_none_or(|first| *first >= target)
    }

    /// What of that is not there.
    pub(crate) fn before(&self, target: u64) -> Vec<Awaited> {
        self.open.range(..target).map(|(_, awaited)| awaited.clone()).collect()
    }

    /// Where a stream was last seen in the feed.
    pub(crate) fn last_seen(&mut self, stream: &StreamId) -> Option<Seen> {
        self.seen.get(stream).copied()
    }

    /// Whether nothing is waited for.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many events are waited for, and for how long the first of them.
    pub(crate) fn lag(&self) -> FeedLag {
        let first = self.open.values().next();
        FeedLag {
            events: self.open.values().map(|awaited| awaited.events).sum(),
            age: first.map_or(Duration::ZERO, |awaited| awaited.since.elapsed()),
        }
    }

    /// The earliest stamp of what is waited for, once what is older than `age` was given up.
    pub(crate) fn earliest(&mut self, age: Duration) -> Option<Timestamp> {
        let old: Vec<u64> =
            self.open.iter().filter(|(_, a)| a.since.elapsed() > age).map(|(n, _)| *n).collect();
        for number in old {
            self.close(number);
        }
        self.open.values().map(|awaited| awaited.recorded_at).min()
    }

    fn close(&mut self, number: u64) {
        let Some(awaited) = self.open.remove(&number) else { return };
        if let Some(numbers) = self.by_stream.get_mut(&awaited.stream) {
            numbers.retain(|(_, other)| *other != number);
            if numbers.is_empty() {
                self.by_stream.remove(&awaited.stream);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use annals_core::{Digest, EventId, StreamHead};

    use super::*;
    use crate::batch::{Named, Run};

    fn appended(stream: &str, version: u64) -> Appended {
        let head = StreamHead {
            version: Version::new(version),
            recorded_at: Timestamp::UNIX_EPOCH,
            digest: Digest::from_bytes([0; 32]),
        };
        Appended { stream: stream.parse().unwrap(), first: head.version, head }
    }

    fn batch(stream: &str, version: u64) -> Batch {
        let at = Timestamp::UNIX_EPOCH;
        let (stream, version) = (stream.parse().unwrap(), Version::new(version));
        let named = Named { stream, version, id: EventId::new(), recorded_at: at, written: at };
        Batch::fill(0, Run::START, &[named]).0
    }

    #[test]
    fn a_reader_waits_for_what_was_committed_before_he_asked_and_for_nothing_else() {
        let mut unseen = Unseen::default();
        unseen.committed(&appended("order-1", 1));
        let target = unseen.target();
        unseen.committed(&appended("order-1", 2));
        assert!(!unseen.is_seen(target));
        unseen.saw(&batch("order-1", 1));
        assert!(unseen.is_seen(target) && !unseen.is_seen(unseen.target()));
        unseen.saw(&batch("order-1", 2));
        assert!(unseen.is_empty() && unseen.by_stream.is_empty());
    }

    #[test]
    fn what_is_in_the_feed_before_it_is_answered_is_not_waited_for() {
        let mut unseen = Unseen::default();
        unseen.saw(&batch("order-1", 3));
        unseen.committed(&appended("order-1", 3));
        assert!(unseen.is_empty());
        unseen.committed(&appended("order-1", 4));
        assert!(!unseen.is_empty());
    }
}
