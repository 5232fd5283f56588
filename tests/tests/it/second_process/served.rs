//! The other process: opens a store, and has it do what the parent asks, a line each, as many at once as there are.
//! It stamps by the parent's clock, ends when the parent does, and is as a rule killed long before that.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use annals::ports::StoreError;
use annals::sqlite::{SqliteOptions, SqliteStore};
use annals::{Adapter, Timestamp};
use annals_testkit::ManualClock;
use rusqlite::Connection;

use super::call::{Call, answer};
use super::carried::Carried;
use crate::child;

/// How the file is opened, here and there.
pub(super) fn options(file: &Path, clock: &ManualClock) -> SqliteOptions {
    // Long enough for every race, and soon enough where the file is held for good (E02).
    SqliteOptions::new(file).clock(Arc::new(clock.clone())).busy_timeout(Duration::from_secs(3))
}

/// Another program on the file.
pub(super) fn other_program(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("the file is there");
    connection.busy_timeout(Duration::from_secs(5)).expect("a time-out can be set");
    connection
}

/// Answers calls until there are no more.
pub(super) fn serve() {
    child::end_on_panic();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    let clock = ManualClock::at_present();
    let mut store: Option<Adapter> = None;
    let mut hung = None;
    for line in std::io::stdin().lines() {
        let asked =
            serde_json::from_str(&line.expect("the parent writes text")).expect("the parent writes calls");
        let (id, now, call): (u64, Timestamp, Call) = Carried::take(asked);
        clock.set(now);
        match call {
            Call::Open(file) => {
                let opened = runtime.block_on(SqliteStore::open(options(&file, &clock)));
                let opened = opened.map(|opened| store.insert(opened.adapter()).store);
                tell(id, &opened);
            }
            Call::HangWriting(file) => {
                let connection = hung.insert(other_program(&file));
                connection.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes for good");
                tell(id, &Ok::<_, StoreError>(()));
            }
            call => {
                let store = store.clone().expect("a store is opened before it is used");
                runtime.spawn(async move { child::say(&format!("[{id},{}]", answer(call, &store).await)) });
            }
        }
    }
}

fn tell<T: Carried>(id: u64, answer: &Result<T, StoreError>)
where
    Result<T, StoreError>: Carried,
{
    child::say(&format!("[{id},{}]", answer.put()));
}
