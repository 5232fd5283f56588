//! The store while several tasks are at work on the same tables over two handles, and while faults are in the way.

use std::time::Duration;

use annals_testkit::conformance::run_within;
use annals_testkit::faults::scenarios::{one_in_of_each_fault_at_each_step, random_faults};
use annals_testkit::history::{Effort, stays_linearizable};

use crate::store::{Embedded, Faulty, OwnTables};

const PATIENCE: Duration = Duration::from_mins(10);

#[test]
fn concurrent_histories_are_linearizable_and_feed_readers_miss_nothing() {
    stays_linearizable::<OwnTables<Embedded>>(&Effort::default());
}

/// With the service's own faults besides those that are injected.
#[test]
fn concurrent_histories_of_a_faulty_service_are_linearizable() {
    stays_linearizable::<OwnTables<Faulty<Embedded>>>(&Effort { seeds: 5, ..Effort::default() });
}

/// Each kind of fault at each step: one in twelve of the 609 runs, others each time, since all of them take the emulator eight
/// minutes. `ANNALS_FAULT_PARTS=1` asks for all.
#[test]
fn every_law_survives_each_fault_at_each_step() {
    run_within(PATIENCE, async {
        let tried = one_in_of_each_fault_at_each_step::<OwnTables<Embedded>>(12).await;
        tried.unwrap_or_else(|broken| panic!("{broken}"));
    });
}

#[test]
fn every_law_survives_many_faults_at_random() {
    run_within(PATIENCE, async {
        let tried = random_faults::<OwnTables<Embedded>>((1..=25).collect()).await;
        let tried = tried.unwrap_or_else(|broken| panic!("{broken}"));
        assert!(tried.faults > tried.runs, "faults come together: {tried}");
        eprintln!("at random: {tried}");
    });
}
