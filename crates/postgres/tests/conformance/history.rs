//! The store while several tasks are at work on one database over two handles, and while faults are in the way.

use annals_testkit::faults::scenarios::survives_faults;
use annals_testkit::history::{Effort, stays_linearizable};

use crate::store::{OneDatabase, V15};

#[test]
fn concurrent_histories_are_linearizable_and_feed_readers_miss_nothing() {
    stays_linearizable::<OneDatabase<V15>>(&Effort::default());
}

#[test]
fn every_law_survives_each_fault_at_each_step_and_many_at_random() {
    survives_faults::<OneDatabase<V15>>(60);
}
