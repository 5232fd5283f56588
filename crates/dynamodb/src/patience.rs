//! Waiting a little, and again a little longer, for what others are about to finish: with full jitter, and an end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(250);

pub(crate) struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn of(longest: Duration) -> Self {
        Self { until: Instant::now() + longest, pause: PAUSE }
    }

    /// Waits; false at once when there is no time left for it.
    pub(crate) async fn wait(&mut self) -> bool {
        let pause = self.pause.mul_f64(fastrand::f64());
        if Instant::now() + pause >= self.until {
            return false;
        }
        sleep(pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }
}
