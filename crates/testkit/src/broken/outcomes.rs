//! What breaks laws A06 and A12: ids that are forgotten, and effects that happen again.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use annals_core::CommitId;
use annals_ports::{
    Commit, CommitBody, CommitError, ImportError, Imported, Outcome, Receipt, RecordedCommit,
};
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

/// A12: answers that nothing changed, and does not record it.
#[derive(Default)]
pub(super) struct ForgetsUnchanged {
    recorded: Mutex<HashSet<CommitId>>,
}

#[async_trait]
impl Breakage for ForgetsUnchanged {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let id = commit.id();
        let stands = self.recorded.lock().unwrap_or_else(PoisonError::into_inner).contains(&id);
        if matches!(commit.body(), CommitBody::Unchanged) && !stands {
            return Ok(Receipt { commit: id, outcome: Outcome::Unchanged, replayed: false });
        }
        let receipt = sound.adapter.events.commit(commit).await?;
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        Ok(receipt)
    }
}

/// A06: looks for a commit's id, and a moment later at the heads: a retry conflicts with its own events.
#[derive(Default)]
pub(super) struct LooksBefore {
    recorded: Mutex<HashSet<CommitId>>,
}

impl LooksBefore {
    fn note(&self, id: CommitId) {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }
}

#[async_trait]
impl Breakage for LooksBefore {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let id = commit.id();
        let stands = self.recorded.lock().unwrap_or_else(PoisonError::into_inner).contains(&id);
        if !stands && !commit.is_once() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            for append in commit.appends() {
                let head =
                    sound.adapter.events.head(&append.stream).await.map_err(CommitError::not_written)?;
                append.expected.check(&append.stream, head.as_ref())?;
            }
        }
        let receipt = sound.adapter.events.commit(commit).await?;
        self.note(id);
        Ok(receipt)
    }

    async fn import(&self, sound: &Sound, commit: RecordedCommit) -> Result<Imported, ImportError> {
        let id = commit.id();
        let imported = sound.adapter.import.import(commit).await?;
        if let Some(id) = id {
            self.note(id);
        }
        Ok(imported)
    }
}
