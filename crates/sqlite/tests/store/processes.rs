//! Several processes on one file, and what is left when one is killed. The other process is this test program,
//! started again with the name of the running test and the file in its environment.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use annals_core::StreamHead;
use annals_ports::{EventStore, EventStoreExt, Expectation, Inspect, ReadRange, verify_stream};
use annals_sqlite::{SqliteOptions, SqliteStore};

use crate::file::{File, commit, stream};

const FILE: &str = "ANNALS_SQLITE_FILE_OF_THIS_PROCESS";

/// Starts this program again to run the test `name` alone, on `file`.
fn start(name: &str, file: &File) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(FILE, file.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// The file, when this is the other process.
fn given_file() -> Option<PathBuf> {
    std::env::var_os(FILE).map(PathBuf::from)
}

/// Appends to the stream without end or up to `count`, and prints each version once it was answered.
async fn append(file: PathBuf, count: u64) {
    let store = SqliteStore::open(SqliteOptions::new(file)).await.unwrap();
    for number in 0..count {
        let receipt = store.commit(commit("order-1", Expectation::Any, number)).await.unwrap();
        let version = receipt.appended()[0].head.version;
        // A pipe: each line is with the other process before the next commit begins.
        let mut out = std::io::stdout().lock();
        writeln!(out, "answered {version}").unwrap();
        out.flush().unwrap();
    }
}

fn answered(line: &str) -> Option<u64> {
    // The test program's own words may stand before the first line.
    line.rsplit_once("answered ")?.1.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_write_one_file_at_once_share_its_history() {
    const EACH: u64 = 200;
    if let Some(file) = given_file() {
        return append(file, EACH).await;
    }
    let file = File::new();
    let name = "processes::processes_that_write_one_file_at_once_share_its_history";
    let children: Vec<_> = (0..2).map(|_| start(name, &file)).collect();
    let store = file.open().await;
    for number in 0..EACH {
        store.commit(commit("order-1", Expectation::Any, number)).await.unwrap();
    }
    let mut versions = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        versions.extend(output.stdout.lines().filter_map(|line| answered(&line.unwrap())));
    }
    assert_eq!(versions.len() as u64, 2 * EACH);
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len() as u64, 2 * EACH, "two processes were answered the same version");
    let verdict = verify_stream(&store, &stream("order-1")).await.unwrap();
    assert_eq!(StreamHead::version_of(verdict.head.as_ref()).get(), 3 * EACH);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_the_process_was_killed() {
    if let Some(file) = given_file() {
        return append(file, u64::MAX).await;
    }
    let file = File::new();
    let name = "processes::what_was_answered_is_there_after_the_process_was_killed";
    let mut last = 0;
    for round in 0..10 {
        let mut child = start(name, &file);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..20 + round {
            last = next_answer(&mut lines).expect("the process goes on until it is killed");
        }
        child.kill().unwrap();
        while let Some(answer) = next_answer(&mut lines) {
            last = answer;
        }
        child.wait().unwrap();
        let store = file.open().await;
        verify_stream(&store, &stream("order-1")).await.unwrap();
        let events = store.read_all(&stream("order-1"), ReadRange::all()).await.unwrap();
        let found = events.len() as u64;
        // The last commit may have been written and not yet answered.
        assert!(found == last || found == last + 1, "{last} were answered, {found} are there");
        assert_eq!(store.describe().await.unwrap().events, found);
    }
}

fn next_answer(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<u64> {
    lines.map_while(Result::ok).find_map(|line| answered(&line))
}
