//! A failing history made smaller, without making up a failure that was not there: one answer, the culprit, contradicts
//! the rest, and after every step the rest still makes sense without it.
//!
//! 1. Everything after the first answer that cannot be explained is forgotten; that answer is the culprit.
//! 2. What came first in an order that explains the rest, up to an answer that was there before the culprit was called,
//!    becomes part of the stream as it stood at the start.
//! 3. What adds no events is left out where it is not needed, and so are unknown outcomes of which nobody tells.

use super::operation::{Action, Answer, Expected, Operation, StreamHistory};
use super::search::{Verdict, search};

/// The smallest history found that still fails.
pub(super) fn shrink(history: &StreamHistory) -> StreamHistory {
    let Some(mut failing) = shortest_beginning(history) else { return history.clone() };
    loop {
        let before = failing.history.operations.len();
        failing = failing.leave_out().start_later();
        if failing.history.operations.len() == before {
            return failing.history;
        }
    }
}

/// A history that fails by its last answer.
struct Failing {
    history: StreamHistory,
    culprit: Operation,
}

/// A beginning of a good history is good; so the moments at which beginnings fail are all those from one on.
fn shortest_beginning(history: &StreamHistory) -> Option<Failing> {
    let mut answered: Vec<_> =
        history.operations.iter().filter_map(|operation| Some((operation.answered?, operation))).collect();
    answered.sort_by_key(|(moment, _)| *moment);
    let first = answered.partition_point(|(moment, _)| !fails(&until(history, *moment)));
    let (moment, culprit) = *answered.get(first)?;
    Some(Failing { history: until(history, moment), culprit: culprit.clone() })
}

/// What was seen until then. What was under way may yet take effect.
fn until(history: &StreamHistory, moment: u64) -> StreamHistory {
    let seen = |operation: &Operation| {
        if operation.called > moment {
            None
        } else if operation.answered.is_none_or(|answered| answered <= moment) {
            Some(operation.clone())
        } else {
            unanswered(operation)
        }
    };
    StreamHistory { operations: history.operations.iter().filter_map(seen).collect(), ..history.clone() }
}

/// The operation as if no answer had come; nothing when it has no effect then.
fn unanswered(operation: &Operation) -> Option<Operation> {
    let mut pending = Operation { answered: None, ..operation.clone() };
    let Action::Commit { answer, .. } = &mut pending.action else { return None };
    *answer = Answer::Unknown;
    operation.may_add().then_some(pending)
}

fn fails(history: &StreamHistory) -> bool {
    matches!(search(history), Verdict::Impossible)
}

impl Failing {
    /// An order that explains the history without its culprit.
    fn order_of_the_rest(&self) -> Option<(StreamHistory, Vec<usize>)> {
        let without = |operation: &Operation| {
            if *operation == self.culprit { unanswered(operation) } else { Some(operation.clone()) }
        };
        let operations = self.history.operations.iter().filter_map(without).collect();
        let rest = StreamHistory { operations, ..self.history.clone() };
        match search(&rest) {
            Verdict::Explained { order, .. } => Some((rest, order)),
            Verdict::Impossible | Verdict::Undecided { .. } => None,
        }
    }

    /// Whether it shows one contradiction, no more.
    fn is_plain(&self) -> bool {
        fails(&self.history) && self.order_of_the_rest().is_some()
    }

    fn leave_out(mut self) -> Self {
        let mut index = self.history.operations.len();
        while index > 0 {
            index -= 1;
            let operation = &self.history.operations[index];
            let may_be_told =
                operation.may_add() && (!operation.is_optional() || self.culprit.tells_of(operation));
            if *operation == self.culprit || may_be_told {
                continue;
            }
            let left_out = self.history.operations.remove(index);
            if !self.is_plain() {
                self.history.operations.insert(index, left_out);
            }
        }
        self
    }

    /// The same with as much as possible of what came first standing at the start.
    fn start_later(self) -> Self {
        let Some((rest, mut order)) = self.order_of_the_rest() else { return self };
        // The culprit stays, in whatever form the rest was explained with it.
        let pending = unanswered(&self.culprit);
        let culprit = order.iter().position(|place| Some(&rest.operations[*place]) == pending.as_ref());
        order.truncate(culprit.unwrap_or(order.len()));
        for count in (1..=order.len()).rev() {
            let (first, _) = order.split_at(count);
            let is_before = |place: &usize| rest.operations[*place].settles_before(&self.culprit);
            if !first.last().is_some_and(is_before) {
                continue;
            }
            let mut later = StreamHistory { operations: Vec::new(), ..self.history.clone() };
            for place in first {
                if let Action::Commit {
                    commit, events, answer: Answer::Done { .. } | Answer::Unknown, ..
                } = rest.operations[*place].action
                {
                    later.start.extend((0..events).map(|_| commit));
                }
            }
            let is_first =
                |operation: &&Operation| first.iter().any(|place| rest.operations[*place] == **operation);
            later.operations = self.history.operations.iter().filter(|op| !is_first(op)).cloned().collect();
            let later = Self { history: later, culprit: self.culprit.clone() };
            if later.is_plain() {
                return later;
            }
        }
        self
    }
}

impl Operation {
    /// Whether its answer, which tells how long the stream is, was there before `other` was called.
    fn settles_before(&self, other: &Self) -> bool {
        let tells_length = match &self.action {
            Action::Head { .. } => true,
            Action::Read { to_end, .. } => *to_end,
            Action::Commit { answer, .. } => matches!(answer, Answer::Done { .. } | Answer::Conflict { .. }),
        };
        tells_length && self.answered.is_some_and(|answered| answered < other.called)
    }

    /// Whether the answer speaks of what the commit `other` recorded.
    fn tells_of(&self, other: &Self) -> bool {
        let Action::Commit { commit: other, .. } = other.action else { return false };
        match &self.action {
            Action::Head { commit, .. } => *commit == other,
            Action::Read { found, .. } => found.contains(&other),
            Action::Commit { commit, expected, answer, .. } => {
                let expects = matches!(expected, Expected::Head(_, last) if *last == other);
                let told = matches!(answer, Answer::Conflict { commit, .. } if *commit == other);
                expects || told || *commit == other
            }
        }
    }
}
