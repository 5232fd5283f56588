//! History copied into another store while faults are in the way: whatever was answered, importing again is safe, and
//! the copy is the original to the last bit (law A13).

use std::collections::BTreeMap;

use annals_core::{CommitId, RecordedEvent, StreamId};
use annals_ports::{Effect, ImportError, RecordedCommit};

use crate::conformance::StoreUnderTest;
use crate::faults::{Broken, Faults, check_store};

/// How often one commit is imported before it is said that it cannot be.
const ATTEMPTS: usize = 200;

/// Copies `feed` into a fresh store, commit by commit, and compares.
pub(super) async fn copy_and_compare<S: StoreUnderTest>(
    feed: &[RecordedEvent],
    faults: &Faults,
) -> Result<(), Broken> {
    let mut copy = S::fresh().await;
    let mut process = faults.over(&copy.adapter());
    for commit in commits(feed) {
        let mut is_answered = false;
        for _ in 0..ATTEMPTS {
            match process.adapter().import.import(commit.clone()).await {
                Ok(_) => {
                    is_answered = true;
                    break;
                }
                Err(ImportError::Commit(error))
                    if error.is_transient() || error.effect() == Effect::Unknown => {}
                Err(error) => return Err(Broken::new("A13", error.to_string())),
            }
            if process.has_crashed() {
                faults.settled().await;
                copy.reopen().await;
                process = faults.over(&copy.adapter());
            }
        }
        if !is_answered {
            return Err(Broken::new("E02", format!("a commit was imported {ATTEMPTS} times in vain")));
        }
    }
    faults.settled().await;
    let copied = check_store(&copy.adapter()).await?;
    if by_stream(&copied) == by_stream(feed) {
        return Ok(());
    }
    let (found, events) = (copied.len(), feed.len());
    Err(Broken::new("A13", format!("the copy of {events} events holds {found} and is not the original")))
}

/// The events commit by commit, in the order in which the feed completes them.
fn commits(feed: &[RecordedEvent]) -> Vec<RecordedCommit> {
    let mut begun: BTreeMap<CommitId, Vec<RecordedEvent>> = BTreeMap::new();
    let mut whole = Vec::new();
    for event in feed {
        let id = event.header.commit.id;
        let events = begun.entry(id).or_default();
        events.push(event.clone());
        if events.len() == usize::from(event.header.commit.size) {
            let mut events = begun.remove(&id).unwrap_or_default();
            events.sort_unstable_by_key(|event| event.header.commit.index);
            whole.push(RecordedCommit::Events(events));
        }
    }
    whole
}

fn by_stream(feed: &[RecordedEvent]) -> BTreeMap<&StreamId, Vec<&RecordedEvent>> {
    let mut streams: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in feed {
        streams.entry(&event.header.stream).or_default().push(event);
    }
    streams
}
