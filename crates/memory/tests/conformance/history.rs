//! The memory store while several tasks are at work on it, and while faults are in the way.

use annals_testkit::faults::scenarios::survives_faults;
use annals_testkit::history::{Effort, stays_linearizable};

use crate::store::Memory;

#[test]
fn concurrent_histories_are_linearizable_and_feed_readers_miss_nothing() {
    stays_linearizable::<Memory>(&Effort::default());
}

#[test]
fn every_law_survives_each_fault_at_each_step_and_many_at_random() {
    survives_faults::<Memory>(300);
}
