//! Following live: catch up, then apply what comes as it comes, until told to end.
//!
//! A follower outlives its store's bad hours and takes over from another one whose lease has ended. What no waiting
//! can mend, such as an event that cannot be decoded, ends it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use annals_ports::{Acquired, Lease};

use crate::runner::Tally;
use crate::session::Session;
use crate::{CaughtUp, OnProgress, Progress, Projection, ProjectionError, Runner};

/// The longest wait between two looks at another runner's lease.
const LEASE_POLL: Duration = Duration::from_secs(1);
/// The longest wait before a failed store is tried for the second time; doubled with each further time.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
/// The longest wait before a failed store is tried again.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

/// What ends the following.
type Until<'a> = Pin<&'a mut (dyn Future<Output = ()> + Send)>;

/// How a stretch of following ended.
enum Stretch {
    /// The caller wants no more.
    Ended,
    /// Another runner holds the lease.
    Held,
}

impl<P: Projection> Runner<P> {
    /// Catches up, then applies new events as they are committed, until `until` resolves.
    ///
    /// While another runner holds the lease, waits for it to end. A store that fails for now is tried again with
    /// growing, jittered pauses, and the view is taken up where it then stands. `on_progress` is told of every page,
    /// and of the end when it is reached.
    ///
    /// # Errors
    /// What no waiting can mend. Whatever was applied stays applied, once (law V01).
    pub async fn follow(
        &self,
        until: impl Future<Output = ()> + Send,
        mut on_progress: impl FnMut(&Progress) + Send,
    ) -> Result<CaughtUp, ProjectionError> {
        self.follow_until(pin!(until), &mut on_progress).await
    }

    pub(crate) async fn follow_until(
        &self,
        mut until: Until<'_>,
        on_progress: OnProgress<'_>,
    ) -> Result<CaughtUp, ProjectionError> {
        let _at_work = self.enter()?;
        let mut tally = Tally::default();
        let mut failures = 0;
        loop {
            let worked = tally.events;
            let pause = match self.stretch(until.as_mut(), &mut tally, on_progress).await {
                Ok(Stretch::Ended) => break,
                Ok(Stretch::Held) => LEASE_POLL.min(self.options.lease / 3),
                Err(error) if error.is_transient() => {
                    failures = if tally.events > worked { 1 } else { failures + 1 };
                    let pause = back_off(failures);
                    tracing::warn!(view = %self.view_id(), %error, failures, ?pause, "following was interrupted");
                    pause
                }
                Err(error) => return Err(error),
            };
            tokio::select! {
                biased;
                () = until.as_mut() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        let mut position = tally.position.clone();
        if position.is_none() {
            position = self.adapter.views.state(self.view_id()).await?.map(|state| state.checkpoint.position);
        }
        let position = self.position_of(position).await?;
        Ok(tally.caught_up(position))
    }

    /// Follows under one lease, and gives it back even to ask for it again: another runner may do better then, and
    /// a write of ours that is still on its way comes too late.
    async fn stretch(
        &self,
        until: Until<'_>,
        tally: &mut Tally,
        on_progress: OnProgress<'_>,
    ) -> Result<Stretch, ProjectionError> {
        let lease = match self.try_acquire(self.view_id()).await? {
            Acquired::Granted(lease) => lease,
            Acquired::Held { owner, until } => {
                tracing::debug!(view = %self.view_id(), owner, %until, "another runner is at work; waiting");
                return Ok(Stretch::Held);
            }
        };
        let result = self.follow_under(lease.clone(), until, tally, on_progress).await;
        self.give_back(&lease).await;
        result.map(|()| Stretch::Ended)
    }

    async fn follow_under(
        &self,
        lease: Lease,
        mut until: Until<'_>,
        tally: &mut Tally,
        on_progress: OnProgress<'_>,
    ) -> Result<(), ProjectionError> {
        let query = self.query()?;
        // Short enough that the lease is renewed in time, and that a checkpoint is not forgotten.
        let wait = self.options.wait.min(self.options.lease / 3);
        let mut session = Session::begin(&self.adapter, &self.projection, lease, &self.options).await?;
        loop {
            session.keep_lease().await?;
            // What was gathered is not kept waiting for more.
            let wait = if session.is_ahead_of_its_view() { Duration::ZERO } else { wait };
            let page = tokio::select! {
                biased;
                () = until.as_mut() => {
                    let written = session.settle().await?;
                    tally.add(written, &session);
                    return Ok(());
                }
                page = self.adapter.feed.next(&query, session.position(), wait) => page?,
            };
            self.work_through(&mut session, page, tally, on_progress).await?;
        }
    }
}

/// A pause of random length, longer on the whole after each failure.
fn back_off(failures: u32) -> Duration {
    let longest =
        FIRST_BACK_OFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_BACK_OFF);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        assert!((Duration::from_millis(50)..=FIRST_BACK_OFF).contains(&back_off(1)));
        assert!(back_off(4) >= Duration::from_millis(400));
        assert!((LONGEST_BACK_OFF / 2..=LONGEST_BACK_OFF).contains(&back_off(u32::MAX)));
    }
}
