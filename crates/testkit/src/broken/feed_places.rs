//! More that breaks laws F01, F05, F06 and F07: places that miss events, answers that come too soon, calls without a
//! bound, health that tells what is not so.

use std::time::{Duration, Instant};

use annals_ports::{
    FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, StoreError, WriterHold,
};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// F01: the place of every commit is the end.
#[derive(Default)]
pub(super) struct LocatesAtTheEnd;

#[async_trait]
impl Breakage for LocatesAtTheEnd {
    async fn locate(&self, sound: &Sound, _: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        sound.adapter.feed.start(FeedStart::End).await.map(Some)
    }
}

/// F01: a feed that is to start at an instant starts at the end.
#[derive(Default)]
pub(super) struct StartsLate;

#[async_trait]
impl Breakage for StartsLate {
    async fn start(&self, sound: &Sound, from: FeedStart) -> Result<FeedPosition, StoreError> {
        let from = if matches!(from, FeedStart::Time(_)) { FeedStart::End } else { from };
        sound.adapter.feed.start(from).await
    }
}

/// F05: nobody waits.
#[derive(Default)]
pub(super) struct NeverWaits;

#[async_trait]
impl Breakage for NeverWaits {
    async fn next(
        &self,
        sound: &Sound,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let page = sound.adapter.feed.next(query, after, Duration::ZERO).await?;
        if page.events.is_empty() {
            // A while, so that who asks in a loop does no harm.
            tokio::time::sleep(wait.min(Duration::from_millis(5))).await;
        }
        Ok(page)
    }
}

/// F06: a call scans on until it finds something.
#[derive(Default)]
pub(super) struct ScansWithoutBound;

#[async_trait]
impl Breakage for ScansWithoutBound {
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
            let left = wait.saturating_sub(began.elapsed());
            let page = sound.adapter.feed.next(query, &position, left).await?;
            if page.at_end || !page.events.is_empty() {
                let at_end = page.at_end || sound.adapter.feed.start(FeedStart::End).await? == page.next;
                return Ok(FeedPage { at_end, ..page });
            }
            position = page.next;
        }
    }
}

/// F07: names a writer that holds nobody back.
#[derive(Default)]
pub(super) struct NamesAnybody;

#[async_trait]
impl Breakage for NamesAnybody {
    async fn health(&self, sound: &Sound) -> Result<FeedHealth, StoreError> {
        let health = sound.adapter.feed.health().await?;
        let (process, application) = ("1".to_owned(), "init".to_owned());
        Ok(FeedHealth { holds: vec![WriterHold { process, application, age: Duration::ZERO }], ..health })
    }
}
