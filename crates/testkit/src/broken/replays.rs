//! More that breaks laws A06 and A12: what is compared, what is marked, and what counts as an outcome.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use annals_core::CommitId;
use annals_ports::{Commit, CommitBody, CommitError, Outcome, Receipt};
use async_trait::async_trait;

use super::commits::{as_commit, expecting};
use super::{Breakage, Sound};

/// The commits that were answered, by id.
#[derive(Default)]
struct Answered(Mutex<HashMap<CommitId, Commit>>);

impl Answered {
    fn get(&self, id: CommitId) -> Option<Commit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn put(&self, commit: Commit) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(commit.id()).or_insert(commit);
    }
}

/// A06: an answer never says that it was given before.
#[derive(Default)]
pub(super) struct NeverReplays {
    answered: Answered,
}

#[async_trait]
impl Breakage for NeverReplays {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let known = self.answered.get(commit.id()).is_some_and(|earlier| !earlier.is_once());
        let receipt = sound.adapter.events.commit(commit.clone()).await?;
        self.answered.put(commit);
        Ok(Receipt { replayed: receipt.replayed && !known, ..receipt })
    }
}

/// A06: a retry that tells more about itself is taken for another commit.
#[derive(Default)]
pub(super) struct ComparesEverything {
    answered: Answered,
}

#[async_trait]
impl Breakage for ComparesEverything {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        if self.answered.get(commit.id()).is_some_and(|earlier| !earlier.is_once() && earlier != commit) {
            return Err(CommitError::CommitIdReused { commit: commit.id(), stream: None });
        }
        let receipt = sound.adapter.events.commit(commit.clone()).await?;
        self.answered.put(commit);
        Ok(receipt)
    }
}

/// A commit that conflicts has used its id up: A06 for plain commits, A12 for those that take effect once.
struct UsesIdsUp {
    once: bool,
    used: Mutex<HashSet<CommitId>>,
}

impl UsesIdsUp {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let (id, counts) = (commit.id(), commit.is_once() == self.once);
        if counts && self.used.lock().unwrap_or_else(PoisonError::into_inner).contains(&id) {
            return Err(CommitError::CommitIdReused { commit: id, stream: None });
        }
        let outcome = sound.adapter.events.commit(commit).await;
        if counts && matches!(outcome, Err(CommitError::Conflict(_))) {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
        outcome
    }
}

/// A06: a conflict uses the id up.
pub(super) struct UsesUpPlainIds(UsesIdsUp);

impl Default for UsesUpPlainIds {
    fn default() -> Self {
        Self(UsesIdsUp { once: false, used: Mutex::default() })
    }
}

#[async_trait]
impl Breakage for UsesUpPlainIds {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        self.0.commit(sound, commit).await
    }
}

/// A12: a conflict is an outcome.
pub(super) struct UsesUpOnceIds(UsesIdsUp);

impl Default for UsesUpOnceIds {
    fn default() -> Self {
        Self(UsesIdsUp { once: true, used: Mutex::default() })
    }
}

#[async_trait]
impl Breakage for UsesUpOnceIds {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        self.0.commit(sound, commit).await
    }
}

/// A12: a plain commit under the id of a refusal is answered with the refusal.
#[derive(Default)]
pub(super) struct AnswersPlainWithRefusal {
    answered: Answered,
}

#[async_trait]
impl Breakage for AnswersPlainWithRefusal {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let refused = |earlier: Commit| matches!(earlier.body(), CommitBody::Refusal(_));
        if !commit.is_once() && self.answered.get(commit.id()).is_some_and(refused) {
            let appends = commit.appends().iter().map(|append| expecting(append, append.expected)).collect();
            let once = Commit::once(commit.id(), appends).expect("it was a commit before");
            return sound.adapter.events.commit(once).await;
        }
        let receipt = sound.adapter.events.commit(commit.clone()).await?;
        self.answered.put(commit);
        Ok(receipt)
    }
}

/// A12: a refusal that comes after the effect is answered as a refusal.
#[derive(Default)]
pub(super) struct RefusesAfterTheEffect;

#[async_trait]
impl Breakage for RefusesAfterTheEffect {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let reason = match commit.body() {
            CommitBody::Refusal(reason) => Some(reason.clone()),
            CommitBody::Events(_) | CommitBody::Unchanged => None,
        };
        let receipt = sound.adapter.events.commit(commit).await?;
        Ok(match (reason, &receipt.outcome) {
            (Some(reason), Outcome::Committed(_)) => {
                Receipt { outcome: Outcome::Refused { reason }, replayed: false, ..receipt }
            }
            _ => receipt,
        })
    }
}

/// A06: another value under a used id is written as a commit of its own.
#[derive(Default)]
pub(super) struct GivesIdsTwice {
    answered: Answered,
}

#[async_trait]
impl Breakage for GivesIdsTwice {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        match sound.adapter.events.commit(commit.clone()).await {
            Err(CommitError::CommitIdReused { .. })
                if self.answered.get(commit.id()).is_some_and(|earlier| earlier.appends().len() > 1) =>
            {
                let appends =
                    commit.appends().iter().map(|append| expecting(append, append.expected)).collect();
                sound.adapter.events.commit(as_commit(&commit, CommitId::new(), appends)).await
            }
            outcome => {
                if outcome.is_ok() {
                    self.answered.put(commit);
                }
                outcome
            }
        }
    }
}
