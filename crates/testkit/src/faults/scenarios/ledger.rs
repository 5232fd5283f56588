//! What the caller was answered, and whether the store still stands by it.

use std::collections::HashMap;

use annals_core::{CommitId, RecordedEvent, StreamId};
use annals_ports::{
    Adapter, Commit, CommitError, EventStoreExt, Outcome, ReadRange, Receipt, Snapshot, appended, same_events,
};

use crate::faults::Broken;

/// Commits that were answered, each with every value tried under its id, and snapshots that were tried.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) answered: HashMap<CommitId, Answered>,
    pub(super) snapshots: Vec<Snapshot>,
}

pub(super) struct Answered {
    pub(super) attempts: Vec<Commit>,
    pub(super) receipt: Receipt,
}

impl Ledger {
    /// Notes an answer; an id that was answered before must be answered as before (laws A06 and A12).
    pub(super) fn note(&mut self, attempts: Vec<Commit>, receipt: Receipt) -> Result<(), Broken> {
        let first = receipt.outcome.clone();
        let known = self.answered.entry(receipt.commit);
        let known = known.or_insert_with(|| Answered { attempts: Vec::new(), receipt });
        known.attempts.extend(attempts);
        if known.receipt.outcome == first {
            return Ok(());
        }
        let what = format!(
            "commit {} was answered {:?}, then {first:?}",
            known.receipt.commit, known.receipt.outcome
        );
        Err(Broken::new("A12", what))
    }

    /// A01, A02, A06, A12: what was answered stands, once, as it was answered, and nothing else does.
    pub(super) async fn check(&self, store: &Adapter, feed: &[RecordedEvent]) -> Result<(), Broken> {
        let mut standing: HashMap<CommitId, Vec<RecordedEvent>> = HashMap::new();
        for event in feed {
            standing.entry(event.header.commit.id).or_default().push(event.clone());
        }
        // F02 orders a stream's events, not those of a commit.
        for events in standing.values_mut() {
            events.sort_unstable_by_key(|event: &RecordedEvent| event.header.commit.index);
        }
        for (id, Answered { attempts, receipt }) in &self.answered {
            let events = standing.remove(id).unwrap_or_default();
            if appended(&events) != receipt.appended() {
                let (told, found) = (receipt.appended(), appended(&events));
                let what = format!("commit {id} was answered with {told:?}, and the store holds {found:?}");
                return Err(Broken::new("R02", what));
            }
            let is_one = attempts.iter().any(|attempt| same_events(attempt, &events).is_ok());
            if !events.is_empty() && !is_one {
                return Err(Broken::new("R04", format!("the events of commit {id} are not those committed")));
            }
        }
        if let Some(id) = standing.into_keys().next() {
            let what = format!("commit {id} stands in the feed, and nobody was answered so");
            return Err(Broken::new("A06", what));
        }
        self.check_repeated(store).await?;
        for snapshot in self.latest_snapshots(store).await? {
            self.check_snapshot(store, &snapshot).await?;
        }
        Ok(())
    }

    /// A06: each commit, repeated at this later time, is answered with the first receipt, and writes nothing.
    async fn check_repeated(&self, store: &Adapter) -> Result<(), Broken> {
        let end = store.feed.health().await?.end;
        for (id, Answered { attempts, receipt }) in &self.answered {
            for attempt in attempts {
                // A12: whatever is marked `once` is answered by what stands.
                let is_standing = attempt.is_once() || matches!(receipt.outcome, Outcome::Committed(_));
                let again = store.events.commit(attempt.clone()).await;
                let is_first = |again: &Receipt| again.replayed && again.outcome == receipt.outcome;
                match again {
                    Ok(again) if is_standing && is_first(&again) => {}
                    Err(CommitError::CommitIdReused { .. }) if !is_standing => {}
                    other => {
                        let what = format!("commit {id} was answered {receipt:?}, repeated it is {other:?}");
                        return Err(Broken::new("A06", what));
                    }
                }
            }
        }
        if store.feed.health().await?.end == end {
            Ok(())
        } else {
            Err(Broken::new("A06", "a commit that was repeated wrote something"))
        }
    }

    async fn latest_snapshots(&self, store: &Adapter) -> Result<Vec<Snapshot>, Broken> {
        let mut streams: Vec<&StreamId> = self.snapshots.iter().map(Snapshot::stream).collect();
        streams.sort_unstable();
        streams.dedup();
        let mut latest = Vec::new();
        for stream in streams {
            latest.extend(store.snapshots.latest(stream).await?);
        }
        Ok(latest)
    }

    /// S01, S03: a snapshot is one that was saved, of a version that the stream has.
    async fn check_snapshot(&self, store: &Adapter, snapshot: &Snapshot) -> Result<(), Broken> {
        let (stream, head) = (snapshot.stream(), snapshot.head());
        if !self.snapshots.contains(snapshot) {
            return Err(Broken::new("S01", format!("nobody saved the snapshot of {stream} that is kept")));
        }
        let events = store.events.read_all(stream, ReadRange::between(head.version, head.version)).await?;
        if events.first().is_some_and(|event| event.header.digest == head.digest) {
            return Ok(());
        }
        Err(Broken::new("S03", format!("the snapshot of {stream} is of another history")))
    }
}
