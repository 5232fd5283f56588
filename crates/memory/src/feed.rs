//! The feed: the list of events, read on from a place. Laws F.

use std::time::Duration;

use annals_core::RecordedEvent;
use annals_ports::{
    EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, StoreError,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::store::Standing;

/// Events scanned for each one that a page may hold, so that a call's work is bounded (F06).
const SCANNED_FOR_ONE: usize = 10;

#[async_trait]
impl EventFeed for MemoryStore {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let place = self.place_of(after)?;
        if wait.is_zero() {
            return Ok(self.page(query, place));
        }
        let waited = tokio::time::timeout(wait, self.page_with_news(query, place)).await;
        Ok(waited.unwrap_or_else(|_| self.page(query, place)))
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        let events = &self.shared.state().events;
        let place = match from {
            FeedStart::Beginning => 0,
            FeedStart::End => events.len(),
            // Stamps may fall from one stream to another: the first that is late enough, in feed order.
            FeedStart::Time(instant) => {
                let first = events.iter().position(|event| event.header.recorded_at >= instant);
                first.unwrap_or(events.len())
            }
        };
        Ok(self.position(events, place))
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        let state = self.shared.state();
        Ok(match state.commits.get(&receipt.commit) {
            Some(Standing::Events(places)) => Some(self.position(&state.events, places.end)),
            Some(Standing::Refusal(_) | Standing::Unchanged) | None => None,
        })
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        let events = &self.shared.state().events;
        Ok(FeedHealth {
            end: self.position(events, events.len()),
            last_recorded_at: events.last().map(|event| event.header.recorded_at),
            holds: Vec::new(),
            warnings: Vec::new(),
        })
    }
}

impl MemoryStore {
    /// The position after `place` events.
    fn position(&self, events: &[RecordedEvent], place: usize) -> FeedPosition {
        let last = place.checked_sub(1).map(|last| events[last].header.id);
        FeedPosition::single(self.shared.id, place as u64, last)
    }

    /// The place that a position names, once it is shown that its event still stands there (F09).
    fn place_of(&self, position: &FeedPosition) -> Result<usize, StoreError> {
        let named = position.single_in(self.shared.id)?;
        let lost = || StoreError::PositionLost { position: Box::new(position.clone()) };
        let place = usize::try_from(named.place).map_err(|_| lost())?;
        let events = &self.shared.state().events;
        let standing = place.checked_sub(1).and_then(|index| events.get(index)).map(|event| event.header.id);
        if standing == named.event && place <= events.len() { Ok(place) } else { Err(lost()) }
    }

    /// A page that gives an event or moves on, as soon as there is one.
    async fn page_with_news(&self, query: &FeedQuery, place: usize) -> FeedPage {
        let mut end = self.shared.end.subscribe();
        loop {
            end.borrow_and_update();
            let page = self.page(query, place);
            let is_news = !page.events.is_empty() || !page.at_end;
            if is_news || end.changed().await.is_err() {
                return page;
            }
        }
    }

    fn page(&self, query: &FeedQuery, place: usize) -> FeedPage {
        let events = &self.shared.state().events;
        let limit = query.page_size();
        let scan_to = events.len().min(place.saturating_add(limit.saturating_mul(SCANNED_FOR_ONE)));
        let mut page = Vec::new();
        let mut scanned = place;
        while scanned < scan_to && page.len() < limit {
            let event = &events[scanned];
            if query.filter.lets_through(event) {
                page.push(event.clone());
            }
            scanned += 1;
        }
        FeedPage { events: page, next: self.position(events, scanned), at_end: scanned == events.len() }
    }
}
