//! What one stream does when operations come one after the other: the contract as a function. A stream is the list of
//! its events, each told by the number of the commit that recorded it.

use super::operation::{Action, Answer, Expected, UNRECORDED};

/// How many events `action` adds to a stream that stands so; none when it cannot have been answered as it was.
pub(super) fn step(stream: &[u32], action: &Action) -> Option<u64> {
    let head = (stream.len() as u64, stream.last().copied().unwrap_or(UNRECORDED));
    match action {
        Action::Head { version, commit } => (head == (*version, *commit)).then_some(0),
        Action::Read { found, to_end: true } => (stream == found).then_some(0),
        Action::Read { found, to_end: false } => stream.starts_with(found).then_some(0),
        Action::Commit { commit, expected, events, answer } => {
            let holds = expected.holds(head);
            match (place(stream, *commit), answer) {
                // A04: versions are dense. A06: nothing is recorded twice.
                (None, Answer::Done { first }) => (holds && *first == head.0 + 1).then_some(*events),
                (None, Answer::Unknown) => holds.then_some(*events),
                // A02: a conflict is true, and tells the actual head.
                (None, Answer::Conflict { version, commit }) => {
                    (!holds && head == (*version, *commit)).then_some(0)
                }
                // A06: the first answer again.
                (Some(place), Answer::Replayed { first }) => (*first == place).then_some(0),
                _ => None,
            }
        }
    }
}

/// Whether a stream that stands so can still come to what `action`, which is yet to take effect, was answered.
/// Events are only added; so what is longer than a later answer, or begins otherwise, will not become it.
pub(super) fn can_become(stream: &[u32], action: &Action) -> bool {
    let version = stream.len() as u64;
    match action {
        Action::Read { found, to_end: true } => found.starts_with(stream),
        Action::Read { found, to_end: false } => {
            let common = found.len().min(stream.len());
            found[..common] == stream[..common]
        }
        Action::Head { version: found, commit } => {
            version < *found || (version == *found && (version == 0 || stream.last() == Some(commit)))
        }
        Action::Commit { answer: Answer::Done { first }, .. } => version < *first,
        Action::Commit { answer: Answer::Conflict { version: found, .. }, .. } => version <= *found,
        Action::Commit { .. } => true,
    }
}

/// The version of the first event that `commit` recorded.
fn place(stream: &[u32], commit: u32) -> Option<u64> {
    stream.iter().position(|recorded| *recorded == commit).map(|index| index as u64 + 1)
}

impl Expected {
    fn holds(self, (version, commit): (u64, u32)) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => version == 0,
            Self::Exists => version > 0,
            // A03: equality, so that a version beyond the head conflicts, too.
            Self::Exact(expected) => version == expected,
            Self::Head(expected, last) => (version, commit) == (expected, last),
        }
    }
}
