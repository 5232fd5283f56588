//! The writer: one thread that owns the write connection and drains a queue.
//!
//! All history that waits to be recorded at a moment goes into one transaction; each commit is checked before
//! anything of it is written, so that one that is refused refuses itself alone. Whatever else writes (views,
//! snapshots, leases) has a transaction of its own. Nothing is answered before its transaction is committed.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use annals_core::StoreId;
use annals_ports::{Effect, StoreError};
use rusqlite::Connection;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};

use crate::busy;
use crate::connection::{self, Role, roll_back, run};
use crate::fault::{Failure, Fault};
use crate::inbox::{Inbox, Waited};
use crate::ledger::Ledger;
use crate::log::{self, Log};
use crate::options::{Durability, SqliteOptions};
use crate::presence::Presence;
use crate::schema;
use crate::sweep::{sweep, sweeping_is_due};
use crate::wake::Wake;

/// Requests that wait at most; beyond that callers wait to hand theirs in.
const QUEUE: usize = 1_024;

/// Changes besides history that are done before history has its turn again.
const CHANGES_MAX: usize = 16;

/// For how long there has to be nothing to do before what dropped views left behind is swept: whoever rebuilds a view is
/// back sooner, and the old rows can wait.
const QUIET: Duration = Duration::from_millis(100);

/// How often it is swept where it is never quiet.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Something to be recorded in history, together with others.
pub(crate) trait Work: Send {
    /// Decides and writes, within the open transaction. A fault takes the whole transaction back.
    fn settle(&mut self, ledger: &mut Ledger) -> Result<(), Fault>;
    /// Tells what was settled; the transaction is committed.
    fn answer(self: Box<Self>);
    /// Tells of a fault.
    fn fail(self: Box<Self>, fault: &Fault, effect: Effect, options: &SqliteOptions);
}

/// Work, and the moment until which it may wait for the file.
struct Recording {
    work: Box<dyn Work>,
    until: Instant,
}

enum Job {
    Record(Recording),
    Change(Box<dyn FnOnce(&mut Hand) + Send>),
}

/// The queue's end for callers.
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    options: Arc<SqliteOptions>,
}

/// Why an answer did not come.
pub(crate) enum Lost {
    /// The request was not even taken.
    NotTaken(StoreError),
    /// The request was taken.
    Taken(StoreError),
}

/// What an opened file turned out to be.
pub(crate) struct Opened {
    pub(crate) id: StoreId,
    pub(crate) presence: Arc<Presence>,
    /// The options under which it could be opened.
    pub(crate) options: Arc<SqliteOptions>,
}

/// Opens the file on a thread of its own, which ends when the writer is dropped and the queue is empty. What it is
/// arrives once it is found to be a store.
pub(crate) fn start(
    options: &Arc<SqliteOptions>,
    wake: Arc<Wake>,
    alive: std::sync::mpsc::Sender<()>,
) -> std::io::Result<(Writer, oneshot::Receiver<Result<Opened, StoreError>>)> {
    let (queue, jobs) = mpsc::channel(QUEUE);
    let (opened, answer) = oneshot::channel();
    let writer = Writer { queue, options: options.clone() };
    let options = options.clone();
    thread::Builder::new().name("annals-sqlite-writer".to_owned()).spawn(move || {
        busy::until(options.deadline());
        match open(&options) {
            Ok((connection, found)) => {
                let hand = Hand::new(connection, &found, wake);
                // Whoever opened the store may be gone; then the queue is closed, too.
                let _ = opened.send(Ok(found));
                hand.work_off(Inbox::of_this_thread(jobs));
            }
            Err(failure) => {
                let doing = format!("opening {}", options.location());
                let _ = opened.send(Err(failure.told(&doing, &options)));
            }
        }
        drop(alive);
    })?;
    Ok((writer, answer))
}

fn open(options: &Arc<SqliteOptions>) -> Result<(Connection, Opened), Failure> {
    match open_as(options.clone()) {
        Err(Failure::Fault(fault)) if fault.is_about_opening() => {
            let readable = options.where_nothing_can_be_written();
            let opened = readable.and_then(|options| open_as(Arc::new(options)).ok());
            // How it was to be opened is what its failure is about.
            opened.ok_or(Failure::Fault(fault))
        }
        opened => opened,
    }
}

fn open_as(options: Arc<SqliteOptions>) -> Result<(Connection, Opened), Failure> {
    let connection = connection::open(&options, Role::Writer)?;
    let id = schema::prepare(&connection, &options)?;
    let presence = Arc::new(Presence::of(&options)?);
    Ok((connection, Opened { id, presence, options }))
}

impl Writer {
    /// Has something recorded in history. `doing` is asked only for an error.
    pub(crate) async fn record<T>(
        &self,
        work: Box<dyn Work>,
        answer: oneshot::Receiver<T>,
        doing: impl Fn() -> String,
    ) -> Result<T, Lost> {
        let until = self.options.deadline();
        self.hand_in(Job::Record(Recording { work, until }), &doing).await.map_err(Lost::NotTaken)?;
        self.wait_for(answer, &doing).await.map_err(Lost::Taken)
    }

    /// Has `act` run in a transaction of its own.
    pub(crate) async fn change<T, A>(&self, doing: impl Fn() -> String, act: A) -> Result<T, StoreError>
    where
        T: Send + 'static,
        A: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let until = self.options.deadline();
        let (reply, answer) = oneshot::channel();
        let job = Job::Change(Box::new(move |hand| {
            // A caller who went away wants no answer; the change is made all the same.
            let _ = reply.send(hand.alone(until, act));
        }));
        self.hand_in(job, &doing).await?;
        let changed = self.wait_for(answer, &doing).await?;
        changed.map_err(|fault| fault.told(&doing(), &self.options))
    }

    async fn hand_in(&self, job: Job, doing: &impl Fn() -> String) -> Result<(), StoreError> {
        match self.queue.send_timeout(job, self.options.patience()).await {
            Ok(()) => Ok(()),
            Err(SendTimeoutError::Timeout(_)) => {
                Err(StoreError::TimedOut { doing: doing(), after: self.options.patience() })
            }
            Err(SendTimeoutError::Closed(_)) => Err(gone().told(&doing(), &self.options)),
        }
    }

    async fn wait_for<T>(
        &self,
        answer: oneshot::Receiver<T>,
        doing: &impl Fn() -> String,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.options.patience(), answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(gone().told(&doing(), &self.options)),
            Err(_) => Err(StoreError::TimedOut { doing: doing(), after: self.options.patience() }),
        }
    }
}

fn gone() -> Fault {
    Fault::unavailable("the store's writer has ended; open the store again")
}

/// What the writer's thread works with.
struct Hand {
    ledger: Ledger,
    options: Arc<SqliteOptions>,
    wake: Arc<Wake>,
    presence: Arc<Presence>,
    log: Log,
    /// Whether dropped views may have left rows behind.
    sweeping: bool,
    /// When they were last swept.
    swept: Instant,
}

impl Hand {
    fn new(connection: Connection, opened: &Opened, wake: Arc<Wake>) -> Self {
        let Opened { id, presence, options } = opened;
        let ledger = Ledger::new(connection, options.clock.clone(), *id);
        let sweeping = !options.read_only && sweeping_is_due(&ledger.connection);
        let (log, swept) = (Log::of(&options.path), Instant::now());
        let (options, presence) = (options.clone(), presence.clone());
        Self { ledger, options, wake, presence, log, sweeping, swept }
    }

    fn work_off(mut self, mut jobs: Inbox<Job>) {
        while let Some(first) = self.next(&mut jobs) {
            let (mut recordings, mut changes) = (Vec::new(), Vec::new());
            let mut job = Some(first);
            while let Some(taken) = job {
                match taken {
                    Job::Record(recording) => recordings.push(recording),
                    Job::Change(change) => changes.push(change),
                }
                let is_full = recordings.len() >= self.options.batch_max || changes.len() >= CHANGES_MAX;
                job = if is_full { None } else { jobs.take() };
            }
            self.record(recordings);
            for change in changes {
                change(&mut self);
            }
            // Where it is never quiet.
            if self.sweeping && self.swept.elapsed() >= SWEEP_EVERY {
                self.sweep();
            }
        }
        if !self.options.read_only {
            log::cut_back(&self.ledger.connection, Duration::ZERO);
        }
        connection::close(self);
    }

    /// The next job. When there has been none for a while, what dropped views left behind is swept, a little at a time.
    fn next(&mut self, jobs: &mut Inbox<Job>) -> Option<Job> {
        let mut quiet = QUIET;
        while self.sweeping {
            match jobs.wait(Some(quiet)) {
                Waited::Came(job) => return Some(job),
                Waited::Closed => return None,
                Waited::TooLong => self.sweep(),
            }
            quiet = Duration::ZERO;
        }
        match jobs.wait(None) {
            Waited::Came(job) => Some(job),
            Waited::Closed | Waited::TooLong => None,
        }
    }

    fn sweep(&mut self) {
        self.sweeping = self.alone(Instant::now(), sweep).unwrap_or(false);
        self.swept = Instant::now();
    }

    /// Records a batch in one transaction, and answers it.
    fn record(&mut self, batch: Vec<Recording>) {
        let Some(batch) = self.begin(batch) else { return };
        let mut batch = batch;
        let settled = self.ledger.refresh().and_then(|()| {
            batch.iter_mut().try_for_each(|recording| recording.work.settle(&mut self.ledger))
        });
        if let Err(fault) = settled {
            self.take_back(&fault);
            if batch.len() == 1 {
                self.fail(batch, &fault, Effect::NotWritten);
            } else {
                // One of them did it: each is tried alone, so that the others do not suffer.
                for recording in batch {
                    self.record(vec![recording]);
                }
            }
            return;
        }
        // R02: what goes into a file that is no longer there would be answered and never found.
        if let Err(fault) = self.presence.check() {
            self.take_back(&fault);
            self.fail(batch, &fault, Effect::NotWritten);
            return;
        }
        match run(&self.ledger.connection, "COMMIT") {
            Ok(()) => {
                if let Some(end) = self.ledger.end() {
                    self.wake.publish(end);
                }
                for recording in batch {
                    recording.work.answer();
                }
                self.log.tend(&self.ledger.connection);
            }
            Err(fault) => {
                self.take_back(&fault);
                // A01, E01: once the log was being synced, only reading it can tell what a restart will find.
                let effect = if fault.leaves_nothing() { Effect::NotWritten } else { Effect::Unknown };
                self.fail(batch, &fault, effect);
            }
        }
    }

    /// Takes the write lock. Who waited for it too long is told so; none when that leaves nobody.
    fn begin(&mut self, mut batch: Vec<Recording>) -> Option<Vec<Recording>> {
        let mut is_second_try = false;
        busy::let_others();
        while let Some(until) = batch.iter().map(|recording| recording.until).min() {
            busy::until(until);
            match run(&self.ledger.connection, "BEGIN IMMEDIATE") {
                Ok(()) => return Some(batch),
                Err(fault) if fault.is_busy() => {
                    let now = Instant::now();
                    let (waiting, late) = batch.into_iter().partition(|recording| recording.until > now);
                    self.fail(late, &fault, Effect::NotWritten);
                    batch = waiting;
                }
                Err(fault) => {
                    self.take_back(&fault);
                    // E02: a file that could only be read for a while works again as soon as it can be written.
                    if is_second_try || !fault.is_read_only() {
                        self.fail(batch, &fault, Effect::NotWritten);
                        return None;
                    }
                    is_second_try = true;
                }
            }
        }
        None
    }

    fn fail(&self, batch: Vec<Recording>, fault: &Fault, effect: Effect) {
        for recording in batch {
            recording.work.fail(fault, effect, &self.options);
        }
    }

    /// Takes back what a failed transaction did, and leaves a connection that can be used.
    fn take_back(&mut self, fault: &Fault) {
        roll_back(&self.ledger.connection);
        self.ledger.forget();
        // SQLite opens a file for reading alone when it cannot be written, and stays so when it can be again.
        let is_spoiled = fault.spoils_connection() || (fault.is_read_only() && !self.options.read_only);
        if (is_spoiled || !self.ledger.connection.is_autocommit())
            && self.presence.check().is_ok()
            && let Ok(connection) = connection::reopen(&self.options)
        {
            self.ledger = Ledger::new(connection, self.options.clock.clone(), self.ledger.store);
        }
    }

    /// Runs `act` in a transaction of its own.
    fn alone<T>(
        &mut self,
        until: Instant,
        act: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        busy::until(until);
        let changed = self.relaxed(|connection| {
            run(connection, "BEGIN IMMEDIATE")?;
            let changed = act(connection)?;
            self.presence.check()?;
            run(connection, "COMMIT")?;
            Ok(changed)
        });
        if changed.is_ok() {
            self.sweeping = self.sweeping || sweeping_is_due(&self.ledger.connection);
        }
        changed.inspect_err(|fault| self.take_back(fault))
    }

    /// Without waiting for the disk: after a power cut views, snapshots and leases may be as they were a moment
    /// ago, each whole. History does wait, and what was written before a synced commit is synced with it.
    fn relaxed<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let connection = &self.ledger.connection;
        if self.options.durability != Durability::Full {
            return act(connection);
        }
        connection::synchronous(connection, Durability::Normal)?;
        let result = act(connection);
        // It can be set between transactions only.
        if result.is_err() {
            roll_back(connection);
        }
        connection::synchronous(connection, Durability::Full)?;
        result
    }
}
