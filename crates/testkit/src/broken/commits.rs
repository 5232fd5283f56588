//! What breaks laws A01 to A05 and A07: parts of commits, expectations that are not checked, answers that are wrong.

use std::time::Duration;

use annals_core::{CommitId, StreamHead};
use annals_ports::{Append, Commit, CommitError, Expectation, Outcome, PreparedAppend, Receipt};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// The append as it was before it was prepared, with another expectation.
pub(super) fn expecting(append: &PreparedAppend, expected: Expectation) -> Append {
    let events = append.events.iter().map(|prepared| prepared.event.clone()).collect();
    Append::new(append.stream.clone(), expected, events)
}

/// The commit with other appends, under this id.
pub(super) fn as_commit(like: &Commit, id: CommitId, appends: Vec<Append>) -> Commit {
    let made = if like.is_once() { Commit::once(id, appends) } else { Commit::new(id, appends) };
    made.expect("a part of a commit keeps the limits")
}

/// Commits with some expectations changed, and tells conflicts as they were asked.
async fn commit_expecting(
    sound: &Sound,
    commit: Commit,
    mut change: impl FnMut(&PreparedAppend, Option<&StreamHead>) -> Expectation + Send,
) -> Result<Receipt, CommitError> {
    if commit.appends().is_empty() {
        return sound.adapter.events.commit(commit).await;
    }
    let mut appends = Vec::new();
    for append in commit.appends() {
        let head = sound.adapter.events.head(&append.stream).await.map_err(CommitError::not_written)?;
        appends.push(expecting(append, change(append, head.as_ref())));
    }
    let changed = as_commit(&commit, commit.id(), appends);
    sound.adapter.events.commit(changed).await.map_err(|error| match error {
        CommitError::Conflict(mut conflict) => {
            let asked = commit.appends().iter().find(|append| append.stream == conflict.stream);
            conflict.expected = asked.map_or(conflict.expected, |append| append.expected);
            CommitError::Conflict(conflict)
        }
        other => other,
    })
}

/// Tells the outcome of a commit otherwise.
fn retold(outcome: Result<Receipt, CommitError>, change: fn(&mut Receipt)) -> Result<Receipt, CommitError> {
    outcome.map(|mut receipt| {
        change(&mut receipt);
        receipt
    })
}

/// A01: when a later append conflicts, the first one stays.
#[derive(Default)]
pub(super) struct KeepsTheFirstPart;

#[async_trait]
impl Breakage for KeepsTheFirstPart {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let outcome = sound.adapter.events.commit(commit.clone()).await;
        if let (Err(CommitError::Conflict(conflict)), [first, _, ..]) = (&outcome, commit.appends())
            && first.stream != conflict.stream
        {
            let part = as_commit(&commit, CommitId::new(), vec![expecting(first, first.expected)]);
            sound.adapter.events.commit(part).await?;
        }
        outcome
    }
}

/// A02: a head holds when its version does, whatever its digest.
#[derive(Default)]
pub(super) struct ComparesVersions;

#[async_trait]
impl Breakage for ComparesVersions {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let change = |append: &PreparedAppend, _: Option<&StreamHead>| match append.expected {
            Expectation::Head(head) => Expectation::Exact(head.version),
            other => other,
        };
        commit_expecting(sound, commit, change).await
    }
}

/// A03: a version well beyond the head is accepted, and written after the head.
#[derive(Default)]
pub(super) struct AcceptsBeyond;

#[async_trait]
impl Breakage for AcceptsBeyond {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let change = |append: &PreparedAppend, head: Option<&StreamHead>| match append.expected {
            Expectation::Exact(version) if version.get() >= StreamHead::version_of(head).get() + 2 => {
                Expectation::Any
            }
            other => other,
        };
        commit_expecting(sound, commit, change).await
    }
}

/// A04: of three or more events of a stream, the answer tells the last one's version as the first one's.
#[derive(Default)]
pub(super) struct TellsTheLastAsFirst;

#[async_trait]
impl Breakage for TellsTheLastAsFirst {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        retold(sound.adapter.events.commit(commit).await, |receipt| {
            if let Outcome::Committed(appended) = &mut receipt.outcome {
                for added in appended.iter_mut().filter(|added| added.head.version >= added.first.plus(2)) {
                    added.first = added.head.version;
                }
            }
        })
    }
}

/// A05: checks what is expected, and writes a moment later without looking again.
#[derive(Default)]
pub(super) struct ChecksThenWrites;

#[async_trait]
impl Breakage for ChecksThenWrites {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        for append in commit.appends() {
            let head = sound.adapter.events.head(&append.stream).await.map_err(CommitError::not_written)?;
            if append.expected.check(&append.stream, head.as_ref()).is_err() {
                return sound.adapter.events.commit(commit).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        commit_expecting(sound, commit, |_, _| Expectation::Any).await
    }
}

/// A07: the answer tells the heads of more than four streams in another order than the commit's.
#[derive(Default)]
pub(super) struct TellsAnotherOrder;

#[async_trait]
impl Breakage for TellsAnotherOrder {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        retold(sound.adapter.events.commit(commit).await, |receipt| match &mut receipt.outcome {
            Outcome::Committed(appended) if appended.len() > 4 => appended.reverse(),
            _ => {}
        })
    }
}
