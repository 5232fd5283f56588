//! The store while several tasks are at work on one database over two handles, and while faults are in the way. Each run
//! has a database of its own, which takes a server longer than a file: hence the patience.

use std::time::Duration;

use annals_testkit::conformance::run_within;
use annals_testkit::faults::scenarios::{one_in_of_each_fault_at_each_step, random_faults};
use annals_testkit::history::{Effort, stays_linearizable};

use crate::store::{OneDatabase, V15};

const PATIENCE: Duration = Duration::from_secs(600);

#[test]
fn concurrent_histories_are_linearizable_and_feed_readers_miss_nothing() {
    stays_linearizable::<OneDatabase<V15>>(&Effort::default());
}

/// Each kind of fault at each step: one in four of the 609 runs, others each time, since each makes a database.
/// `ANNALS_FAULT_PARTS=1` asks for all.
#[test]
fn every_law_survives_each_fault_at_each_step() {
    run_within(PATIENCE, async {
        let tried = one_in_of_each_fault_at_each_step::<OneDatabase<V15>>(4).await;
        tried.unwrap_or_else(|broken| panic!("{broken}"));
    });
}

#[test]
fn every_law_survives_many_faults_at_random() {
    run_within(PATIENCE, async {
        let tried = random_faults::<OneDatabase<V15>>((1..=25).collect()).await;
        let tried = tried.unwrap_or_else(|broken| panic!("{broken}"));
        assert!(tried.faults > tried.runs, "faults come together: {tried}");
        eprintln!("at random: {tried}");
    });
}
