//! Append lanes: commits that wait at the same moment share a statement.
//!
//! Nobody waits for others to come: a commit that comes while nothing is under way is sent in its caller's own task, and
//! what arrives while the lanes' statements are under way goes into the next. A stream is under way on one lane at a
//! time, at most once in a statement. What stands in the way of others (a place that another process took, a lock that is
//! held) is sent alone, beside the lanes.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use annals_core::{CommitId, StreamHead, StreamId};
use annals_ports::{Commit, PreparedAppend};
use lru::LruCache;
use sqlx::postgres::PgConnection;
use tokio::sync::{Notify, oneshot};

use crate::batch::{Answer, Piece, Proposal, Task, Verdict, propose};
use crate::commit::{Tries, proposal};
use crate::database::{Database, lock};
use crate::fault::{Fault, Kind};
use crate::one::propose_one;

/// Bytes of payload and metadata in one statement.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Heads kept at most; the least recently used one goes first.
const HEADS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).expect("the number is not zero");

/// Waiting commits that a lane looks at, for each that its statement may hold.
const LOOK_AHEAD: usize = 4;

/// The lanes of one store. When it is dropped, what is under way is still done, and the lanes end.
pub(crate) struct Lanes {
    road: Arc<Road>,
}

struct Road {
    database: Arc<Database>,
    state: Mutex<State>,
    bell: Notify,
}

struct State {
    waiting: VecDeque<Job>,
    /// The last heads seen of some streams; what comes next on one of them probably continues it.
    heads: LruCache<StreamId, Option<StreamHead>>,
    /// What is under way.
    busy: HashSet<Key>,
    /// Streams on which somebody holds a lock for long.
    held: HashSet<StreamId>,
    is_closed: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Stream(StreamId),
    Commit(CommitId),
}

struct Job {
    task: Task,
    /// What is under way with it, and with nothing else.
    keys: Vec<Key>,
    ticket: Arc<Ticket>,
    reply: oneshot::Sender<Result<Answer, Fault>>,
}

/// Whether a commit is still to be sent: its caller may give it up until a lane takes it.
struct Ticket(AtomicU8);

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Ticket {
    fn becomes(&self, next: u8) -> bool {
        self.0.compare_exchange(WAITING, next, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// What a lane takes at once.
#[derive(Default)]
struct Load {
    together: Vec<Job>,
    alone: Vec<Job>,
}

impl Lanes {
    /// Starts the lanes within the caller's runtime. They borrow a connection for each statement.
    pub(crate) fn start(database: &Arc<Database>) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            heads: LruCache::new(HEADS_MAX),
            busy: HashSet::new(),
            held: HashSet::new(),
            is_closed: false,
        };
        let road =
            Arc::new(Road { database: database.clone(), state: Mutex::new(state), bell: Notify::new() });
        if database.options.gathering {
            for _ in 0..database.options.lanes {
                tokio::spawn(Lane { road: road.clone() }.run());
            }
        }
        Self { road }
    }

    /// The heads that a commit's streams had when they were last seen, if its expectations hold of them.
    pub(crate) fn known_heads(&self, commit: &Commit) -> Option<Vec<Option<StreamHead>>> {
        let mut state = lock(&self.road.state);
        let mut known = |append: &PreparedAppend| {
            let head = *state.heads.get(&append.stream)?;
            append.expected.check(&append.stream, head.as_ref()).ok().map(|()| head)
        };
        commit.appends().iter().map(&mut known).collect()
    }

    /// Has the server judge a proposal, together with others. Nothing is torn when the caller goes away.
    pub(crate) async fn submit(&self, task: Task, tries: &Tries) -> Result<Answer, Fault> {
        if !self.road.database.options.gathering {
            let answer = propose_alone(&self.road.database, &task.proposal).await;
            return answer.map(|verdict| verdict.answer(task.proposal.added));
        }
        if let Some(lone) = self.road.begin_lone(&task) {
            return lone.carry(task, tries).await;
        }
        let ticket = Arc::new(Ticket(AtomicU8::new(WAITING)));
        let (reply, answer) = oneshot::channel();
        let job = Job { task, keys: Vec::new(), ticket: ticket.clone(), reply };
        {
            let mut state = lock(&self.road.state);
            // Who has waited before does not wait for all that came since.
            if tries.is_again { state.waiting.push_front(job) } else { state.waiting.push_back(job) }
        }
        self.road.bell.notify_one();
        match tokio::time::timeout_at(tries.until.into(), answer).await {
            Ok(Ok(answered)) => answered,
            _ if ticket.becomes(GIVEN_UP) => {
                Err(Fault::new(Kind::Crowded, "the commits before it took all the time that there was"))
            }
            Ok(Err(_)) => Err(Fault::new(Kind::Lost, "the store's lanes have ended; open the store again")),
            Err(_) => Err(Fault::no_answer()),
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        lock(&self.road.state).is_closed = true;
        self.road.bell.notify_waiters();
    }
}

/// Sends one proposal by itself, on a borrowed connection.
async fn propose_alone(database: &Database, proposal: &Proposal) -> Result<Verdict, Fault> {
    let mut session = database.session().await?;
    let mut verdicts = session.propose(&[proposal]).await?;
    verdicts.pop().ok_or_else(|| Fault::damaged("no verdict on a commit"))
}

impl Road {
    /// The next load; none once the store is closed.
    async fn next(&self) -> Option<Load> {
        loop {
            let mut rung = std::pin::pin!(self.bell.notified());
            rung.as_mut().enable();
            {
                let mut state = lock(&self.state);
                let load = state.take(self.database.options.batch_max);
                if !load.together.is_empty() || !load.alone.is_empty() {
                    // What is left may be for another lane.
                    if !state.waiting.is_empty() {
                        self.bell.notify_one();
                    }
                    return Some(load);
                }
                if state.is_closed {
                    return None;
                }
            }
            rung.await;
        }
    }

    /// Makes a proposal again for heads that were seen since it was made, where its commit allows that.
    fn refresh(&self, task: &mut Task) {
        let Some(commit) = &task.floating else { return };
        let mut is_stale = false;
        let heads: Vec<_> = {
            let mut state = lock(&self.state);
            let newest = |(append, piece): (&PreparedAppend, &Piece)| match state.heads.get(&piece.stream) {
                Some(Some(seen))
                    if Some(seen.version) > piece.head.map(|head| head.version)
                        && append.expected.check(&append.stream, Some(seen)).is_ok() =>
                {
                    is_stale = true;
                    Some(*seen)
                }
                _ => piece.head,
            };
            commit.appends().iter().zip(&task.proposal.pieces).map(newest).collect()
        };
        if is_stale {
            task.proposal = proposal(commit, &heads, self.database.now());
        }
    }

    /// Answers a job, and lets others have its streams.
    fn settle(&self, job: Job, judged: Result<Verdict, Fault>) {
        let Proposal { pieces, added, .. } = job.task.proposal;
        let answer = judged.map(|verdict| verdict.answer(added));
        {
            let mut state = lock(&self.state);
            state.learn(&pieces, &answer);
            state.free(&job.keys);
        }
        // A caller who went away commits the same value again to find out (A06).
        let _ = job.reply.send(answer);
    }

    /// Whether nothing else waits or is under way; then others are kept from the task's streams until the answer is
    /// dropped.
    fn begin_lone(self: &Arc<Self>, task: &Task) -> Option<Lone> {
        let mut state = lock(&self.state);
        if !state.waiting.is_empty() || !state.busy.is_empty() {
            return None;
        }
        let keys = state.keys(task);
        state.busy.extend(keys.iter().cloned());
        Some(Lone { road: self.clone(), keys })
    }

    /// Has one proposal judged, on a connection that is borrowed for that.
    async fn judge_one(&self, proposal: &Proposal) -> Result<Verdict, Fault> {
        let mut connection = self.database.for_lane().await?;
        let judged = propose_one(&mut connection, &self.database, proposal).await;
        self.hand_back(connection, &judged);
        judged
    }

    /// Gives a connection back, unless what was done with it spoilt it.
    fn hand_back<T>(&self, connection: PgConnection, done: &Result<T, Fault>) {
        match done {
            Err(fault) if fault.spoils_connection() => self.database.distrust(),
            _ => self.database.give_back(connection),
        }
    }

    /// Sends a job beside the lanes, so that what it waits for holds nobody else up.
    fn send_alone(self: &Arc<Self>, mut job: Job) {
        let road = self.clone();
        tokio::spawn(async move {
            road.refresh(&mut job.task);
            let answer = propose_alone(&road.database, &job.task.proposal).await;
            road.settle(job, answer);
            road.bell.notify_one();
        });
    }
}

/// A commit under way in its caller's task. Its streams are free when this is dropped; should the caller go away before
/// the answer, the connection is closed.
struct Lone {
    road: Arc<Road>,
    keys: Vec<Key>,
}

impl Lone {
    async fn carry(self, task: Task, tries: &Tries) -> Result<Answer, Fault> {
        let judging = self.road.judge_one(&task.proposal);
        let Ok(judged) = tokio::time::timeout_at(tries.until.into(), judging).await else {
            return Err(Fault::no_answer());
        };
        let Proposal { pieces, added, .. } = task.proposal;
        let answer = judged.map(|verdict| verdict.answer(added));
        lock(&self.road.state).learn(&pieces, &answer);
        answer
    }
}

impl Drop for Lone {
    fn drop(&mut self) {
        let is_awaited = {
            let mut state = lock(&self.road.state);
            state.free(&self.keys);
            !state.waiting.is_empty()
        };
        if is_awaited {
            self.road.bell.notify_one();
        }
    }
}

impl State {
    /// Takes note of the heads that an answer tells, and of streams on which somebody holds a lock.
    fn learn(&mut self, pieces: &[Piece], answer: &Result<Answer, Fault>) {
        match answer {
            Ok(Answer::Recorded(added)) => {
                for appended in added {
                    self.heads.put(appended.stream.clone(), Some(appended.head));
                }
            }
            Ok(Answer::Refused(refusal)) => {
                for (piece, head) in pieces.iter().zip(&refusal.heads) {
                    self.heads.put(piece.stream.clone(), *head);
                }
            }
            Err(_) => {}
        }
        let is_held = matches!(answer, Err(fault) if fault.kind == Kind::Locked);
        for Piece { stream, .. } in pieces {
            if is_held {
                self.held.insert(stream.clone());
            } else if !self.held.is_empty() {
                self.held.remove(stream);
            }
        }
    }

    /// Lets others have what was under way.
    fn free(&mut self, keys: &[Key]) {
        for key in keys {
            self.busy.remove(key);
        }
    }

    /// What nothing else may touch while a task is under way. One that continues a head which others have continued
    /// since will hear that, and is in nobody's way.
    fn keys(&self, task: &Task) -> Vec<Key> {
        let is_passed = |piece: &Piece| match self.heads.peek(&piece.stream) {
            Some(Some(seen)) => Some(seen.version) > piece.head.map(|head| head.version),
            _ => false,
        };
        let is_late = task.floating.is_none() && task.proposal.pieces.iter().any(is_passed);
        let id = Key::Commit(task.proposal.id);
        if is_late {
            return vec![id];
        }
        task.proposal.streams().cloned().map(Key::Stream).chain([id]).collect()
    }

    /// Takes what may go together, and what must go alone; what is blocked stays, and so does what comes after it on
    /// the same stream.
    fn take(&mut self, batch_max: usize) -> Load {
        let mut load = Load::default();
        let mut passed_over: HashSet<Key> = HashSet::new();
        let mut stays = VecDeque::new();
        let mut bytes = 0;
        let mut looks = batch_max.saturating_mul(LOOK_AHEAD);
        while load.together.len() < batch_max && bytes < BATCH_BYTES && looks > 0 {
            let Some(mut job) = self.waiting.pop_front() else { break };
            looks -= 1;
            if job.reply.is_closed() {
                continue;
            }
            let keys = self.keys(&job.task);
            if keys.iter().any(|key| self.busy.contains(key) || passed_over.contains(key)) {
                passed_over.extend(keys);
                stays.push_back(job);
                continue;
            }
            if !job.ticket.becomes(TAKEN) {
                continue;
            }
            self.busy.extend(keys.iter().cloned());
            job.keys = keys;
            bytes += job.task.proposal.weight();
            if !self.held.is_empty() && job.task.proposal.streams().any(|stream| self.held.contains(stream)) {
                load.alone.push(job);
            } else {
                load.together.push(job);
            }
        }
        while let Some(job) = stays.pop_back() {
            self.waiting.push_front(job);
        }
        load
    }
}

/// One lane.
struct Lane {
    road: Arc<Road>,
}

impl Lane {
    async fn run(self) {
        while let Some(load) = self.road.next().await {
            for job in load.alone {
                self.road.send_alone(job);
            }
            self.carry(load.together).await;
        }
    }

    /// Has a batch judged, and answers each of its commits.
    async fn carry(&self, mut batch: Vec<Job>) {
        while !batch.is_empty() {
            for job in &mut batch {
                self.road.refresh(&mut job.task);
            }
            let fault = match self.judge(&batch).await {
                Ok(verdicts) => {
                    for (job, verdict) in batch.drain(..).zip(verdicts) {
                        self.road.settle(job, Ok(verdict));
                    }
                    return;
                }
                Err(fault) => fault,
            };
            if batch.len() == 1 || fault.is_everybodys() {
                for job in batch.drain(..) {
                    self.road.settle(job, Err(fault.clone()));
                }
                return;
            }
            let is_named =
                |job: &mut Job| fault.key.as_deref().is_none_or(|key| job.task.proposal.is_named_in(key));
            let named: Vec<Job> = batch.extract_if(.., is_named).collect();
            // A key that none of them wants: each alone, lest all be tried for ever.
            let alone = if named.is_empty() { std::mem::take(&mut batch) } else { named };
            for job in alone {
                self.road.send_alone(job);
            }
        }
    }

    async fn judge(&self, batch: &[Job]) -> Result<Vec<Verdict>, Fault> {
        if let [job] = batch {
            return self.road.judge_one(&job.task.proposal).await.map(|verdict| vec![verdict]);
        }
        let database = &self.road.database;
        let mut connection = database.for_lane().await?;
        let proposals: Vec<&Proposal> = batch.iter().map(|job| &job.task.proposal).collect();
        let judged = propose(&mut connection, database, &proposals).await;
        self.road.hand_back(connection, &judged);
        judged
    }
}
