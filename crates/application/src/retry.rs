//! Trying again: how often, and after which pause. Full jitter: the pause is drawn between nothing and a ceiling
//! that doubles up to a cap, so that those who collided do not meet again. Knows nothing of what is tried.

use std::time::Duration;

use crate::RepositoryOptions;

/// The attempts of one call, all reasons together.
pub(crate) struct Attempts {
    made: u32,
    retries: u32,
    base: Duration,
    cap: Duration,
}

impl Attempts {
    /// The first attempt.
    pub(crate) fn first(options: &RepositoryOptions) -> Self {
        Self { made: 1, retries: options.retries, base: options.backoff_base, cap: options.backoff_cap }
    }

    /// How many were begun.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Pauses and begins another attempt; or tells that there were enough.
    pub(crate) async fn again(&mut self) -> bool {
        if self.made > self.retries {
            return false;
        }
        let pause = self.pause();
        self.made += 1;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        true
    }

    fn pause(&self) -> Duration {
        let ceiling = self.base.saturating_mul(2_u32.saturating_pow(self.made - 1)).min(self.cap);
        Duration::from_micros(fastrand::u64(0..=u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Attempts;
    use crate::RepositoryOptions;

    #[tokio::test]
    async fn as_many_retries_as_asked_for_are_made() {
        let options = RepositoryOptions::default().retries(3).backoff(Duration::ZERO, Duration::ZERO);
        let mut attempts = Attempts::first(&options);
        while attempts.again().await {}
        assert_eq!(attempts.made(), 4);
    }

    #[test]
    fn pauses_stay_below_a_ceiling_that_doubles_up_to_the_cap() {
        let (base, cap) = (Duration::from_millis(4), Duration::from_millis(10));
        for (made, ceiling) in [(1, base), (2, base * 2), (3, cap), (64, cap)] {
            let attempts = Attempts { made, retries: 100, base, cap };
            let longest = (0..500).map(|_| attempts.pause()).max().unwrap();
            assert!(longest <= ceiling, "attempt {made} paused {longest:?}");
            assert!(
                longest > ceiling / 2,
                "attempt {made} paused {longest:?} at most: that is no full jitter"
            );
        }
    }
}
