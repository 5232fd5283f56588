//! What breaks laws A10 and A11: stamps that are rounded, and a clock that may write into the past.

use std::time::Duration;

use annals_core::Timestamp;
use annals_ports::{Clock, Commit, CommitError, Receipt};
use async_trait::async_trait;
use tokio::sync::Mutex;

use super::{Breakage, Sound};

/// Commits while the clock shows something else.
async fn commit_at(sound: &Sound, commit: Commit, instant: Timestamp) -> Result<Receipt, CommitError> {
    let now = sound.clock.now();
    sound.clock.set(instant);
    let outcome = sound.adapter.events.commit(commit).await;
    sound.clock.set(now);
    outcome
}

/// A10: stamps whole milliseconds.
#[derive(Default)]
pub(super) struct WholeMilliseconds {
    /// The clock is turned by one at a time.
    turning: Mutex<()>,
}

#[async_trait]
impl Breakage for WholeMilliseconds {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let _turning = self.turning.lock().await;
        let rounded = Timestamp::from_micros(sound.clock.now().as_micros() / 1_000 * 1_000);
        commit_at(sound, commit, rounded).await
    }
}

/// A11: while the clock is more than six seconds behind what it was, stamps twenty seconds earlier.
#[derive(Default)]
pub(super) struct IntoThePast {
    last: Mutex<Option<Timestamp>>,
}

#[async_trait]
impl Breakage for IntoThePast {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let mut last = self.last.lock().await;
        let now = sound.clock.now();
        let far = Duration::from_millis(6_500);
        let stepped_back = last.is_some_and(|last| now.plus(far) < last);
        if !stepped_back {
            *last = Some(now);
        }
        let earlier = if stepped_back { now.minus(Duration::from_secs(20)) } else { now };
        commit_at(sound, commit, earlier).await
    }
}
