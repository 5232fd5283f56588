//! The end of the feed as this process sees it: up to which batch it has read, what it has committed and not seen there yet, and
//! who waits.
//!
//! Batches are noted in their order, each once, by whoever puts or reads it. Who asks for the end is told it only when all that
//! this process committed before he asked lies before it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals_core::{StreamId, Timestamp, Version};
use annals_ports::{Appended, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::feed_lag::{FeedLag, Pace};
use crate::log::{Entry, Log};
use crate::place::Place;
use crate::unseen::Unseen;

/// Batches that are read ahead.
const READ_AHEAD: u64 = 64;
/// A process in which nobody has read for so long looks where the end is, rather than reading all that came.
const LONG_QUIET: Duration = Duration::from_mins(1);
/// Unless no more than so many batches came.
const FEW: u64 = 1_024;
/// What was committed longer ago is not waited for after such a rest.
const OLD: Duration = Duration::from_mins(10);
/// What has not been seen for so long is looked for in what was read before.
const MISSED_AFTER: Duration = Duration::from_secs(1);

/// Up to where the feed has been read.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    /// How many batches.
    pub(crate) batches: u64,
    /// The last of them.
    pub(crate) last: Option<Arc<Entry>>,
}

/// Who keeps the feed, as far as this process knows.
#[derive(Clone, Debug)]
pub(crate) enum Keeping {
    /// It is being found out.
    NotYet,
    /// This process does not stand ready.
    Off,
    /// Another process.
    Elsewhere {
        /// Whether it has renewed its lease since it was first seen.
        is_alive: bool,
    },
    /// This one; and whether it has indexed all that was there when it began.
    Here { is_caught_up: bool },
    /// This one tries, and fails.
    Failing(Fault),
}

/// The end of the feed, and what is waited for.
pub(crate) struct Tail {
    pub(crate) log: Log,
    end: watch::Sender<End>,
    keeping: watch::Sender<Keeping>,
    /// Where this process keeps the feed.
    pub(crate) pace: Pace,
    unseen: Mutex<Unseen>,
    /// One at a time reads on; when the last one began.
    reading: tokio::sync::Mutex<Option<Instant>>,
    waiting: AtomicUsize,
    /// Rung when somebody begins to wait.
    pub(crate) bell: Notify,
    /// Rung when somebody committed.
    pub(crate) nudge: Notify,
}

/// As long as it lives, somebody waits for the feed to go on.
pub(crate) struct Waiting<'a>(&'a Tail);

impl Tail {
    pub(crate) fn new(database: &Arc<Database>, unseen: Unseen) -> Self {
        let keeping = if database.options.indexer { Keeping::NotYet } else { Keeping::Off };
        Self {
            log: Log::new(database.clone()),
            end: watch::Sender::default(),
            keeping: watch::Sender::new(keeping),
            pace: Pace::default(),
            unseen: Mutex::new(unseen),
            reading: tokio::sync::Mutex::default(),
            waiting: AtomicUsize::new(0),
            bell: Notify::new(),
            nudge: Notify::new(),
        }
    }

    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.log.database
    }

    pub(crate) fn end(&self) -> End {
        self.end.borrow().clone()
    }

    pub(crate) fn ends(&self) -> watch::Receiver<End> {
        self.end.subscribe()
    }

    pub(crate) fn keeping(&self) -> Keeping {
        self.keeping.borrow().clone()
    }

    /// How far the feed is behind, as far as this process knows.
    pub(crate) fn lag(&self) -> FeedLag {
        let own = self.unseen().lag();
        if matches!(self.keeping(), Keeping::Here { .. }) { own.or(self.pace.lag()) } else { own }
    }

    pub(crate) fn keep(&self, keeping: Keeping) {
        self.keeping.send_replace(keeping);
    }

    pub(crate) fn unseen(&self) -> MutexGuard<'_, Unseen> {
        self.unseen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin_waiting(&self) -> Waiting<'_> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) == 0 {
            self.bell.notify_one();
        }
        Waiting(self)
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Notes what this process has committed, and nudges whoever keeps the feed.
    pub(crate) fn committed(&self, appended: &[Appended]) {
        {
            let mut unseen = self.unseen();
            for appended in appended {
                unseen.committed(appended);
            }
        }
        self.nudge.notify_one();
    }

    /// Notes the next batch; one that was noted before, or comes too early, is passed over.
    pub(crate) fn note(&self, entry: &Arc<Entry>) {
        self.end.send_if_modified(|end| {
            let is_next = entry.batch.number == end.batches;
            if is_next {
                self.unseen().saw(&entry.batch);
                *end = End { batches: end.batches + 1, last: Some(entry.clone()) };
            }
            is_next
        });
    }

    /// Finds the end of the feed, or where what this process has committed may begin.
    pub(crate) async fn place(&self) -> Result<(), Fault> {
        let newest = self.log.newest().await?;
        let end = newest.as_ref().map_or(0, |newest| newest.batch.number + 1);
        let earliest = self.unseen().earliest(OLD);
        let from = match earliest {
            Some(earliest) => self.log.first_that(end, |run| run.recorded >= earliest).await?,
            None => end,
        };
        let last = match from.checked_sub(1) {
            Some(last) => Some(self.log.expected(last).await?),
            None => None,
        };
        self.end.send_if_modified(|end| {
            let is_further = from > end.batches;
            if is_further {
                *end = End { batches: from, last };
            }
            is_further
        });
        Ok(())
    }

    /// Reads up to the end of the feed as it is now; whether it had gone on. Whoever waits meanwhile shares the look.
    pub(crate) async fn read_up(&self) -> Result<bool, Fault> {
        let asked = Instant::now();
        let mut last_began = self.reading.lock().await;
        if last_began.is_some_and(|began| began >= asked) {
            return Ok(false);
        }
        let began = Instant::now();
        let before = self.end().batches;
        if last_began.is_some_and(|last| last.elapsed() > LONG_QUIET)
            && self.log.newest().await?.is_some_and(|newest| newest.batch.number > before + FEW)
        {
            self.place().await?;
        }
        // One is looked for by its key; when it is there, more are asked for.
        if let Some(entry) = self.log.batch(self.end().batches).await? {
            self.note(&entry);
            loop {
                let entries = self.log.range(self.end().batches, READ_AHEAD).await?;
                for entry in &entries {
                    self.note(entry);
                }
                if entries.is_empty() {
                    break;
                }
            }
        }
        *last_began = Some(began);
        Ok(self.end().batches > before)
    }

    /// Waits until all that this process committed before `target` is in the feed as read here, and the end is the end as it
    /// was when this was called, as far as can be told.
    pub(crate) async fn catch_up(&self, target: u64, until: Instant) -> Result<(), Fault> {
        let (mut ends, mut keeping) = (self.end.subscribe(), self.keeping.subscribe());
        let _waiting = self.begin_waiting();
        let (mut is_read, mut was_kept) = (false, false);
        let mut look_back = Instant::now() + MISSED_AFTER;
        loop {
            ends.borrow_and_update();
            let is_kept = match &*keeping.borrow_and_update() {
                Keeping::NotYet
                | Keeping::Here { is_caught_up: false }
                | Keeping::Elsewhere { is_alive: false } => false,
                Keeping::Off | Keeping::Elsewhere { .. } => true,
                Keeping::Here { .. } => {
                    // All that is put is put here.
                    is_read = true;
                    true
                }
                // Reading goes on as far as the feed has come; its health tells.
                Keeping::Failing(fault) => !fault.is_passing(),
            };
            if !is_read || (is_kept && !was_kept) {
                self.read_up().await?;
                is_read = true;
            }
            was_kept = is_kept;
            if is_kept && self.unseen().is_seen(target) {
                return Ok(());
            }
            let now = Instant::now();
            if now >= until {
                return Err(self.behind(target));
            }
            if now >= look_back {
                self.look_back(target).await?;
                look_back = Instant::now() + MISSED_AFTER * 4;
                continue;
            }
            tokio::select! {
                _ = ends.changed() => {}
                _ = keeping.changed() => {}
                () = sleep_until(until.min(look_back)) => {}
            }
        }
    }

    /// Whether the end as known here is the end, without a look: what is put is put here, and nothing is waited for.
    pub(crate) fn is_caught_up(&self, target: u64) -> bool {
        matches!(&*self.keeping.borrow(), Keeping::Here { is_caught_up: true })
            && self.unseen().is_seen(target)
    }

    /// Looks for what is waited for in batches that were read before: it may have been indexed before it was answered.
    async fn look_back(&self, target: u64) -> Result<(), Fault> {
        let awaited = self.unseen().before(target);
        let Some(earliest) = awaited.iter().map(|awaited| awaited.recorded_at).min() else { return Ok(()) };
        let end = self.end().batches;
        let from = self.log.first_that(end, |run| run.recorded >= earliest).await?;
        self.log
            .each(from, end, |entry| {
                let mut unseen = self.unseen();
                entry.batch.spans.iter().for_each(|span| unseen.saw_up_to(&span.stream, span.last()));
                !unseen.is_seen(target)
            })
            .await
    }

    /// The fault of a feed that lags.
    fn behind(&self, target: u64) -> Fault {
        let missing = self.unseen().before(target).len();
        let keeping = match self.keeping() {
            Keeping::NotYet => "it is not known yet who keeps the feed".to_owned(),
            Keeping::Off | Keeping::Elsewhere { .. } => "another process is to keep the feed".to_owned(),
            Keeping::Here { .. } => "this process keeps the feed, and is behind".to_owned(),
            Keeping::Failing(fault) => format!("keeping the feed fails: {fault}"),
        };
        let waited = self.database().options.timeout;
        let detail = format!(
            "after {waited:?} the feed has not come as far as {missing} appends of this process; {keeping}"
        );
        Fault::new(Kind::Unreached, detail)
    }

    /// The place of a stream's event; none while the feed has not come that far.
    pub(crate) async fn find(
        &self,
        stream: &StreamId,
        version: Version,
        recorded_at: Timestamp,
    ) -> Result<Option<Place>, Fault> {
        let seen = self.unseen().last_seen(stream);
        if let Some(seen) = seen.filter(|seen| seen.version == version) {
            return Ok(self.log.expected(seen.batch).await?.place_of(stream, version));
        }
        let end = self.end().batches;
        let from = self.log.first_that(end, |run| run.recorded >= recorded_at).await?;
        let mut found = None;
        self.log
            .each(from, end, |entry| {
                found = entry.place_of(stream, version);
                found.is_none()
            })
            .await?;
        Ok(found)
    }

    /// A fault as the port's error.
    pub(crate) fn told(&self, fault: &Fault, doing: &str) -> StoreError {
        fault.told(doing, &self.database().options)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
