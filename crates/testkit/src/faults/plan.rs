//! Which step meets which fault, and the account of those that did.
//!
//! Each call to a port is one step, counted across all processes that a plan was laid over. Whatever is drawn at random is
//! told by the seed and the step's number alone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use annals_ports::Adapter;
use tokio::sync::watch;

use super::{Fault, Process, Rates};

/// A plan of faults, the steps counted so far, and the faults injected. Clones share all of it.
#[derive(Clone, Debug)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    steps: AtomicU64,
    injected: Mutex<Vec<Injected>>,
    /// Effects that are yet to come.
    late: watch::Sender<usize>,
}

#[derive(Debug)]
enum Plan {
    AtSteps(BTreeMap<u64, Fault>),
    Random { seed: u64, rates: Rates },
}

/// A fault that a call met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injected {
    /// The step, from 1.
    pub step: u64,
    /// The fault.
    pub fault: Fault,
    /// What was being done, and to what.
    pub doing: String,
}

impl Faults {
    /// No fault; steps are counted.
    pub fn none() -> Self {
        Self::at_steps([])
    }

    /// One fault, at the `step`-th call, from 1.
    pub fn at_step(step: u64, fault: Fault) -> Self {
        Self::at_steps([(step, fault)])
    }

    /// These faults at these steps.
    pub fn at_steps(faults: impl IntoIterator<Item = (u64, Fault)>) -> Self {
        Self::of(Plan::AtSteps(faults.into_iter().collect()))
    }

    /// Faults at random, at these rates; the same for the same seed and step.
    pub fn random(seed: u64, rates: Rates) -> Self {
        Self::of(Plan::Random { seed, rates })
    }

    fn of(plan: Plan) -> Self {
        let shared = Shared {
            plan,
            steps: AtomicU64::new(0),
            injected: Mutex::default(),
            late: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A process with the faults in the way of all its calls to the store. After a crash, lay them over the store again:
    /// that is the restart.
    pub fn over(&self, store: &Adapter) -> Process {
        Process::new(self.clone(), store.clone())
    }

    /// How many calls there were.
    pub fn steps(&self) -> u64 {
        self.shared.steps.load(Ordering::SeqCst)
    }

    /// The faults that calls met, in order.
    pub fn injected(&self) -> Vec<Injected> {
        self.shared.injected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until all effects that come late have come.
    pub async fn settled(&self) {
        // The sender is held here, so that waiting cannot fail.
        let _ = self.shared.late.subscribe().wait_for(|late| *late == 0).await;
    }

    /// Counts a step, and tells what happens at it.
    pub(super) fn next(&self, doing: &str) -> Option<Fault> {
        let step = self.shared.steps.fetch_add(1, Ordering::SeqCst) + 1;
        let fault = match &self.shared.plan {
            Plan::AtSteps(faults) => faults.get(&step).copied(),
            Plan::Random { seed, rates } => {
                // Neighbouring seeds must not give neighbouring numbers.
                let mixed = (seed ^ step.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                rates.draw(&mut fastrand::Rng::with_seed(mixed))
            }
        }?;
        let injected = Injected { step, fault, doing: doing.to_owned() };
        self.shared.injected.lock().unwrap_or_else(PoisonError::into_inner).push(injected);
        Some(fault)
    }

    pub(super) fn owe(&self) {
        self.shared.late.send_modify(|late| *late += 1);
    }

    pub(super) fn pay(&self) {
        self.shared.late.send_modify(|late| *late -= 1);
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let injected = self.injected();
        if let Plan::Random { seed, .. } = &self.shared.plan {
            write!(f, "seed {seed}, ")?;
        }
        let plural = if injected.len() == 1 { "fault" } else { "faults" };
        write!(f, "{} steps, {} {plural}", self.steps(), injected.len())?;
        for (place, Injected { step, fault, doing }) in injected.iter().enumerate() {
            let before = if place == 0 { ":" } else { "" };
            write!(f, "{before}\n  step {step}, {fault}: {doing}")?;
        }
        Ok(())
    }
}
