//! Committing until the outcome is known (law A06).
//!
//! What may have been written is committed again, the same value, until the store says what became of it or the
//! attempts are used up. Nothing is decided here, and a conflict is handed back at once.

use annals_ports::{Commit, CommitError, Effect, EventStore, Receipt, StoreError};

use crate::retry::Attempts;

/// Commits, and commits the same value again after failures that may pass.
pub(crate) async fn commit_until_known(
    store: &dyn EventStore,
    commit: Commit,
    attempts: &mut Attempts,
) -> Result<Receipt, CommitError> {
    let mut may_be_written = false;
    loop {
        let error = match store.commit(commit.clone()).await {
            Ok(receipt) => return Ok(receipt),
            // The store looks for the commit itself before it answers so: these tell that it was not written. An
            // earlier attempt that is still under way will find the same conflict, since streams only grow.
            Err(error @ (CommitError::Conflict(_) | CommitError::CommitIdReused { .. })) => {
                return Err(error);
            }
            Err(error) => error,
        };
        may_be_written |= error.effect() == Effect::Unknown;
        // E02: a store that let the caller wait as long as it may has used up the caller's time, too.
        let has_waited = !may_be_written
            && matches!(&error, CommitError::Store { source: StoreError::TimedOut { .. }, .. });
        if has_waited || !(error.is_transient() && attempts.again().await) {
            return Err(if may_be_written { of_unknown_effect(error, &commit) } else { error });
        }
        tracing::debug!(%error, attempt = attempts.made(), "committing the same value again");
    }
}

/// A06: once one attempt may have written, a later one that wrote nothing does not make it known.
fn of_unknown_effect(error: CommitError, commit: &Commit) -> CommitError {
    match error {
        CommitError::Store { source, .. } => CommitError::unknown(source),
        other => {
            CommitError::unknown(StoreError::Refused { doing: commit.doing(), reason: other.to_string() })
        }
    }
}
