//! Several processes on one file, all writing: every law holds afterwards, nobody waits beyond the store's patience,
//! and each gets its share. One that is killed holds nobody up.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

use annals::Store;
use annals::ports::{Append, Commit, Expectation, NewEvent};
use annals::sqlite::{SqliteOptions, SqliteStore};
use annals::{CommitId, EventId, EventType, Json};

use crate::answers::{self, Answers};
use crate::{aftermath, child};

/// Tasks that write at once in each process, and streams that all of them write to.
const TASKS: usize = 4;
const STREAMS: u64 = 12;

const FILE: &str = "ANNALS_TEST_FILE";

/// A commit of one event, to a stream that every process writes to.
fn commit(number: u64) -> Commit {
    let event = NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").unwrap(),
        schema_version: 1,
        payload: Json::parse(&format!(r#"{{"number":{number}}}"#)).unwrap(),
        metadata: Json::empty(),
    };
    let stream = format!("count-{}", number % STREAMS).parse().unwrap();
    Commit::new(CommitId::new(), vec![Append::new(stream, Expectation::Any, vec![event])]).unwrap()
}

/// The other process: says that it is ready, begins when it is told, and writes until it is told to end.
async fn write() {
    child::end_on_panic();
    let file: std::path::PathBuf = child::given(FILE);
    let store = Store::new(SqliteStore::open(SqliteOptions::new(file)).await.unwrap().adapter());
    child::say("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(write_on(store.clone(), is_over.clone()))).collect();
    // Blocks one of the runtime's threads; the tasks have others, and the store its own.
    tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line)).await.unwrap().unwrap();
    is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
}

async fn write_on(store: Store, is_over: Arc<AtomicBool>) {
    let mut random = fastrand::Rng::new();
    while !is_over.load(Ordering::Relaxed) {
        // A wait beyond the store's patience would be an error here.
        let receipt = store.adapter().events.commit(commit(random.u64(..))).await.unwrap();
        answers::report(&receipt, false);
    }
}

/// Has `processes` write one file until they have `total` answers together; kills the first one half-way, if asked.
fn share(name: &str, processes: usize, total: usize, kills_one: bool, file: &Path) -> (Vec<usize>, Answers) {
    let kept = Arc::new(Mutex::new(Answers::default()));
    let (told, answered) = channel();
    let mut running = Vec::new();
    let mut readers = Vec::new();
    for process in 0..processes {
        let mut command = child::command(name, "writer");
        command.env(FILE, file);
        let (other, mut lines) = child::Running::start(command);
        assert_eq!(lines.next().as_deref(), Some("ready"));
        running.push(other);
        let (kept, told) = (kept.clone(), told.clone());
        readers.push(thread::spawn(move || {
            for line in lines {
                let is_answer = kept.lock().unwrap().keep(&line).unwrap_or_else(|broken| panic!("{broken}"));
                assert!(is_answer, "an unknown line: {line}");
                // Nobody counts any more once the run is over.
                let _ = told.send(process);
            }
        }));
    }
    drop(told);
    for other in &mut running {
        other.tell("go");
    }
    let mut shares = vec![0; processes];
    while shares.iter().sum::<usize>() < total {
        shares[answered.recv().expect("the processes write until they are told to end")] += 1;
        if kills_one && running.len() == processes && shares.iter().sum::<usize>() > total / 2 {
            running.remove(0).kill();
        }
    }
    for other in &mut running {
        other.tell("stop");
    }
    running.into_iter().for_each(child::Running::wait);
    for reader in readers {
        reader.join().unwrap();
    }
    (shares, Arc::into_inner(kept).unwrap().into_inner().unwrap())
}

fn check(name: &str, processes: usize, total: usize, kills_one: bool) -> Vec<usize> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shared.db");
    let (shares, answers) = share(name, processes, total, kills_one, &file);
    let found =
        annals::block_on(aftermath::check(&file, &answers)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(found.lost, 0, "answered commits were lost");
    assert!(found.events >= answers.outcomes.len());
    println!("summary: {processes} processes on one file, answers each: {shares:?}");
    shares
}

/// Each has at least a tenth of an equal share.
fn assert_shared(shares: &[usize], total: usize) {
    let least = total / (10 * shares.len());
    assert!(shares.iter().all(|share| *share >= least), "{shares:?}: each should have {least} of {total}");
}

#[test]
fn two_processes_share_a_file() {
    if child::role().is_some() {
        return annals::block_on(write());
    }
    let total = child::asked("ANNALS_SHARED_COMMITS", 4_000);
    assert_shared(&check("processes::two_processes_share_a_file", 2, total, false), total);
}

#[test]
fn eight_processes_share_a_file() {
    if child::role().is_some() {
        return annals::block_on(write());
    }
    let total = child::asked("ANNALS_SHARED_COMMITS", 4_000);
    assert_shared(&check("processes::eight_processes_share_a_file", 8, total, false), total);
}

#[test]
fn a_process_that_is_killed_holds_the_others_up_no_longer() {
    if child::role().is_some() {
        return annals::block_on(write());
    }
    check("processes::a_process_that_is_killed_holds_the_others_up_no_longer", 3, 2_000, true);
}
