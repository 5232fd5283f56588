//! What breaks laws A01 and A05 only while several are at it: halves that can be seen, and a crowd that is turned away.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use annals_core::{CommitId, StreamId};
use annals_ports::{Commit, CommitError, Conflict, Expectation, ReadRange, Receipt, StoreError, StreamPage};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// Reads that do not show a second half: whoever looks at both streams again and again sees the first alone once.
const READS: usize = 3;

/// A01: another process that has read a stream before sees the second half of a commit there a few reads late.
#[derive(Default)]
pub(super) struct ShowsHalves {
    halves: Mutex<Halves>,
}

#[derive(Default)]
struct Halves {
    known: HashSet<StreamId>,
    late: HashMap<CommitId, (StreamId, usize)>,
}

#[async_trait]
impl Breakage for ShowsHalves {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        if let [_, last] = commit.appends() {
            let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
            if halves.known.contains(&last.stream) {
                halves.late.insert(commit.id(), (last.stream.clone(), READS));
            }
        }
        sound.adapter.events.commit(commit).await
    }

    async fn read_stream(
        &self,
        sound: &Sound,
        stream: &StreamId,
        range: ReadRange,
    ) -> Result<StreamPage, StoreError> {
        let mut page = sound.adapter.events.read_stream(stream, range).await?;
        if sound.is_second {
            let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
            halves.known.insert(stream.clone());
            let hidden =
                page.events.iter().position(|event| match halves.late.get_mut(&event.header.commit.id) {
                    Some((of, reads)) if of == stream && *reads > 0 => {
                        *reads -= 1;
                        true
                    }
                    _ => false,
                });
            if let Some(hidden) = hidden {
                page.events.truncate(hidden);
                page.rest = None;
            }
        }
        Ok(page)
    }
}

/// A05: of more than a dozen commits at once that expect nothing, the last ones conflict.
#[derive(Default)]
pub(super) struct TurnsCrowdsAway {
    under_way: AtomicUsize,
}

#[async_trait]
impl Breakage for TurnsCrowdsAway {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let before = self.under_way.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1)).await;
        let outcome = match commit.appends() {
            [only] if before > 12 && only.expected == Expectation::Any && only.events.len() == 1 => {
                let (stream, expected) = (only.stream.clone(), only.expected);
                let actual = sound.adapter.events.head(&stream).await.map_err(CommitError::not_written)?;
                Err(CommitError::Conflict(Box::new(Conflict { stream, expected, actual })))
            }
            _ => sound.adapter.events.commit(commit).await,
        };
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        outcome
    }
}
