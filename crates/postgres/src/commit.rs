//! One caller's commit, from its value to its answer: it is made for the heads that it expects, judged by the server,
//! and made again when other commits were seen in its place, or when an answer was lost on the way.
//!
//! Committing the same value twice is safe (A06), so that a lost answer is asked for again until the time-out ends;
//! only then does the caller hear that the commit may have been written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_core::{Json, StreamHead, StreamId, Timestamp};
use annals_ports::{
    Commit, CommitBody, CommitError, Conflict, Effect, Expectation, Outcome, Receipt, RecordedCommit,
    StoreError, record_append, replay, stamp,
};

use crate::PostgresStore;
use crate::batch::{Answer, Once, Piece, Proposal, Refusal, Task};
use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::rows::{self, Names, uuid};
use crate::sql;

/// The longest pause before the second try; each later one may be twice as long, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);
const PAUSE_AFTER_RACE: Duration = Duration::from_millis(2);

/// Tries within the time-out, and what they may have left behind.
pub(crate) struct Tries {
    pub(crate) until: Instant,
    pause: Duration,
    effect: Effect,
    /// Whether this is not the first.
    pub(crate) is_again: bool,
}

impl Tries {
    pub(crate) fn new(database: &Database) -> Self {
        let until = Instant::now() + database.options.timeout;
        Self { until, pause: PAUSE, effect: Effect::NotWritten, is_again: false }
    }

    /// Waits before the next try, if what went wrong may pass and there is time.
    ///
    /// # Errors
    /// The fault, as the caller is told it, when there is no use in trying, or no time.
    pub(crate) async fn again(
        &mut self,
        fault: Fault,
        doing: &str,
        database: &Database,
    ) -> Result<(), CommitError> {
        if fault.effect() == Effect::Unknown {
            self.effect = Effect::Unknown;
        }
        self.is_again = true;
        // Who lost a race sees at once who won it.
        let longest = if fault.kind == Kind::Taken { PAUSE_AFTER_RACE } else { self.pause };
        // Full jitter: who failed together does not try together.
        let pause = longest.mul_f64(fastrand::f64());
        if fault.is_passing() && Instant::now() + pause < self.until {
            tokio::time::sleep(pause).await;
            self.pause = (longest * 2).clamp(PAUSE, PAUSE_MAX);
            return Ok(());
        }
        Err(CommitError::Store { effect: self.effect, source: fault.told(doing, &database.options) })
    }

    fn failed(&self, source: StoreError) -> CommitError {
        CommitError::Store { effect: self.effect, source }
    }
}

impl PostgresStore {
    /// Records a commit, or answers with what is recorded under its id.
    pub(crate) async fn record(&self, commit: &Arc<Commit>) -> Result<Receipt, CommitError> {
        let database = self.database();
        let mut tries = Tries::new(database);
        let mut heads = expected_heads(commit).or_else(|| self.shared.lanes.known_heads(commit));
        loop {
            let tried = match &heads {
                Some(heads) => self.try_once(commit, heads, &tries).await,
                None => self.look(commit).await,
            };
            let refusal = match tried {
                Ok(Tried::Recorded(receipt)) => return Ok(receipt),
                Ok(Tried::Refused(refusal)) => refusal,
                Err(fault) => {
                    tries.again(fault, &commit.doing(), database).await?;
                    continue;
                }
            };
            // A06: the id was looked up as of the moment of the heads, or later.
            if refusal.stands {
                match standing(database, commit).await {
                    Ok(found) => return replay(commit, &found),
                    Err(fault) => {
                        tries.again(fault, &commit.doing(), database).await?;
                        continue;
                    }
                }
            }
            check(commit, &refusal.heads)?;
            if let Some(theirs) = refusal.skew {
                if tries.effect == Effect::NotWritten {
                    return Err(CommitError::ClockSkew { ours: database.now(), theirs });
                }
                // An earlier try may still be on its way to being written.
                tries.again(Fault::no_answer(), &commit.doing(), database).await?;
            }
            if Instant::now() >= tries.until {
                let after = database.options.timeout;
                return Err(tries.failed(StoreError::TimedOut { doing: commit.doing(), after }));
            }
            tries.is_again = true;
            heads = Some(refusal.heads);
        }
    }

    /// Reads the heads of a commit's streams, where its expectations do not say them; and when they do not hold, whether
    /// the commit itself stands there already.
    async fn look(&self, commit: &Commit) -> Result<Tried, Fault> {
        let database = self.database();
        let heads = find_heads(database, commit.appends().iter().map(|append| &append.stream)).await?;
        let stands = check(commit, &heads).is_err() && find_standing(database, commit.id()).await?.is_some();
        Ok(Tried::Refused(Refusal { stands, skew: None, heads }))
    }

    async fn try_once(
        &self,
        commit: &Arc<Commit>,
        heads: &[Option<StreamHead>],
        tries: &Tries,
    ) -> Result<Tried, Fault> {
        let made = proposal(commit, heads, self.database().now());
        let floats = commit.appends().iter().any(|append| is_floating(&append.expected));
        let task = if floats { Task::floating(made, commit.clone()) } else { Task::fixed(made) };
        Ok(match self.shared.lanes.submit(task, tries).await? {
            Answer::Recorded(added) => {
                let outcome = match commit.body() {
                    CommitBody::Events(_) => Outcome::Committed(added),
                    CommitBody::Refusal(reason) => Outcome::Refused { reason: reason.clone() },
                    CommitBody::Unchanged => Outcome::Unchanged,
                };
                Tried::Recorded(Receipt { commit: commit.id(), outcome, replayed: false })
            }
            Answer::Refused(refusal) => Tried::Refused(refusal),
        })
    }
}

enum Tried {
    Recorded(Receipt),
    Refused(Refusal),
}

/// Whether a commit's expectations hold of the heads of its streams (laws A02 and A03).
fn check(commit: &Commit, heads: &[Option<StreamHead>]) -> Result<(), Box<Conflict>> {
    let appends = commit.appends().iter().zip(heads);
    appends.into_iter().try_for_each(|(append, head)| append.expected.check(&append.stream, head.as_ref()))
}

/// Whether an expectation leaves the head open that it is to continue, or at least its digest.
fn is_floating(expected: &Expectation) -> bool {
    matches!(expected, Expectation::Exact(_) | Expectation::Exists | Expectation::Any)
}

/// The heads that a commit expects, when its expectations alone say them.
fn expected_heads(commit: &Commit) -> Option<Vec<Option<StreamHead>>> {
    let head = |expected: &Expectation| match expected {
        Expectation::NoStream => Some(None),
        Expectation::Head(head) => Some(Some(*head)),
        Expectation::Exact(_) | Expectation::Exists | Expectation::Any => None,
    };
    commit.appends().iter().map(|append| head(&append.expected)).collect()
}

/// The commit as it is to stand in history behind `heads`.
pub(crate) fn proposal(commit: &Commit, heads: &[Option<StreamHead>], now: Timestamp) -> Proposal {
    let (once, clock) = match commit.body() {
        CommitBody::Events(_) => (commit.is_once().then_some(Once::Committed), Some(now)),
        CommitBody::Refusal(reason) => (Some(Once::Refused(reason.clone())), None),
        CommitBody::Unchanged => (Some(Once::Unchanged), None),
    };
    let mut pieces = Vec::with_capacity(heads.len());
    let mut added = Vec::with_capacity(heads.len());
    for (append, head) in commit.appends().iter().zip(heads) {
        // A10: one stamp for the append, never before the head's.
        let (events, appended) = record_append(append, head.as_ref(), stamp(head.as_ref(), now));
        pieces.push(Piece { stream: append.stream.clone(), head: *head, events });
        added.push(appended);
    }
    Proposal { id: commit.id(), clock, once, pieces, added }
}

/// The head of each stream as it is now.
pub(crate) async fn find_heads<'a>(
    database: &Database,
    streams: impl Iterator<Item = &'a StreamId>,
) -> Result<Vec<Option<StreamHead>>, Fault> {
    let streams: Vec<&str> = streams.map(StreamId::as_str).collect();
    let rows = database.rows(|| database.query(sql!("heads")).bind(streams.as_slice())).await?;
    rows.iter().map(|row| rows::head(row, 0)).collect()
}

/// What is recorded under a commit's id.
pub(crate) async fn find_standing(
    database: &Database,
    id: annals_core::CommitId,
) -> Result<Option<RecordedCommit>, Fault> {
    let key = uuid(id.as_bytes());
    let found = database.rows(|| database.query(sql!("events_of_commit")).bind(key)).await?;
    if !found.is_empty() {
        let mut names = Names::default();
        let events: Result<Vec<_>, Fault> = found.iter().map(|row| rows::event(row, &mut names)).collect();
        return Ok(Some(RecordedCommit::Events(events?)));
    }
    let found = database.rows(|| database.query(sql!("once")).bind(key)).await?;
    let Some(row) = found.first() else { return Ok(None) };
    match rows::text(row, 0)? {
        "refused" => {
            let reason = Json::as_stored(rows::text(row, 1)?);
            Ok(Some(RecordedCommit::Refusal { id, reason }))
        }
        "unchanged" => Ok(Some(RecordedCommit::Unchanged { id })),
        outcome => Err(Fault::damaged(format!(
            "commit {id} is kept as {outcome}, and its events are not there; after a restore run `store recover`"
        ))),
    }
}

/// What is recorded under the id of a commit that was seen to stand.
async fn standing(database: &Database, commit: &Commit) -> Result<RecordedCommit, Fault> {
    let found = find_standing(database, commit.id()).await?;
    found.ok_or_else(|| Fault::damaged(format!("commit {} was seen, and is not there", commit.id())))
}
