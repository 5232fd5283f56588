//! The feed: the log of batches, read on from a place. Laws F.
//!
//! The end of the feed is told only when what this process has committed lies before it.

use std::time::Duration;

use annals_core::{EventId, StoreId};
use annals_ports::{
    Appended, EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, StoreError,
};
use async_trait::async_trait;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::DynamoStore;
use crate::fault::{Fault, Kind};
use crate::health;
use crate::log::Entry;
use crate::page::Scanned;
use crate::place::Place;
use crate::tail::Tail;

/// As good as for ever, for a wait that a clock cannot even count to.
const LONG: Duration = Duration::from_hours(365 * 24);
/// For how long it is waited for a commit to come into the feed before it is said that it has not.
const SETTLING: Duration = Duration::from_millis(250);

#[async_trait]
impl EventFeed for DynamoStore {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let tail = self.tail();
        let told = |fault: Fault| tail.told(&fault, "reading the feed");
        let begun = Instant::now();
        let deadline = begun + wait.min(LONG);
        let target = tail.unseen().target();
        let mut place = self.prove(after).await?;
        let mut ends = tail.ends();
        // What is told of the end holds of it as it was when it was asked for.
        let mut is_caught_up = false;
        loop {
            // Before the end is looked at, so that nothing comes between.
            is_caught_up = is_caught_up || tail.is_caught_up(target);
            let end = ends.borrow_and_update().batches;
            let scanned = tail.log.page(query, place, end).await.map_err(told)?;
            let at_end = !scanned.is_cut && is_caught_up;
            let is_over = Instant::now() >= deadline;
            // F03: a page that is not full is the last one, so that it reads the same again.
            if scanned.is_cut || at_end && (is_over || !scanned.events.is_empty()) {
                let next = self.position(scanned.last).await.map_err(told)?;
                return Ok(FeedPage { events: scanned.events, next, at_end });
            }
            let page = async |scanned: Scanned| {
                let next = self.position(scanned.last).await.map_err(told)?;
                Ok(FeedPage { events: scanned.events, next, at_end: false })
            };
            if !scanned.events.is_empty() && !wait.is_zero() {
                return page(scanned).await;
            }
            let _waiting = tail.begin_waiting();
            self.shared.hub.run();
            // F05: whatever comes, or the time.
            if is_caught_up {
                let _ = timeout_at(deadline, ends.changed()).await;
            } else {
                tokio::select! {
                    caught_up = self.catch_up(target) => match caught_up {
                        Ok(()) => is_caught_up = true,
                        Err(fault) if scanned.events.is_empty() => return Err(told(fault)),
                        // There is something to give, if not all.
                        Err(_) => return page(scanned).await,
                    },
                    _ = ends.changed(), if !wait.is_zero() => {}
                    () = sleep_until(deadline), if !wait.is_zero() => return page(scanned).await,
                }
            }
            // What was filtered out is not looked at again.
            if scanned.events.is_empty() {
                place = scanned.last;
            }
        }
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        let tail = self.tail();
        let told = |fault: Fault| tail.told(&fault, "looking for a place in the feed");
        let target = tail.unseen().target();
        let place = match from {
            FeedStart::Beginning => None,
            FeedStart::End => {
                self.catch_up(target).await.map_err(told)?;
                tail.end().last.map(|last| last.last_place())
            }
            FeedStart::Time(instant) => {
                tail.read_up().await.map_err(told)?;
                let first = tail.log.first_that(tail.end().batches, |run| run.recorded >= instant).await;
                match first.map_err(told)?.checked_sub(1) {
                    Some(before) => Some(tail.log.expected(before).await.map_err(told)?.last_place()),
                    None => None,
                }
            }
        };
        self.position(place).await.map_err(told)
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        let tail = self.tail();
        let told =
            |fault: Fault| tail.told(&fault, &format!("locating commit {} in the feed", receipt.commit));
        self.shared.hub.run();
        let target = tail.unseen().target();
        // Whether or not it comes so soon.
        let _ = tail.catch_up(target, Instant::now() + SETTLING).await;
        let mut last = None;
        for Appended { stream, head, .. } in receipt.appended() {
            let found = tail.find(stream, head.version, head.recorded_at).await.map_err(told)?;
            let Some(place) = found else { return Ok(None) };
            last = last.max(Some(place));
        }
        match last {
            Some(_) => self.position(last).await.map(Some).map_err(told),
            None => Ok(None),
        }
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        let told = |fault: Fault| self.tail().told(&fault, "looking at the feed");
        // E02: it asks for several things, each of which may take its time.
        let within = self.database().options.timeout;
        match timeout(within, self.condition()).await {
            Ok(condition) => condition.map_err(told),
            Err(_) => Err(told(Fault::new(Kind::NoAnswer, "no answer within the time-out"))),
        }
    }
}

impl DynamoStore {
    fn tail(&self) -> &Tail {
        &self.shared.hub.tail
    }

    async fn condition(&self) -> Result<FeedHealth, Fault> {
        let tail = self.tail();
        let target = tail.unseen().target();
        // What holds the feed back is told, and is no failure.
        let caught_up = self.catch_up(target).await;
        let end = tail.end().last;
        let warnings = health::warnings(tail, caught_up.err()).await?;
        Ok(FeedHealth {
            last_recorded_at: end.as_ref().map(|last| last.batch.last),
            end: position(self.id(), end.as_deref().map(|last| (last, last.last_place())))?,
            holds: Vec::new(),
            warnings,
        })
    }

    async fn catch_up(&self, target: u64) -> Result<(), Fault> {
        self.shared.hub.run();
        let until = Instant::now() + self.database().options.timeout;
        self.tail().catch_up(target, until).await
    }

    /// The place that a position names, once it is shown that its event still stands there (F09).
    async fn prove(&self, position: &FeedPosition) -> Result<Option<Place>, StoreError> {
        let named = position.single_in(self.id())?;
        if named.place == 0 && named.event.is_none() {
            return Ok(None);
        }
        let lost = || StoreError::PositionLost { position: Box::new(position.clone()) };
        let place = Place::from_number(named.place).ok_or_else(lost)?;
        let tail = self.tail();
        let found = tail.log.batch(place.batch).await;
        let entry = found.map_err(|fault| tail.told(&fault, "reading the feed"))?.ok_or_else(lost)?;
        let standing = entry.name(usize::from(place.index)).map(|(_, _, id)| id);
        if standing.is_none() || standing != named.event {
            return Err(lost());
        }
        // Another process may have read further.
        if place.batch >= tail.end().batches {
            tail.read_up().await.map_err(|fault| tail.told(&fault, "reading the feed"))?;
        }
        Ok(Some(place))
    }

    /// The position after the event at a place.
    async fn position(&self, place: Option<Place>) -> Result<FeedPosition, Fault> {
        let Some(place) = place else { return Ok(FeedPosition::beginning(self.id())) };
        let entry = self.tail().log.expected(place.batch).await?;
        position(self.id(), Some((&entry, place)))
    }
}

fn position(store: StoreId, at: Option<(&Entry, Place)>) -> Result<FeedPosition, Fault> {
    let Some((entry, place)) = at else { return Ok(FeedPosition::beginning(store)) };
    let event: Option<EventId> = entry.name(usize::from(place.index)).map(|(_, _, id)| id);
    let event =
        event.ok_or_else(|| Fault::damaged(format!("batch {} of the feed is too short", place.batch)))?;
    Ok(place.position(store, event))
}
