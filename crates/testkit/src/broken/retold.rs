//! A feed that tells the sound one's events in another order, with places of its own: what the breakages of a feed's
//! order stand on.

use std::time::{Duration, Instant};

use annals_core::{RecordedEvent, StoreId};
use annals_ports::{
    EventFeedExt, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, StoreError,
};
use tokio::sync::Mutex;

use super::Sound;

/// Events scanned for each one that a page may hold.
const SCANNED_FOR_ONE: usize = 10;

/// The feed as it is told so far.
#[derive(Default)]
pub(super) struct Retold {
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// Up to where the sound feed is known.
    known: Option<FeedPosition>,
    events: Vec<RecordedEvent>,
    /// Events that are told once their moment has come, in the sound order.
    waiting: Vec<(Instant, RecordedEvent)>,
}

/// How the order differs.
pub(super) struct Order<'a> {
    /// Puts the events of whole commits into another order.
    pub(super) turn: fn(&mut [RecordedEvent]),
    /// The moment before which an event is not told; none for at once.
    pub(super) due: &'a (dyn Fn(&RecordedEvent) -> Option<Instant> + Send + Sync),
}

impl Retold {
    async fn refresh(
        &self,
        sound: &Sound,
        order: &Order<'_>,
    ) -> Result<tokio::sync::MutexGuard<'_, Told>, StoreError> {
        let mut told = self.told.lock().await;
        let from = match told.known.take() {
            Some(position) => position,
            None => sound.adapter.feed.start(FeedStart::Beginning).await?,
        };
        let (mut events, known) = sound.adapter.feed.read_to_end(&FeedQuery::all(), from).await?;
        told.known = Some(known);
        (order.turn)(&mut events);
        let now = Instant::now();
        for event in events {
            let before =
                told.waiting.iter().rev().find(|(_, other)| other.header.stream == event.header.stream);
            // F02 holds whatever else does not: never before an earlier event of the stream.
            let due = (order.due)(&event).unwrap_or(now).max(before.map_or(now, |(due, _)| *due));
            told.waiting.push((due, event));
        }
        told.waiting.sort_by_key(|(due, _)| *due);
        let ready = told.waiting.partition_point(|(due, _)| *due <= now);
        let ready: Vec<_> = told.waiting.drain(..ready).map(|(_, event)| event).collect();
        told.events.extend(ready);
        Ok(told)
    }

    pub(super) async fn next(
        &self,
        sound: &Sound,
        order: &Order<'_>,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let began = Instant::now();
        let mut after = after.clone();
        loop {
            let told = self.refresh(sound, order).await?;
            let page = told.page(sound.adapter.store, query, &after)?;
            drop(told);
            if !page.events.is_empty() || !page.at_end || began.elapsed() >= wait {
                return Ok(page);
            }
            after = page.next;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(super) async fn start(
        &self,
        sound: &Sound,
        order: &Order<'_>,
        from: FeedStart,
    ) -> Result<FeedPosition, StoreError> {
        let told = self.refresh(sound, order).await?;
        let end = told.events.len();
        let place = match from {
            FeedStart::Beginning => 0,
            FeedStart::End => end,
            FeedStart::Time(instant) => {
                told.events.iter().position(|event| event.header.recorded_at >= instant).unwrap_or(end)
            }
        };
        Ok(told.position(sound.adapter.store, place))
    }

    pub(super) async fn locate(
        &self,
        sound: &Sound,
        order: &Order<'_>,
        receipt: &Receipt,
    ) -> Result<Option<FeedPosition>, StoreError> {
        let told = self.refresh(sound, order).await?;
        let last = told.events.iter().rposition(|event| event.header.commit.id == receipt.commit);
        Ok(last.map(|last| told.position(sound.adapter.store, last + 1)))
    }

    pub(super) async fn health(&self, sound: &Sound, order: &Order<'_>) -> Result<FeedHealth, StoreError> {
        let told = self.refresh(sound, order).await?;
        let health = sound.adapter.feed.health().await?;
        Ok(FeedHealth { end: told.position(sound.adapter.store, told.events.len()), ..health })
    }
}

impl Told {
    fn position(&self, store: StoreId, place: usize) -> FeedPosition {
        let last = place.checked_sub(1).map(|last| self.events[last].header.id);
        FeedPosition::single(store, place as u64, last)
    }

    fn page(&self, store: StoreId, query: &FeedQuery, after: &FeedPosition) -> Result<FeedPage, StoreError> {
        let named = after.single_in(store)?;
        let place = usize::try_from(named.place).unwrap_or(usize::MAX);
        let standing = place.checked_sub(1).and_then(|last| self.events.get(last));
        if place > self.events.len() || standing.map(|event| event.header.id) != named.event {
            return Err(StoreError::PositionLost { position: Box::new(after.clone()) });
        }
        let limit = query.page_size();
        let scan_to = self.events.len().min(place.saturating_add(limit.saturating_mul(SCANNED_FOR_ONE)));
        let (mut events, mut scanned) = (Vec::new(), place);
        while scanned < scan_to && events.len() < limit {
            let event = &self.events[scanned];
            if query.filter.lets_through(event) {
                events.push(event.clone());
            }
            scanned += 1;
        }
        let next = self.position(store, scanned);
        Ok(FeedPage { events, next, at_end: scanned == self.events.len() })
    }
}
