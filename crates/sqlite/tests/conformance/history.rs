//! The SQLite store while several tasks are at work on one file over two handles, and while faults are in the way. After
//! every other crash the file is closed and opened again; after the rest another handle takes over.

use annals_testkit::faults::scenarios::survives_faults;
use annals_testkit::history::{Effort, stays_linearizable};

use crate::store::{OneFile, Unsynced};

#[test]
fn concurrent_histories_are_linearizable_and_feed_readers_miss_nothing() {
    stays_linearizable::<OneFile<Unsynced>>(&Effort::default());
}

#[test]
fn every_law_survives_each_fault_at_each_step_and_many_at_random() {
    survives_faults::<OneFile<Unsynced>>(60);
}
