//! How far the feed is behind history: what of it this process can know without looking through history.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How far the feed is behind history, as far as a process can tell without reading all of it.
///
/// Every process knows of its own commits. The one that keeps the feed knows of the others' as well, once it has read
/// them from the table's stream; how many the stream still holds back nobody can ask Amazon.
///
/// ```
/// # use std::time::Duration;
/// # use annals_dynamodb::FeedLag;
/// let lag = FeedLag { events: 3, age: Duration::from_millis(1_250) };
/// assert_eq!(lag.to_string(), "3 events, for 1.25s");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedLag {
    /// Events that were recorded and are not in the feed.
    pub events: u64,
    /// For how long the first of them has been waiting; where this process keeps the feed, at least the time since it last
    /// had put everything that the stream gave.
    pub age: Duration,
}

impl std::fmt::Display for FeedLag {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} events, for {:?}", self.events, self.age)
    }
}

impl FeedLag {
    /// What two know of, who may know of the same events.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { events: self.events.max(other.events), age: self.age.max(other.age) }
    }
}

/// How the keeper of the feed gets on with the stream.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<(Instant, u64)>);

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new((Instant::now(), 0)))
    }
}

impl Pace {
    /// Everything that the stream gave up to now is in the feed.
    pub(crate) fn is_at_tip(&self, now: Instant) {
        *self.pace() = (now, 0);
    }

    /// So many events are being put.
    pub(crate) fn takes(&self, events: u64) {
        self.pace().1 = events;
    }

    pub(crate) fn lag(&self) -> FeedLag {
        let (tip, events) = *self.pace();
        FeedLag { events, age: tip.elapsed() }
    }

    fn pace(&self) -> MutexGuard<'_, (Instant, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
