//! What breaks laws F01, F03 to F07 and F09: events that are skipped, positions that are lost, waits that are long.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use annals_core::{CommitId, EventId};
use annals_ports::{Commit, CommitError, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, StoreError};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// F01: commits that overlap have their places in the feed before they can be seen there; who reads past them meanwhile
/// never sees them.
#[derive(Default)]
pub(super) struct ShowsLate {
    under_way: AtomicUsize,
    hidden: Mutex<HashMap<CommitId, Instant>>,
}

#[async_trait]
impl Breakage for ShowsLate {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1)).await;
        if self.under_way.load(Ordering::SeqCst) > 1 {
            let until = Instant::now() + Duration::from_millis(20);
            self.hidden.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.id(), until);
        }
        let outcome = sound.adapter.events.commit(commit).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        outcome
    }

    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let mut page = sound.adapter.feed.next(query, after, wait).await?;
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        page.events.retain(|event| hidden.get(&event.header.commit.id).is_none_or(|until| *until <= now));
        Ok(page)
    }
}

/// F03: what a process has read forty times is not given to it again.
#[derive(Default)]
pub(super) struct Trims {
    given: Mutex<HashMap<EventId, u32>>,
}

#[async_trait]
impl Breakage for Trims {
    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let mut page = sound.adapter.feed.next(query, after, wait).await?;
        if !sound.is_second {
            let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
            page.events.retain(|event| {
                let times = given.entry(event.header.id).or_default();
                *times += 1;
                *times <= 40
            });
        }
        Ok(page)
    }

    fn reopened(&self) {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// F04: positions that were given before a restart are not known after it.
#[derive(Default)]
pub(super) struct ForgetsPositions {
    given: Mutex<HashSet<FeedPosition>>,
    forgotten: Mutex<HashSet<FeedPosition>>,
}

#[async_trait]
impl Breakage for ForgetsPositions {
    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        if self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).contains(after) {
            return Err(StoreError::PositionLost { position: Box::new(after.clone()) });
        }
        let page = sound.adapter.feed.next(query, after, wait).await?;
        // Who begins anew after the restart, or reaches the end, is served as before.
        if !page.at_end {
            self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(page.next.clone());
        }
        Ok(page)
    }

    fn reopened(&self) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).extend(given.drain());
    }
}

/// F05: nobody is woken; who waits looks again after a while.
#[derive(Default)]
pub(super) struct LooksNowAndThen;

#[async_trait]
impl Breakage for LooksNowAndThen {
    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let began = Instant::now();
        let mut position = after.clone();
        loop {
            let page = sound.adapter.feed.next(query, &position, Duration::ZERO).await?;
            let left = wait.saturating_sub(began.elapsed());
            if !page.events.is_empty() || left.is_zero() {
                return Ok(page);
            }
            position = page.next;
            tokio::time::sleep(left.min(Duration::from_millis(150))).await;
        }
    }
}

/// F06: a position stays before what was filtered out at the end.
#[derive(Default)]
pub(super) struct StaysBehind;

#[async_trait]
impl Breakage for StaysBehind {
    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let page = sound.adapter.feed.next(query, after, wait).await?;
        let stays = page.events.is_empty() && page.at_end;
        Ok(if stays { FeedPage { next: after.clone(), ..page } } else { page })
    }
}

/// F07: while a writer hangs, readers do not see what others commit, and nobody is told why.
#[derive(Default)]
pub(super) struct HoldsReadersBack {
    hangs: AtomicBool,
    held: Mutex<HashSet<CommitId>>,
}

#[async_trait]
impl Breakage for HoldsReadersBack {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        if self.hangs.load(Ordering::SeqCst) {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(commit.id());
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
        let mut page = sound.adapter.feed.next(query, after, wait).await?;
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        page.events.retain(|event| !held.contains(&event.header.commit.id));
        Ok(page)
    }

    fn writer_hangs(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// F09: from a position that is lost, reading goes on at the end.
#[derive(Default)]
pub(super) struct SkipsFromLost;

#[async_trait]
impl Breakage for SkipsFromLost {
    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        match sound.adapter.feed.next(query, after, wait).await {
            Err(StoreError::PositionLost { .. }) => {
                let end = sound.adapter.feed.start(FeedStart::End).await?;
                sound.adapter.feed.next(query, &end, Duration::ZERO).await
            }
            answer => answer,
        }
    }
}
