//! The search for an order that explains a history: Wing and Gong's, with Lowe's memory of what was tried in vain.
//!
//! Whatever was called before the earliest answer that is still to be explained may come next. A set of operations
//! explained, with the stream that they lead to, is tried once. An optional operation comes where it adds events, or
//! never. The search is exact, and bounded: what it cannot settle within the bound it says, and never passes.

use std::collections::HashSet;

use super::operation::{Action, Operation, StreamHistory};
use super::sequential::{can_become, step};
use super::shrink::shrink;

/// States tried at most. Histories of a test take as many as they have operations.
const STATES_MAX: usize = 200_000;

/// A history that no order of its operations explains.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLinearizable {
    /// There is no order.
    #[error(
        "no order of these operations on {} explains what was answered:\n{smallest}\nassert!(check(&history).is_ok());",
        .smallest.stream
    )]
    NoOrder {
        /// The history, made smaller while it still failed.
        smallest: StreamHistory,
    },
    /// It was not found out.
    #[error(
        "{stream}: after {states} states no order was found, nor shown that there is none; record a shorter history"
    )]
    Undecided {
        /// The stream.
        stream: String,
        /// How many states were tried.
        states: usize,
    },
}

/// Checks that some order of the operations explains every answer.
///
/// # Errors
/// The smallest part found that none explains.
pub fn check(history: &StreamHistory) -> Result<(), NotLinearizable> {
    match search(history) {
        Verdict::Explained { .. } => Ok(()),
        Verdict::Impossible => Err(NotLinearizable::NoOrder { smallest: shrink(history) }),
        Verdict::Undecided { states } => {
            Err(NotLinearizable::Undecided { stream: history.stream.clone(), states })
        }
    }
}

/// How many states the search tried until it found an order; none when it found none.
pub fn states_explored(history: &StreamHistory) -> Option<usize> {
    match search(history) {
        Verdict::Explained { states, .. } => Some(states),
        Verdict::Impossible | Verdict::Undecided { .. } => None,
    }
}

pub(super) enum Verdict {
    /// In this order of the operations, told by their places in the history.
    Explained {
        order: Vec<usize>,
        states: usize,
    },
    Impossible,
    Undecided {
        states: usize,
    },
}

pub(super) fn search(history: &StreamHistory) -> Verdict {
    let mut by_call: Vec<usize> = (0..history.operations.len()).collect();
    by_call.sort_by_key(|place| history.operations[*place].called);
    let operations: Vec<_> = by_call.iter().map(|place| &history.operations[*place]).collect();
    let open = operations.iter().filter(|operation| !operation.is_optional()).count();
    let done = vec![0; operations.len().div_ceil(64)];
    let (stream, order, tried) = (history.start.clone(), Vec::new(), HashSet::new());
    let mut search = Search { operations, open, done, stream, order, tried };
    let is_explained = search.explain();
    let states = search.tried.len();
    if is_explained {
        let order = search.order.into_iter().map(|index| by_call[index]).collect();
        Verdict::Explained { order, states }
    } else if states < STATES_MAX {
        Verdict::Impossible
    } else {
        Verdict::Undecided { states }
    }
}

struct Search<'a> {
    /// By the moment of their call.
    operations: Vec<&'a Operation>,
    /// How many of them must still be explained.
    open: usize,
    /// Which are explained, a bit each.
    done: Vec<u64>,
    stream: Vec<u32>,
    /// The operations explained, in their order.
    order: Vec<usize>,
    tried: HashSet<(Vec<u64>, Vec<u32>)>,
}

impl Search<'_> {
    /// Whether what is not explained yet can be, from here.
    fn explain(&mut self) -> bool {
        if self.open == 0 {
            return true;
        }
        if self.tried.len() >= STATES_MAX || !self.tried.insert((self.done.clone(), self.stream.clone())) {
            return false;
        }
        let earliest_answer = self.left().filter_map(|(_, operation)| operation.answered).min();
        let earliest_answer = earliest_answer.unwrap_or(u64::MAX);
        // Both ends of an interval are moments of their own: who was called at the moment of an answer came after it.
        let mut next: Vec<_> = self
            .left()
            .take_while(|(_, operation)| operation.called < earliest_answer)
            .map(|(index, operation)| (operation.is_optional(), index))
            .collect();
        next.sort_unstable();
        next.into_iter().any(|(_, index)| self.explain_with(index))
    }

    /// The same, with operation `index` coming next.
    fn explain_with(&mut self, index: usize) -> bool {
        let operation = self.operations[index];
        let Some(added) = step(&self.stream, &operation.action) else { return false };
        let length = self.stream.len();
        if let Action::Commit { commit, .. } = operation.action {
            self.stream.extend((0..added).map(|_| commit));
        }
        self.turn(index);
        self.order.push(index);
        let can_be = |operation: &Operation| can_become(&self.stream, &operation.action);
        if (added == 0 || self.left().all(|(_, operation)| can_be(operation))) && self.explain() {
            return true;
        }
        self.order.pop();
        self.turn(index);
        self.stream.truncate(length);
        false
    }

    /// Marks an operation explained, or not.
    fn turn(&mut self, index: usize) {
        self.done[index / 64] ^= 1 << (index % 64);
        if !self.operations[index].is_optional() {
            let is_done = self.is_done(index);
            self.open = if is_done { self.open - 1 } else { self.open + 1 };
        }
    }

    fn is_done(&self, index: usize) -> bool {
        self.done[index / 64] >> (index % 64) & 1 == 1
    }

    fn left(&self) -> impl Iterator<Item = (usize, &Operation)> {
        let left = (0..self.operations.len()).filter(|index| !self.is_done(*index));
        left.map(|index| (index, self.operations[index]))
    }
}
