//! What can be set about a repository. Every default is one to go into production with.

use std::sync::Arc;
use std::time::Duration;

use annals_ports::{Clock, SystemClock};

/// How a [`Repository`](crate::Repository) or a [`Unit`](crate::Unit) works.
///
/// ```
/// use annals_application::RepositoryOptions;
///
/// let options = RepositoryOptions::default().retries(3).cache_capacity(0);
/// assert_eq!(options.retries, 3);
/// ```
#[derive(Clone, Debug)]
pub struct RepositoryOptions {
    /// How often a call tries again, after conflicts and failures that may pass together. 8 unless said otherwise.
    pub retries: u32,
    /// The longest pause before the first retry; it doubles with each one. 5 ms unless said otherwise.
    pub backoff_base: Duration,
    /// The longest pause before any retry. 500 ms unless said otherwise.
    pub backoff_cap: Duration,
    /// How many aggregates' states are kept in memory; 0 keeps none. 1024 unless said otherwise.
    pub cache_capacity: usize,
    /// Tells decisions what time it is. The machine's clock unless said otherwise.
    pub clock: Arc<dyn Clock>,
}

impl Default for RepositoryOptions {
    fn default() -> Self {
        Self {
            retries: 8,
            backoff_base: Duration::from_millis(5),
            backoff_cap: Duration::from_millis(500),
            cache_capacity: 1_024,
            clock: Arc::new(SystemClock),
        }
    }
}

impl RepositoryOptions {
    /// Tries again up to so many times.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    /// Pauses before the n-th retry for a random time of up to `base` × 2ⁿ⁻¹, and at most `cap`.
    #[must_use]
    pub fn backoff(self, base: Duration, cap: Duration) -> Self {
        Self { backoff_base: base, backoff_cap: cap, ..self }
    }

    /// Keeps the states of so many aggregates in memory; 0 keeps none.
    #[must_use]
    pub fn cache_capacity(self, states: usize) -> Self {
        Self { cache_capacity: states, ..self }
    }

    /// Takes the time of decisions from this clock.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }
}

/// When a snapshot is written, and how long one is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPolicy {
    every: u64,
    patience: Duration,
}

impl Default for SnapshotPolicy {
    fn default() -> Self {
        Self { every: 100, patience: Duration::from_millis(250) }
    }
}

impl SnapshotPolicy {
    /// A snapshot whenever a stream's version crosses a multiple of `events`; 0 counts as 1.
    pub fn every(events: u64) -> Self {
        Self { every: events.max(1), ..Self::default() }
    }

    /// Waits so long for the snapshot store before a load reads the whole stream instead (law S04). 250 ms unless
    /// said otherwise.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub(crate) fn longest_wait(&self) -> Duration {
        self.patience
    }

    /// Whether a multiple of the interval lies after `before`, up to `after`.
    pub(crate) fn crossed(&self, before: u64, after: u64) -> bool {
        before / self.every < after / self.every
    }
}

#[cfg(test)]
mod tests {
    use super::SnapshotPolicy;

    #[test]
    fn a_snapshot_is_due_when_a_multiple_is_reached_or_jumped_over() {
        let policy = SnapshotPolicy::every(100);
        assert!(policy.crossed(99, 100));
        assert!(policy.crossed(98, 103));
        assert!(policy.crossed(0, 1_000));
        assert!(!policy.crossed(100, 101));
        assert!(!policy.crossed(0, 99));
        assert!(!policy.crossed(100, 100));
    }

    #[test]
    fn an_interval_of_zero_counts_as_one() {
        assert!(SnapshotPolicy::every(0).crossed(0, 1));
    }
}
