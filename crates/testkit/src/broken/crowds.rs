//! What breaks laws A01 and A05 only while several are at it: halves that can be seen, and a crowd that is turned away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use annals_core::{CommitId, StreamId};
use annals_ports::{Commit, CommitError, Conflict, Expectation, ReadRange, Receipt, StoreError, StreamPage};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// A01: another process sees the second of two streams of a commit a moment after the first.
#[derive(Default)]
pub(super) struct ShowsHalves {
    later: Mutex<HashMap<CommitId, (StreamId, Instant)>>,
}

#[async_trait]
impl Breakage for ShowsHalves {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        if let [_, last] = commit.appends() {
            let until = Instant::now() + Duration::from_millis(2);
            let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
            later.insert(commit.id(), (last.stream.clone(), until));
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
            let (later, now) = (self.later.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
            let hidden = page.events.iter().position(|event| {
                later.get(&event.header.commit.id).is_some_and(|(of, until)| of == stream && now < *until)
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
