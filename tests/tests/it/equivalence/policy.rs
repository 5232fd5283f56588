//! How a script is run: what must not show in what comes of it.

use std::time::Duration;

use annals_testkit::ManualClock;
use annals_testkit::faults::{Faults, Rates};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// How a script is run; the outcome must not depend on it, but for the stamps, which are told by the clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) page_size: usize,
    pub(crate) snapshot_every: u64,
    pub(crate) cached: bool,
    /// So many commands form a round, and are carried out at once where they concern different aggregates.
    pub(crate) at_once: usize,
    /// By how many milliseconds the clock moves before each round, in turns.
    pub(crate) clock: Vec<i64>,
    /// After how many rounds the read models catch up, with a new runner each time.
    pub(crate) catch_up_every: usize,
    /// Before which round the store is closed and opened again, where that means anything.
    pub(crate) reopen_before: usize,
    /// Before which round the read models have a new version.
    pub(crate) renew_before: usize,
    /// What the faults between the program and the store are drawn from, if there are any.
    pub(crate) faults: Option<u64>,
}

pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    // All that a script may move it by stays below the time by which a clock may be off (A10).
    let step = prop_oneof![4 => Just(100), 1 => Just(0), 1 => Just(1), 1 => -150..0_i64];
    (
        prop_oneof![Just(1_usize), Just(2), Just(7), Just(1_000)],
        (1..6_u64, any::<bool>()),
        1..7_usize,
        prop::collection::vec(step, 1..6),
        1..30_usize,
        (0..40_usize, 0..40_usize),
        prop::option::of(any::<u64>()),
    )
        .prop_map(|(page_size, snapshots, at_once, clock, catch_up_every, befores, faults)| Policy {
            page_size,
            snapshot_every: snapshots.0,
            cached: snapshots.1,
            at_once,
            clock,
            catch_up_every,
            reopen_before: befores.0,
            renew_before: befores.1,
            faults,
        })
}

impl Policy {
    pub(crate) fn move_clock(&self, clock: &ManualClock, round: usize) {
        let step = self.clock[round % self.clock.len()];
        let by = Duration::from_millis(step.unsigned_abs());
        if step < 0 { clock.step_back(by) } else { clock.advance(by) }
    }

    /// Every kind of fault but a crash: processes end where the store is opened again.
    pub(crate) fn faults(&self) -> Faults {
        let rates = Rates { crash: 0, ..Rates::default() };
        self.faults.map_or_else(Faults::none, |seed| Faults::random(seed, rates))
    }
}
