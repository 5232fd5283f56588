//! What breaks laws A06 and A12: ids that are forgotten, and effects that happen again.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use annals_core::CommitId;
use annals_ports::{Commit, CommitError, Receipt};
use async_trait::async_trait;

use super::commits::{as_commit, expecting};
use super::{Breakage, Sound};

/// The same commit under an id that is not known.
fn anew(commit: &Commit) -> Commit {
    let appends = commit.appends().iter().map(|append| expecting(append, append.expected)).collect();
    as_commit(commit, CommitId::new(), appends)
}

/// A06: knows the last commit's id alone.
#[derive(Default)]
pub(super) struct ForgetsIds {
    answered: Mutex<(HashSet<CommitId>, Option<CommitId>)>,
}

#[async_trait]
impl Breakage for ForgetsIds {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let (id, once) = (commit.id(), commit.is_once());
        let forgotten = {
            let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
            answered.0.contains(&id) && answered.1 != Some(id)
        };
        let commit = if forgotten && !once { anew(&commit) } else { commit };
        let receipt = sound.adapter.events.commit(commit).await?;
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.1 = Some(id);
        if !once {
            answered.0.insert(id);
        }
        Ok(receipt)
    }
}

/// A12: a commit that is to take effect once takes effect again when other events were decided on.
#[derive(Default)]
pub(super) struct ActsAgain {
    first: Mutex<HashMap<CommitId, Commit>>,
}

#[async_trait]
impl Breakage for ActsAgain {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        if !commit.is_once() || commit.appends().is_empty() {
            return sound.adapter.events.commit(commit).await;
        }
        let acts_again = {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            match first.get(&commit.id()) {
                Some(earlier) => earlier != &commit,
                None => first.insert(commit.id(), commit.clone()).is_some(),
            }
        };
        let commit = if acts_again { anew(&commit) } else { commit };
        sound.adapter.events.commit(commit).await
    }
}
