//! Work done while faults are in the way, by a caller who does as laws A06 and A12 say, and the check that every law
//! held: no answered commit lost, none doubled, streams and digests whole, feed complete and in order, view rows equal to
//! a fresh fold, snapshots true, and an imported copy equal. With the feature `projection` a projection's runner is at
//! work, too.
//!
//! First each kind of fault is put into each step in turn, then many at random. An adapter runs both with one line:
//!
//! ```text
//! annals_testkit::faults::scenarios::survives_faults::<MyStore>(200);
//! ```

mod caller;
mod copying;
mod follower;
mod ledger;
#[cfg(feature = "projection")]
mod running;
mod script;

use std::fmt;

use tokio::task::JoinSet;

use crate::conformance::{StoreUnderTest, run};
use crate::seeds::seeds;

use super::{Broken, Fault, Faults, Rates};
use caller::Caller;
use script::script;

/// Stores at work at the same time.
const AT_ONCE: usize = 4;

/// What was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many times the work was done, each on a store of its own.
    pub runs: usize,
    /// How many steps that took.
    pub steps: u64,
    /// How many faults were in the way.
    pub faults: usize,
    /// How many processes died.
    pub crashes: usize,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, steps, faults, crashes } = self;
        write!(f, "{runs} runs, {steps} steps, {faults} faults, {crashes} crashes")
    }
}

/// Runs [`each_fault_at_each_step`], then [`random_faults`] for so many seeds; `ANNALS_SEED` in the environment repeats
/// one seed alone.
///
/// # Panics
/// When a law is broken. The faults that led there, and the seed, are told.
pub fn survives_faults<S: StoreUnderTest>(random_runs: u64) {
    run(async move {
        let each = each_fault_at_each_step::<S>().await.unwrap_or_else(|broken| panic!("{broken}"));
        let random = random_faults::<S>(seeds(random_runs)).await.unwrap_or_else(|broken| panic!("{broken}"));
        assert!(each.runs > 0 && each.faults == each.runs, "each run meets its fault: {each}");
        assert!(random.faults > random.runs, "faults come together: {random}");
        eprintln!("each fault at each step: {each}\nat random: {random}");
    });
}

/// Does the work once without a fault, to count its steps, then once for each step and kind of fault.
///
/// # Errors
/// The first law found broken, with the fault that led there.
pub async fn each_fault_at_each_step<S: StoreUnderTest>() -> Result<Coverage, Broken> {
    parts_of_each_fault::<S>(1, 0).await
}

/// One in `parts` of the same runs, others each time, for a store that takes long; `ANNALS_FAULT_PARTS` in the environment
/// asks for another part, 1 for all. Tells what was tried.
///
/// # Errors
/// The first law found broken, with the fault that led there.
///
/// # Panics
/// When a run did not meet its fault.
pub async fn one_in_of_each_fault_at_each_step<S: StoreUnderTest>(parts: usize) -> Result<Coverage, Broken> {
    let asked = std::env::var("ANNALS_FAULT_PARTS").ok().and_then(|text| text.parse().ok());
    let parts = asked.unwrap_or(parts).max(1);
    let first = fastrand::usize(..parts);
    let tried = parts_of_each_fault::<S>(parts, first).await?;
    assert!(tried.runs > 0 && tried.faults == tried.runs, "each run meets its fault: {tried}");
    eprintln!("each fault at each step, one in {parts} from the one numbered {first} on: {tried}");
    Ok(tried)
}

/// One in `parts` of them, beginning with the one numbered `first` from 0.
async fn parts_of_each_fault<S: StoreUnderTest>(parts: usize, first: usize) -> Result<Coverage, Broken> {
    let undisturbed = Faults::none();
    work::<S>(undisturbed.clone()).await?;
    let steps = 1..=undisturbed.steps();
    let plans = steps.flat_map(|step| Fault::EACH.map(|fault| Faults::at_step(step, fault)));
    all::<S>(plans.skip(first).step_by(parts).collect()).await
}

/// Does the work once for each seed, with faults at random.
///
/// # Errors
/// The first law found broken, with the seed and the faults that led there.
pub async fn random_faults<S: StoreUnderTest>(seeds: Vec<u64>) -> Result<Coverage, Broken> {
    all::<S>(seeds.into_iter().map(|seed| Faults::random(seed, Rates::default())).collect()).await
}

async fn all<S: StoreUnderTest>(plans: Vec<Faults>) -> Result<Coverage, Broken> {
    let mut at_work = JoinSet::new();
    let mut coverage = Coverage::default();
    let mut plans = plans.into_iter();
    loop {
        while at_work.len() < AT_ONCE
            && let Some(faults) = plans.next()
        {
            at_work.spawn(async move { (work::<S>(faults.clone()).await, faults) });
        }
        let Some(ended) = at_work.join_next().await else { return Ok(coverage) };
        let (outcome, faults) = ended.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()));
        outcome.map_err(|broken| broken.after(&faults))?;
        let injected = faults.injected();
        coverage.runs += 1;
        coverage.steps += faults.steps();
        coverage.faults += injected.len();
        let is_crash = |fault: Fault| matches!(fault, Fault::CrashBefore | Fault::CrashAfter);
        coverage.crashes += injected.iter().filter(|injected| is_crash(injected.fault)).count();
    }
}

/// The work, with these faults in its way, and the check of all laws after it.
async fn work<S: StoreUnderTest>(faults: Faults) -> Result<(), Broken> {
    let mut caller = Caller::new(S::fresh().await, faults.clone());
    for deed in script() {
        caller.perform(&deed).await?;
    }
    faults.settled().await;
    let feed = caller.check().await?;
    copying::copy_and_compare::<S>(&feed, &faults).await
}
