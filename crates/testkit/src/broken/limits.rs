//! What breaks laws A08 and A09: a store that refuses what every store must take.

use annals_ports::{Commit, CommitError, NewEvent, Receipt, Snapshot, StoreError, ViewBatch, ViewError};
use async_trait::async_trait;

use super::{Breakage, Sound};

async fn unless(
    sound: &Sound,
    commit: Commit,
    refused: impl Fn(&NewEvent) -> bool + Send,
) -> Result<Receipt, CommitError> {
    let mut events = commit.appends().iter().flat_map(|append| &append.events);
    if events.any(|prepared| refused(&prepared.event)) {
        let (doing, reason) = (commit.doing(), "this store cannot hold such an event".to_owned());
        return Err(CommitError::not_written(StoreError::Refused { doing, reason }));
    }
    sound.adapter.events.commit(commit).await
}

/// A08: refuses an event that is within the limit, since its own is lower.
#[derive(Default)]
pub(super) struct RefusesLargeEvents;

#[async_trait]
impl Breakage for RefusesLargeEvents {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        unless(sound, commit, |event| event.payload.len() + event.metadata.len() > 200 * 1024).await
    }
}

/// A09: refuses JSON that is portable, yet nested deeper than it likes.
#[derive(Default)]
pub(super) struct RefusesDeepPayloads;

#[async_trait]
impl Breakage for RefusesDeepPayloads {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        unless(sound, commit, |event| depth(event.payload.as_str()) > 50).await
    }
}

fn depth(json: &str) -> usize {
    let (mut now, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for c in json.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '{' | '[' if !in_text => {
                now += 1;
                most = most.max(now);
            }
            '}' | ']' if !in_text => now -= 1,
            _ => {}
        }
    }
    most
}

/// A08: refuses a commit that is within the limit, since its own is lower.
#[derive(Default)]
pub(super) struct RefusesLargeCommits;

#[async_trait]
impl Breakage for RefusesLargeCommits {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let events = commit.appends().iter().flat_map(|append| &append.events);
        let bytes: usize = events.map(|prepared| prepared.event.payload.len()).sum();
        unless(sound, commit, |_| bytes > 1024 * 1024).await
    }
}

/// A08: refuses streams with the longest names.
#[derive(Default)]
pub(super) struct RefusesLongNames;

#[async_trait]
impl Breakage for RefusesLongNames {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let long = commit.appends().iter().any(|append| append.stream.as_str().len() > 190);
        unless(sound, commit, |_| long).await
    }
}

/// A08: refuses many events over many streams.
#[derive(Default)]
pub(super) struct RefusesManyStreams;

#[async_trait]
impl Breakage for RefusesManyStreams {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let events: usize = commit.appends().iter().map(|append| append.events.len()).sum();
        let many = commit.appends().len() == 16 && events > 40;
        unless(sound, commit, |_| many).await
    }
}

/// A08: refuses snapshots that are within the limit.
#[derive(Default)]
pub(super) struct RefusesLargeSnapshots;

#[async_trait]
impl Breakage for RefusesLargeSnapshots {
    async fn save(&self, sound: &Sound, snapshot: Snapshot) -> Result<(), StoreError> {
        if snapshot.state().len() > 200 * 1024 {
            let (doing, reason) = (format!("saving {}", snapshot.stream()), "it is too large".to_owned());
            return Err(StoreError::Refused { doing, reason });
        }
        sound.adapter.snapshots.save(snapshot).await
    }
}

/// A08: refuses rows that are within the limit.
#[derive(Default)]
pub(super) struct RefusesLargeRows;

#[async_trait]
impl Breakage for RefusesLargeRows {
    async fn apply(&self, sound: &Sound, batch: ViewBatch) -> Result<(), ViewError> {
        let mut rows = batch.changes.iter().filter_map(|change| change.row());
        if rows.any(|(row, _)| row.len() > 200 * 1024) {
            let (doing, reason) = (format!("changing {}", batch.view), "a row is too large".to_owned());
            return Err(StoreError::Refused { doing, reason }.into());
        }
        sound.adapter.views.apply(batch).await
    }
}
