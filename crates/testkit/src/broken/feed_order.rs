//! What breaks laws F02 and F08: a feed that tells events in another order than they were committed in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use annals_core::{CommitId, RecordedEvent};
use annals_ports::{
    Commit, CommitError, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, StoreError,
};
use async_trait::async_trait;

use super::retold::{Order, Retold};
use super::{Breakage, Sound};

/// F02: where a commit adds three events to a stream, the first two come the other way round.
#[derive(Default)]
pub(super) struct TurnsRound {
    retold: Retold,
}

const TURNED: Order<'static> = Order { turn: turn_round, due: &|_| None };

fn turn_round(events: &mut [RecordedEvent]) {
    let same = |a: &RecordedEvent, b: &RecordedEvent| {
        (a.header.commit.id, &a.header.stream) == (b.header.commit.id, &b.header.stream)
    };
    for appended in events.chunk_by_mut(same).filter(|appended| appended.len() == 3) {
        appended.swap(0, 1);
    }
}

#[async_trait]
impl Breakage for TurnsRound {
    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        self.retold.next(sound, &TURNED, query, after, wait).await
    }

    async fn start(&self, sound: &Sound, from: FeedStart) -> Result<FeedPosition, StoreError> {
        self.retold.start(sound, &TURNED, from).await
    }

    async fn locate(&self, sound: &Sound, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        self.retold.locate(sound, &TURNED, receipt).await
    }

    async fn health(&self, sound: &Sound) -> Result<FeedHealth, StoreError> {
        self.retold.health(sound, &TURNED).await
    }
}

/// F08: what another process commits is told a moment later, after what was committed meanwhile.
#[derive(Default)]
pub(super) struct ShowsOthersLater {
    retold: Retold,
    due: Mutex<HashMap<CommitId, Instant>>,
}

impl ShowsOthersLater {
    fn due(&self, event: &RecordedEvent) -> Option<Instant> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).get(&event.header.commit.id).copied()
    }
}

#[async_trait]
impl Breakage for ShowsOthersLater {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        if sound.is_second {
            let due = Instant::now() + Duration::from_millis(20);
            self.due.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.id(), due);
        }
        sound.adapter.events.commit(commit).await
    }

    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        self.retold
            .next(sound, &Order { turn: |_| (), due: &|event| self.due(event) }, query, after, wait)
            .await
    }

    async fn start(&self, sound: &Sound, from: FeedStart) -> Result<FeedPosition, StoreError> {
        self.retold.start(sound, &Order { turn: |_| (), due: &|event| self.due(event) }, from).await
    }

    async fn locate(&self, sound: &Sound, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        self.retold.locate(sound, &Order { turn: |_| (), due: &|event| self.due(event) }, receipt).await
    }

    async fn health(&self, sound: &Sound) -> Result<FeedHealth, StoreError> {
        self.retold.health(sound, &Order { turn: |_| (), due: &|event| self.due(event) }).await
    }
}
