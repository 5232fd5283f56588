//! Every law of the contract on a SQLite file that two processes have open: whatever the suite does from a second process
//! is done by one, which ends by SIGKILL. So does the writer that hangs. Beside the laws: recorded histories of both, and
//! what is left of a process that is killed while it writes.

mod call;
mod carried;
mod remote;
mod served;
mod values;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use annals::ports::{
    Append, Commit, EventFeedExt, Expectation, FeedQuery, FeedStart, NewEvent, check_whole, verify_stream,
};
use annals::sqlite::SqliteStore;
use annals::{Adapter, CommitId, EventId, EventType, Json};
use annals_testkit::ManualClock;
use annals_testkit::conformance::{Held, StoreUnderTest, run};
use annals_testkit::history::{Effort, stays_linearizable};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use self::remote::Remote;
use crate::child;

annals_testkit::conformance_suite!(crate::second_process::TwoProcesses);

/// A file that this process has open, and others as they are asked for.
pub(crate) struct TwoProcesses {
    // Closed before the folder goes.
    store: Option<SqliteStore>,
    clock: ManualClock,
    folder: TempDir,
}

impl TwoProcesses {
    fn file(&self) -> PathBuf {
        self.folder.path().join("laws.db")
    }

    async fn open(&mut self) {
        let options = served::options(&self.file(), &self.clock);
        self.store = Some(SqliteStore::open(options).await.expect("the file can be opened"));
    }

    /// A process that began to write and does not end; it is killed when the answer is dropped.
    async fn hold_the_file(&self) -> Held {
        let hung = Remote::hang_writing(self.file(), self.clock.clone()).await;
        Box::new(hung.expect("nobody else writes for good"))
    }
}

/// A trigger that lets no checkpoint move; until it is dropped.
struct Stuck(Mutex<Connection>);

impl Drop for Stuck {
    fn drop(&mut self) {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute_batch("DROP TRIGGER stuck").expect("a trigger can be dropped");
    }
}

#[async_trait::async_trait]
impl StoreUnderTest for TwoProcesses {
    async fn fresh() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut fresh = Self { store: None, clock: ManualClock::at_present(), folder };
        fresh.open().await;
        fresh
    }

    fn adapter(&self) -> Adapter {
        self.store.as_ref().expect("the store is open").adapter()
    }

    fn clock(&self) -> &ManualClock {
        &self.clock
    }

    async fn reopen(&mut self) {
        self.store = None;
        self.open().await;
    }

    async fn second(&self) -> Adapter {
        Remote::open(self.file(), self.clock.clone()).await.expect("another process can open the file")
    }

    async fn hang_writer(&self) -> Option<Held> {
        Some(self.hold_the_file().await)
    }

    /// A file that another process writes to is away for writers, until their patience ends.
    async fn take_away(&self) -> Option<Held> {
        Some(self.hold_the_file().await)
    }

    /// A view's checkpoint stands in its row of `views`, which is written last.
    async fn stick_checkpoints(&self) -> Option<Held> {
        let connection = served::other_program(&self.file());
        let trigger = "CREATE TRIGGER stuck BEFORE UPDATE ON views
            BEGIN SELECT RAISE(ABORT, 'no checkpoint moves'); END";
        connection.execute_batch(trigger).expect("a trigger can be made");
        Some(Box::new(Stuck(Mutex::new(connection))))
    }
}

#[test]
fn histories_of_two_processes_are_linearizable_and_feed_readers_miss_nothing() {
    stays_linearizable::<TwoProcesses>(&Effort { seeds: 10, ..Effort::default() });
}

/// What was asked of a process, and what of it was answered.
#[derive(Default)]
struct Asked {
    commits: Vec<Commit>,
    answered: Vec<CommitId>,
}

/// Two events for a stream of the task's own, and one for the stream that all write to.
fn commit(task: usize) -> Commit {
    let event = || NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").unwrap(),
        schema_version: 1,
        payload: Json::empty(),
        metadata: Json::empty(),
    };
    let own = format!("count-{task}").parse().unwrap();
    let own = Append::new(own, Expectation::Any, vec![event(), event()]);
    let shared = Append::new("count-all".parse().unwrap(), Expectation::Any, vec![event()]);
    Commit::new(CommitId::new(), vec![own, shared]).unwrap()
}

/// Has another process commit as much as it can, and kills it in the midst of that.
async fn write_until_killed(there: Adapter, answers: usize) -> Asked {
    let asked = Arc::new(Mutex::new(Asked::default()));
    let mut writing = JoinSet::new();
    for task in 0..8 {
        let (there, asked) = (there.clone(), asked.clone());
        writing.spawn(async move {
            loop {
                let value = commit(task);
                asked.lock().unwrap().commits.push(value.clone());
                let receipt = there.events.commit(value).await.expect("nothing stands against this commit");
                asked.lock().unwrap().answered.push(receipt.commit);
            }
        });
    }
    let began = Instant::now();
    while asked.lock().unwrap().answered.len() < answers {
        assert!(began.elapsed() < TwoProcesses::PATIENCE, "the other process does not answer");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // Nobody waits for the answers any more, and the process is killed with these calls in its hands.
    writing.shutdown().await;
    drop(there);
    Arc::into_inner(asked).expect("the tasks have ended").into_inner().unwrap()
}

async fn check_what_is_left(here: &Adapter, asked: Asked) {
    let began = Instant::now();
    here.events.commit(commit(0)).await.expect("nobody holds the file any more");
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "the killed process held others up: {:?}",
        began.elapsed()
    );
    let health = here.feed.health().await.unwrap();
    assert!(health.holds.is_empty() && health.warnings.is_empty(), "{health:?}");

    // A06: what was answered stands; what was not stands whole or not at all, and once it was asked for again.
    let mut asked_for = Vec::new();
    for value in asked.commits {
        let id = value.id();
        let receipt = here.events.commit(value).await.unwrap();
        assert!(receipt.replayed || !asked.answered.contains(&id), "an answered commit was lost");
        asked_for.push(id);
    }
    let start = here.feed.start(FeedStart::Beginning).await.unwrap();
    let (events, _) = here.feed.read_to_end(&FeedQuery::all(), start).await.unwrap();
    assert_eq!(events.len(), 3 * (asked_for.len() + 1), "each commit stands once");
    for whole in events.chunk_by(|one, next| one.header.commit.id == next.header.commit.id) {
        check_whole(whole).unwrap_or_else(|broken| panic!("{broken}"));
    }
    for stream in (0..8).map(|task| format!("count-{task}")).chain(["count-all".to_owned()]) {
        let stream = stream.parse().unwrap();
        verify_stream(here.events.as_ref(), &stream).await.unwrap_or_else(|broken| panic!("{broken}"));
    }
}

#[test]
fn a_process_that_is_killed_disturbs_nobody() {
    if child::role().is_some() {
        return served::serve();
    }
    run(async {
        for round in 0..6 {
            let mut store = TwoProcesses::fresh().await;
            let asked = write_until_killed(store.second().await, 10 * round).await;
            if round % 2 == 1 {
                store.reopen().await;
            }
            check_what_is_left(&store.adapter(), asked).await;
        }
    });
}
