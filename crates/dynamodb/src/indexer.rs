//! The keeper of the feed: one process at a time follows the table's stream, and puts what is committed into the feed.
//!
//! A lease keeps two from trying at once; that nothing is lost or doubled rests on the log alone. A keeper takes over from what
//! the one before left: its marks, and the feed itself, read back to before them.

use std::sync::OnceLock;
use std::time::Duration;

use annals_core::Timestamp;
use annals_ports::{Acquired, Lease, StoreError};
use tokio::time::{Instant, sleep, timeout};

use crate::batch::Run;
use crate::changes::{Changes, Round, Stream};
use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::hub::Life;
use crate::indexed::Indexed;
use crate::indexing::Indexing;
use crate::keeper_state::{Alarms, KeeperState};
use crate::leases;
use crate::recovery;
use crate::shards::Marks;
use crate::tail::{Keeping, Tail};

/// The lease's name. No stream, view or process of a user's begins so.
pub(crate) const LEASE: &str = "$feed";

/// Between looks at a stream that gave something, and at one that long gave nothing.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(250));
/// Between looks at the least, however much is committed meanwhile.
const PAUSE_NUDGED: Duration = Duration::from_millis(10);
/// After a failure, at first and at most.
const PAUSE_FAILED: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// The state is written so often when nothing changes, so that its age tells how long nobody read the stream.
const REPORT_EVERY: Duration = Duration::from_mins(30);
/// The stream keeps records for a day; marks that are nearly as old are not trusted.
const STREAM_KEEPS: Duration = Duration::from_hours(23);
/// Batches before the marks that a new keeper reads in any case.
const BATCHES_BACK: u64 = 64;

/// Why a tenure ended.
enum Ended {
    /// Another process holds the lease.
    Elsewhere(Timestamp),
    /// The store is closed here.
    Closed,
    /// It could not go on.
    Failed(Fault),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

/// This process's name as an owner of leases of its own.
pub(crate) fn owner() -> &'static str {
    static OWNER: OnceLock<String> = OnceLock::new();
    OWNER.get_or_init(|| format!("{}-{:016x}", std::process::id(), fastrand::u64(..)))
}

/// Keeps the feed whenever the lease can be had, until the store is closed.
pub(crate) async fn keep(tail: &Tail, life: &Life, owner: &str) {
    let mut failed = PAUSE_FAILED.0;
    let (mut told, mut is_alive) = (None, false);
    while life.goes_on() {
        let begun = Instant::now();
        match Box::pin(tenure(tail, life, owner)).await {
            Ended::Closed => return,
            Ended::Elsewhere(until) => {
                // Who holds it may have ended without giving it back: only one that renews it is there.
                is_alive |= told.is_some_and(|told| told != until);
                told = Some(until);
                tail.keep(Keeping::Elsewhere { is_alive });
                let left = until.since(tail.database().now());
                let most = tail.database().options.lease / if is_alive { 3 } else { 12 };
                life.rest(left.min(most).max(PAUSE.0)).await;
            }
            Ended::Failed(fault) => {
                tracing::warn!(%fault, "keeping the feed failed, and is tried again");
                tail.keep(Keeping::Failing(fault));
                if begun.elapsed() > PAUSE_FAILED.1 {
                    failed = PAUSE_FAILED.0;
                }
                life.rest(failed.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                failed = (failed * 2).min(PAUSE_FAILED.1);
            }
        }
    }
}

async fn tenure(tail: &Tail, life: &Life, owner: &str) -> Ended {
    let database = tail.database();
    let lease = match leases::acquire(database, LEASE, owner, database.options.lease).await {
        Ok(Acquired::Granted(lease)) => lease,
        Ok(Acquired::Held { until, .. }) => return Ended::Elsewhere(until),
        Err(error) => return Ended::Failed(of_port(&error)),
    };
    let ended = tokio::select! {
        ended = lead(tail, life, &lease) => ended.err().unwrap_or(Ended::Closed),
        ended = hold(database, lease.clone()) => ended,
    };
    if matches!(ended, Ended::Closed) && !life.is_succeeded() {
        // Else it runs out.
        let _ = timeout(database.options.attempt_timeout, leases::release(database, &lease)).await;
    }
    ended
}

/// Renews the lease until it is lost.
async fn hold(database: &Database, mut lease: Lease) -> Ended {
    let lasts = database.options.lease;
    let mut renewed = Instant::now();
    loop {
        sleep(lasts / 3).await;
        match timeout(lasts, leases::renew(database, &lease, lasts)).await {
            Ok(Ok(Some(again))) => (lease, renewed) = (again, Instant::now()),
            Ok(Ok(None)) => return Ended::Elsewhere(database.now()),
            Ok(Err(error)) if !error.is_transient() => return Ended::Failed(of_port(&error)),
            Ok(Err(_)) | Err(_) => {}
        }
        if renewed.elapsed() > lasts {
            return Ended::Elsewhere(database.now());
        }
    }
}

/// Keeps the feed under a lease.
async fn lead(tail: &Tail, life: &Life, lease: &Lease) -> Result<(), Ended> {
    tail.keep(Keeping::NotYet);
    tail.read_up().await?;
    let (indexing, stream, low) = take_over(tail).await?;
    let saved = Saved::new(low, stream.marks());
    match follow(tail, life, lease, stream, indexing, saved).await {
        // The shards were all there: only who reads one hears that its oldest records are gone.
        Err(Ended::Failed(fault)) if fault.kind == Kind::Trimmed => {
            tail.keep(Keeping::NotYet);
            tail.read_up().await?;
            let (indexing, stream) = from_history(tail, &fault).await?;
            let saved = Saved::new(Timestamp::MIN, stream.marks());
            follow(tail, life, lease, stream, indexing, saved).await
        }
        ended => ended,
    }
}

/// What a look through all of history gives, where the stream was cut off.
async fn from_history<'a>(tail: &'a Tail, cut: &Fault) -> Result<(Indexing<'a>, Stream), Fault> {
    tracing::warn!(%cut, "the stream no longer has all records; history is looked through");
    let state = KeeperState::load(tail.database()).await?;
    recovery::recover(tail, state.map(|state| state.alarms).unwrap_or_default()).await
}

/// What the keeper before left; without that, or where records were missed, what a look through all of history gives.
pub(crate) async fn take_over(tail: &Tail) -> Result<(Indexing<'_>, Stream, Timestamp), Fault> {
    let database = tail.database();
    let state = KeeperState::load(database).await?;
    let is_fresh = |state: &KeeperState| database.now().since(state.reported) < STREAM_KEEPS;
    let (indexing, stream) = match state {
        Some(state) if is_fresh(&state) => match resume(tail, &state).await {
            Err(fault) if fault.kind == Kind::Trimmed => from_history(tail, &fault).await?,
            resumed => return resumed,
        },
        state => {
            let alarms = state.map(|state| state.alarms).unwrap_or_default();
            recovery::recover(tail, alarms).await?
        }
    };
    Ok((indexing, stream, Timestamp::MIN))
}

async fn resume<'a>(tail: &'a Tail, state: &KeeperState) -> Result<(Indexing<'a>, Stream, Timestamp), Fault> {
    let database = tail.database();
    let stream = Stream::open(database, Some(&state.marks)).await?;
    let window = database.options.window;
    let floor = state.low.minus(window);
    let end = tail.end().batches;
    let recent = tail.log.first_that(end, |run| run.written >= floor).await?;
    let from = recent.min(state.batches.saturating_sub(BATCHES_BACK));
    let floor = if from == 0 { Timestamp::MIN } else { floor };
    let (indexed, next, run) = map(tail, from, Indexed::new(floor, window)).await?;
    Ok((Indexing::new(tail, indexed, next, run, state.alarms.clone()), stream, state.low))
}

/// The map of the feed from a batch on, the number of the next batch, and the run up to there.
pub(crate) async fn map(tail: &Tail, from: u64, mut indexed: Indexed) -> Result<(Indexed, u64, Run), Fault> {
    let end = tail.end().batches;
    let mut run = Run::START;
    if let Some(last) = end.checked_sub(1) {
        run = tail.log.expected(last).await?.batch.run;
    }
    tail.log
        .each(from, end, |entry| {
            indexed.saw(&entry.batch);
            true
        })
        .await?;
    Ok((indexed, end, run))
}

/// When and what was saved last.
struct Saved {
    at: Option<Instant>,
    marks: Marks,
    alarms: (u64, u64),
    /// Batches, at the save before the last one and at the last one.
    batches: (u64, u64),
    low: Timestamp,
    /// The greatest instant at which an event was written that is in the feed.
    written: Timestamp,
}

impl Saved {
    fn new(low: Timestamp, marks: Marks) -> Self {
        Self { at: None, marks, alarms: (0, 0), batches: (0, 0), low, written: low }
    }

    /// Up to when all is in the feed, in the clocks of the writers.
    fn rise(&mut self, round: &Round, run: Run) {
        self.written = self.written.max(run.written);
        let low = round.low.map_or(self.written, |low| low.min(self.written));
        self.low = self.low.max(low);
    }

    fn is_due(&self, marks: &Marks, alarms: &Alarms, every: Duration) -> bool {
        let Some(at) = self.at else { return true };
        (alarms.count, alarms.late_count) != self.alarms
            || at.elapsed() >= every && *marks != self.marks
            || at.elapsed() >= REPORT_EVERY
    }

    async fn save(
        &mut self,
        tail: &Tail,
        lease: &Lease,
        marks: Marks,
        indexing: &Indexing<'_>,
    ) -> Result<(), Ended> {
        let state = KeeperState {
            token: lease.token,
            owner: lease.owner.clone(),
            marks,
            batches: indexing.next,
            low: self.low,
            reported: tail.database().now(),
            alarms: indexing.alarms.clone(),
        };
        if !state.save(tail.database(), self.at.is_none()).await? {
            return Err(Ended::Failed(Fault::new(
                Kind::Contended,
                "another keeper of the feed has taken over",
            )));
        }
        self.at = Some(Instant::now());
        self.alarms = (state.alarms.count, state.alarms.late_count);
        self.batches = (self.batches.1, state.batches);
        self.marks = state.marks;
        Ok(())
    }
}

/// Follows changes until the store is closed or something fails.
async fn follow(
    tail: &Tail,
    life: &Life,
    lease: &Lease,
    mut changes: impl Changes,
    mut indexing: Indexing<'_>,
    mut saved: Saved,
) -> Result<(), Ended> {
    let every = tail.database().options.lease / 3;
    let (mut pause, mut failed) = (PAUSE.0, PAUSE_FAILED.0);
    tail.pace.is_at_tip(Instant::now());
    tail.keep(Keeping::Here { is_caught_up: false });
    let mut is_caught_up = false;
    loop {
        let begun = Instant::now();
        // Before the last round, so that it sees what was committed before.
        let is_last = !life.goes_on();
        let round = match changes.round().await {
            Ok(round) => round,
            Err(fault) if fault.is_passing() && !is_last => {
                tracing::debug!(%fault, "the stream cannot be read for now");
                life.rest(failed).await;
                failed = (failed * 2).min(PAUSE_FAILED.1);
                continue;
            }
            Err(fault) => return Err(fault.into()),
        };
        failed = PAUSE_FAILED.0;
        let (is_at_tip, has_news) = (round.is_at_tip, !round.changes.is_empty());
        let low = Round { changes: Vec::new(), ..round };
        tail.pace.takes(round.changes.len() as u64);
        indexing.take(round.changes).await?;
        tail.pace.takes(0);
        if is_at_tip && !is_caught_up {
            indexing.index_young().await?;
            is_caught_up = true;
            tail.keep(Keeping::Here { is_caught_up });
        }
        if is_at_tip {
            tail.pace.is_at_tip(begun);
        }
        saved.rise(&low, indexing.run);
        // What a recovery left over would be forgotten with the marks.
        if indexing.young.is_empty() {
            indexing.indexed.trim(saved.low, saved.batches.0.saturating_sub(BATCHES_BACK));
            let marks = changes.marks();
            if is_last || saved.is_due(&marks, &indexing.alarms, every) {
                saved.save(tail, lease, marks, &indexing).await?;
            }
        }
        if is_last {
            return Ok(());
        }
        if has_news {
            pause = PAUSE.0;
            if !is_at_tip {
                continue;
            }
        }
        // A commit of this process shows soon, and is looked for often for a while.
        let is_awaited = !tail.unseen().is_empty();
        // And never so often that it keeps the service from the commits themselves.
        let least = begun.elapsed().clamp(PAUSE_NUDGED, PAUSE.1);
        let rest = if is_awaited || !is_at_tip { (pause / 5).max(least) } else { pause };
        let looked = Instant::now();
        tokio::select! {
            () = life.rest(rest) => {}
            () = tail.nudge.notified() => {
                pause = PAUSE.0;
                life.rest(least.saturating_sub(looked.elapsed())).await;
            }
        }
        pause = (pause * 5 / 4).min(PAUSE.1);
    }
}

fn of_port(error: &StoreError) -> Fault {
    let kind = if error.is_transient() { Kind::Unreached } else { Kind::Refused };
    Fault::new(kind, error.to_string())
}
