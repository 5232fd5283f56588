//! The feed: events by position. Writers exclude each other, so a position that can be read has all its
//! predecessors before it (laws F01 and F08).

use std::sync::atomic::Ordering;
use std::time::Duration;

use annals_core::{EventId, RecordedEvent, StoreId, Timestamp};
use annals_ports::{
    EventFeed, FeedFilter, FeedHealth, FeedPage, FeedPages, FeedPosition, FeedQuery, FeedStart, Receipt,
    SlicePosition, StoreError,
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};
use tokio::time::Instant;

use crate::SqliteStore;
use crate::catching_up::Catching;
use crate::fault::{Failure, Fault};
use crate::ledger::place_of;
use crate::log::Log;
use crate::options::LONG;
use crate::page::Page;
use crate::rows::{self, Fixed, Names, count, integer};
use crate::sql;

/// Events scanned for each one that a page may hold, so that a call's work is bounded (F06).
const SCANNED_FOR_ONE: usize = 10;

#[async_trait]
impl EventFeed for SqliteStore {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let deadline = Instant::now() + wait.min(LONG);
        let mut end = self.shared.wake.subscribe();
        let mut waiting = None;
        let mut after = after.clone();
        loop {
            end.borrow_and_update();
            let page = self.page(query, &after).await?;
            if !page.events.is_empty() || !page.at_end || Instant::now() >= deadline {
                return Ok(page);
            }
            after = page.next.clone();
            waiting.get_or_insert_with(|| self.shared.wake.wait());
            if tokio::time::timeout_at(deadline, end.changed()).await.is_err() {
                return Ok(page);
            }
        }
    }

    fn pages<'a>(&'a self, query: &'a FeedQuery, after: FeedPosition) -> Box<dyn FeedPages + 'a> {
        Box::new(Catching::up(self, query, after))
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        let store = self.shared.id;
        let read = move |connection: &Connection, _: &mut Names| {
            let place = match from {
                FeedStart::Beginning => return Ok(FeedPosition::beginning(store)),
                FeedStart::End => last(connection)?,
                FeedStart::Time(instant) => match first_since(connection, instant)? {
                    // Positions are dense: events are never removed.
                    Some(first) => at(connection, first - 1)?,
                    None => last(connection)?,
                },
            };
            Ok(position(store, place))
        };
        self.shared.readers.read(|| "looking for a place in the feed".to_owned(), read).await
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        let (store, commit) = (self.shared.id, receipt.commit);
        let read = move |connection: &Connection, _: &mut Names| {
            let Some((first, size)) = place_of(connection, commit)? else { return Ok(None) };
            Ok(Some(position(store, at(connection, first + size - 1)?)))
        };
        self.shared.readers.read(|| format!("locating commit {commit} in the feed"), read).await
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        let store = self.shared.id;
        let warnings: Vec<_> = Log::of(&self.shared.options.path).warning().into_iter().collect();
        let read = move |connection: &Connection, _: &mut Names| {
            let last = last(connection)?;
            Ok(FeedHealth {
                last_recorded_at: last.as_ref().map(|place| place.recorded_at),
                end: position(store, last),
                // F07: who holds the write lock delays other writers, never a reader.
                holds: Vec::new(),
                warnings,
            })
        };
        self.shared.readers.read(|| "looking at the feed".to_owned(), read).await
    }
}

impl SqliteStore {
    pub(crate) async fn page(&self, query: &FeedQuery, after: &FeedPosition) -> Result<FeedPage, StoreError> {
        let store = self.shared.id;
        let (query, named, start) = (query.clone(), after.clone(), after.single_in(store)?);
        let met = self.shared.met.clone();
        let read = move |connection: &Connection, names: &mut Names| {
            if !stands(connection, &start)? {
                // F09: never a silent skip.
                return Err(StoreError::PositionLost { position: Box::new(named) }.into());
            }
            let end: i64 = connection.prepare_cached(sql!("end_of_feed"))?.query_row([], |row| row.get(0))?;
            met.store(end, Ordering::Relaxed);
            let limit = query.page_size();
            let scanned =
                scan(connection, names, &query, start.place, [limit, limit.saturating_mul(SCANNED_FOR_ONE)])?;
            Ok(scanned.into_page(store, &start))
        };
        self.shared.readers.read(|| "reading the feed".to_owned(), read).await
    }
}

/// What was read at once.
pub(crate) struct Scanned {
    events: Vec<RecordedEvent>,
    /// The last event scanned.
    end: Option<(i64, EventId)>,
    at_end: bool,
}

impl Scanned {
    pub(crate) fn into_page(self, store: StoreId, start: &SlicePosition) -> FeedPage {
        let next = match self.end {
            Some((position, event)) => FeedPosition::single(store, count(position), Some(event)),
            None => FeedPosition::single(store, start.place, start.event),
        };
        FeedPage { events: self.events, next, at_end: self.at_end }
    }
}

/// An event's place, id and stamp.
pub(crate) struct Place {
    position: i64,
    pub(crate) event: EventId,
    recorded_at: Timestamp,
}

fn position(store: StoreId, place: Option<Place>) -> FeedPosition {
    place.map_or_else(
        || FeedPosition::beginning(store),
        |place| FeedPosition::single(store, count(place.position), Some(place.event)),
    )
}

pub(crate) fn at(connection: &Connection, position: i64) -> Result<Option<Place>, Fault> {
    let mut statement = connection.prepare_cached(sql!("event_at"))?;
    let mut found = statement.query([position])?;
    found.next()?.map(place).transpose()
}

fn last(connection: &Connection) -> Result<Option<Place>, Fault> {
    let mut statement = connection.prepare_cached(sql!("last_event"))?;
    let mut found = statement.query([])?;
    found.next()?.map(place).transpose()
}

fn place(row: &Row<'_>) -> Result<Place, Fault> {
    Ok(Place {
        position: row.get(0)?,
        event: EventId::from_bytes(rows::bytes(row, 1)?),
        recorded_at: rows::timestamp(row, 2)?,
    })
}

fn first_since(connection: &Connection, instant: Timestamp) -> Result<Option<i64>, Fault> {
    let mut statement = connection.prepare_cached(sql!("first_position_since"))?;
    Ok(statement.query_row([instant.as_micros()], |row| row.get(0)).optional()?.flatten())
}

/// Whether the event that a position names still stands there.
pub(crate) fn stands(connection: &Connection, named: &SlicePosition) -> Result<bool, Fault> {
    let found = if named.place == 0 { None } else { at(connection, integer(named.place))? };
    let is_there = named.place == 0 || found.is_some();
    Ok(is_there && found.map(|place| place.event) == named.event)
}

/// Reads what comes after a place: so many events, and so many scanned for them, at most.
pub(crate) fn scan(
    connection: &Connection,
    names: &mut Names,
    query: &FeedQuery,
    after: u64,
    [limit, scanned_max]: [usize; 2],
) -> Result<Scanned, Failure> {
    let mut statement = connection.prepare_cached(sql!("feed_after"))?;
    let mut found = statement.query([integer(after)])?;
    let mut page = Page::new();
    let (mut scanned, mut end, mut at_end) = (0, None, true);
    while let Some(row) = found.next()? {
        if page.len() >= limit || scanned >= scanned_max || page.is_full() {
            at_end = false;
            break;
        }
        scanned += 1;
        let position = rows::position(row)?;
        let event = if lets_through(query, row, &mut page, connection, names)? {
            page.push(row, connection, names)?
        } else {
            Fixed::of(row)?.event()
        };
        end = Some((position, event));
    }
    Ok(Scanned { events: page.into_events(), end, at_end })
}

/// Whether the event in a row passes the filter, told before its payload is touched.
fn lets_through(
    query: &FeedQuery,
    row: &Row<'_>,
    page: &mut Page,
    connection: &Connection,
    names: &mut Names,
) -> Result<bool, Fault> {
    let FeedFilter { categories, event_types } = &query.filter;
    if !event_types.is_empty() {
        let event_type = names.event_type(connection, rows::event_type(row)?)?;
        if !event_types.contains(event_type) {
            return Ok(false);
        }
    }
    if categories.is_empty() {
        return Ok(true);
    }
    let category = page.stream(rows::stream(row)?, connection, names)?.category();
    Ok(categories.iter().any(|wanted| wanted.as_str() == category))
}
