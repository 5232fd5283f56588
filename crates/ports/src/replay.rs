//! Answering a commit whose id the store knows already: the same arithmetic for every adapter (laws A06 and A12).

use annals_core::{RecordedEvent, StreamHead};

use crate::{Appended, Commit, CommitBody, CommitError, Outcome, Receipt, RecordedCommit, same_events};

/// The answer to `commit` when `standing` is recorded under its id. Nothing is to be written, whatever the answer.
///
/// # Errors
/// When something else stands there, and `commit` is not marked `once`.
pub fn replay(commit: &Commit, standing: &RecordedCommit) -> Result<Receipt, CommitError> {
    let reused = |stream| CommitError::CommitIdReused { commit: commit.id(), stream };
    match (commit.body(), standing) {
        // A12: the first outcome answers, though the decision was made again and came out otherwise.
        _ if commit.is_once() => {}
        // A06: the same value answers with its receipt; any other is no retry.
        (CommitBody::Events(_), RecordedCommit::Events(events)) => {
            same_events(commit, events).map_err(reused)?;
        }
        (CommitBody::Events(appends), RecordedCommit::Refusal { .. } | RecordedCommit::Unchanged { .. }) => {
            return Err(reused(appends.first().map(|append| append.stream.clone())));
        }
        (CommitBody::Refusal(_) | CommitBody::Unchanged, _) => return Err(reused(None)),
    }
    let outcome = match standing {
        RecordedCommit::Events(events) => Outcome::Committed(appended(events)),
        RecordedCommit::Refusal { reason, .. } => Outcome::Refused { reason: reason.clone() },
        RecordedCommit::Unchanged { .. } => Outcome::Unchanged,
    };
    Ok(Receipt { commit: commit.id(), outcome, replayed: true })
}

/// What a commit's events, in commit order, added to each stream.
pub fn appended(events: &[RecordedEvent]) -> Vec<Appended> {
    events
        .chunk_by(|before, after| before.header.stream == after.header.stream)
        .filter_map(|of_stream| Some((of_stream.first()?, of_stream.last()?)))
        .map(|(first, last)| Appended {
            stream: first.header.stream.clone(),
            first: first.header.version,
            head: StreamHead::of(&last.header),
        })
        .collect()
}
