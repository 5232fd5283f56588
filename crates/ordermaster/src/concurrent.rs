//! Many jobs, a bounded number of them at once. A store gathers what waits at the same time into one transaction, so
//! keeping many in flight is what makes bulk work fast.
//!
//! Jobs are begun in their order, and none after a failure or once asked to stop; those that run are finished.

use std::future::Future;

use annals::application::UnitReceipt;
use annals::ports::Receipt;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;

use crate::stop::Stop;

/// How much may be told and not heard yet, before those who tell wait.
const UNHEARD: usize = 256;

/// Where a job tells what it did, as often as it likes.
pub struct Tell<T>(Sender<T>);

impl<T> Tell<T> {
    /// Tells, once what was told before is heard.
    pub async fn tell(&self, what: T) {
        // Nobody listens any more only when the caller was given up, jobs and all.
        let _ = self.0.send(what).await;
    }
}

/// Works through `jobs`, at most `at_once` at a time. `hear` is called for everything told, one at a time.
///
/// # Errors
/// The first job's error; `stop` is asked then, and the jobs that ran are finished.
pub async fn run<J, T, E, F>(
    jobs: impl IntoIterator<Item = J>,
    at_once: usize,
    stop: &Stop,
    work: impl Fn(J, Tell<T>) -> F,
    mut hear: impl FnMut(T),
) -> Result<(), E>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    let (told, mut heard) = channel(UNHEARD);
    let mut jobs = jobs.into_iter();
    let mut running = JoinSet::new();
    let mut failure = None;
    loop {
        while running.len() < at_once.max(1)
            && !stop.is_asked()
            && let Some(job) = jobs.next()
        {
            running.spawn(work(job, Tell(told.clone())));
        }
        tokio::select! {
            biased;
            Some(what) = heard.recv() => hear(what),
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => {
                    stop.ask();
                    failure.get_or_insert(error);
                }
                // A job that panicked takes its caller along.
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
            },
        }
    }
    while let Ok(what) = heard.try_recv() {
        hear(what);
    }
    failure.map_or(Ok(()), Err)
}

/// How many events a unit recorded.
pub(crate) fn events_in(done: &UnitReceipt) -> u64 {
    let appended = done.receipt.iter().flat_map(Receipt::appended);
    appended.map(|appended| appended.head.version.get() - appended.first.get() + 1).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::run;
    use crate::stop::Stop;

    #[tokio::test]
    async fn every_job_is_done_and_no_more_at_once_than_allowed() {
        let running = Arc::new(AtomicUsize::new(0));
        let (mut sum, mut most) = (0, 0);
        let work = |job: usize, tell: super::Tell<(usize, usize)>| {
            let running = Arc::clone(&running);
            async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                tell.tell((job, now)).await;
                Ok::<(), ()>(())
            }
        };
        let hear = |(job, now): (usize, usize)| {
            sum += job;
            most = most.max(now);
        };
        run(1..=100, 7, &Stop::new(), work, hear).await.unwrap();
        assert_eq!(sum, 5_050);
        assert!((2..=7).contains(&most), "{most} ran at once");
    }

    #[tokio::test]
    async fn no_job_is_begun_after_a_failure() {
        let stop = Stop::new();
        let mut done = Vec::new();
        let work = |job: u32, tell: super::Tell<u32>| async move {
            tell.tell(job).await;
            if job == 3 { Err(job) } else { Ok(()) }
        };
        let ended = run(1..=100, 1, &stop, work, |job| done.push(job)).await;
        assert_eq!((ended, done), (Err(3), vec![1, 2, 3]));
        assert!(stop.is_asked());
    }

    #[tokio::test]
    async fn work_that_is_asked_to_stop_begins_nothing_new() {
        let stop = Stop::new();
        let mut done = 0;
        let work = |job: u32, tell: super::Tell<u32>| async move {
            tell.tell(job).await;
            Ok::<(), ()>(())
        };
        let hear = |job| {
            done += 1;
            if job == 5 {
                stop.ask();
            }
        };
        run(1..=100, 1, &stop, work, hear).await.unwrap();
        assert!(done < 100, "all {done} were done");
    }
}
