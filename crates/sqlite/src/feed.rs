//! The feed: events by position. Writers exclude each other, so a position that can be read has all its
//! predecessors before it (laws F01 and F08). Whoever is far behind has two threads read a page, each its half of the
//! positions, and gets both or the first: never two halves that do not follow each other.

use std::sync::atomic::Ordering;
use std::time::Duration;

use annals_core::{EventId, StoreId, Timestamp};
use annals_ports::{
    EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, SlicePosition, StoreError,
};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};
use tokio::time::Instant;

use crate::SqliteStore;
use crate::fault::{Failure, Fault};
use crate::ledger::place_of;
use crate::log::Log;
use crate::options::LONG;
use crate::page::Page;
use crate::rows::{self, Fixed, Names, count, integer};
use crate::sql;

/// Events scanned for each one that a page may hold, so that a call's work is bounded (F06).
const SCANNED_FOR_ONE: usize = 10;

/// Positions that are worth a reader of their own: whoever is two times as far behind has two threads read for them.
const HALF_MIN: i64 = 500;

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
    async fn page(&self, query: &FeedQuery, after: &FeedPosition) -> Result<FeedPage, StoreError> {
        let store = self.shared.id;
        let start = after.single_in(store)?;
        let from = integer(start.place);
        let half = integer(u64::try_from(query.page_size() / 2).unwrap_or(u64::MAX));
        let middle = from.saturating_add(half);
        let is_far_behind = middle.saturating_add(half) <= self.shared.met.load(Ordering::Relaxed);
        if half < HALF_MIN || !is_far_behind || self.shared.options.reader_threads == 1 {
            return Ok(self.part(query, after, &start, Span::Page).await?.into_page(store, &start));
        }
        // Positions are dense. Both halves are asked for before either is waited for.
        let behind = SlicePosition { place: count(middle), ..start };
        let (first, second) = tokio::join!(
            self.part(query, after, &start, Span::Positions(half)),
            self.part(query, after, &behind, Span::PositionsBehindAny(half)),
        );
        let (first, second) = (first?, second?);
        // F09: they belong together only if the second begins where the first ended.
        let fit = second.start.as_ref().is_some_and(|start| first.end.as_ref() == Some(start));
        let mut page = first.into_page(store, &start);
        if fit && !page.at_end {
            let second = second.into_page(store, &behind);
            page.events.extend(second.events);
            page.at_end = second.at_end;
            page.next = second.next;
        }
        Ok(page)
    }

    async fn part(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        start: &SlicePosition,
        span: Span,
    ) -> Result<Part, StoreError> {
        let (query, named, start) = (query.clone(), after.clone(), *start);
        // The thread must not hold the store, whose end waits for the thread.
        let met = self.shared.met.clone();
        let read = move |connection: &Connection, names: &mut Names| {
            let begins = match span {
                Span::PositionsBehindAny(_) => at(connection, integer(start.place))?,
                Span::Page | Span::Positions(_) if stands(connection, &start)? => None,
                // F09: never a silent skip.
                _ => return Err(StoreError::PositionLost { position: Box::new(named) }.into()),
            };
            let end: i64 = connection.prepare_cached(sql!("end_of_feed"))?.query_row([], |row| row.get(0))?;
            met.store(end, Ordering::Relaxed);
            let mut part = part(connection, names, &query, &start, span)?;
            part.start = begins.map(|place| (place.position, place.event));
            Ok(part)
        };
        self.shared.readers.read(|| "reading the feed".to_owned(), read).await
    }
}

/// How much is read at once.
#[derive(Clone, Copy)]
enum Span {
    /// A page by itself.
    Page,
    /// So many positions.
    Positions(i64),
    /// So many positions after a place, whatever event stands there.
    PositionsBehindAny(i64),
}

/// What was read at once.
struct Part {
    page: Page,
    /// The event behind which it begins, where that was not known.
    start: Option<(i64, EventId)>,
    /// The last event scanned.
    end: Option<(i64, EventId)>,
    at_end: bool,
}

impl Part {
    fn into_page(self, store: StoreId, start: &SlicePosition) -> FeedPage {
        let next = match self.end {
            Some((position, event)) => FeedPosition::single(store, count(position), Some(event)),
            None => FeedPosition::single(store, start.place, start.event),
        };
        FeedPage { events: self.page.into_events(), next, at_end: self.at_end }
    }
}

/// An event's place, id and stamp.
struct Place {
    position: i64,
    event: EventId,
    recorded_at: Timestamp,
}

fn position(store: StoreId, place: Option<Place>) -> FeedPosition {
    place.map_or_else(
        || FeedPosition::beginning(store),
        |place| FeedPosition::single(store, count(place.position), Some(place.event)),
    )
}

fn at(connection: &Connection, position: i64) -> Result<Option<Place>, Fault> {
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

/// Reads at once what a span allows.
fn part(
    connection: &Connection,
    names: &mut Names,
    query: &FeedQuery,
    start: &SlicePosition,
    span: Span,
) -> Result<Part, Failure> {
    let (limit, scanned_max) = match span {
        Span::Page => (query.page_size(), query.page_size().saturating_mul(SCANNED_FOR_ONE)),
        Span::Positions(positions) | Span::PositionsBehindAny(positions) => {
            let positions = usize::try_from(positions).unwrap_or(usize::MAX);
            (positions, positions)
        }
    };
    let mut statement = connection.prepare_cached(sql!("feed_after"))?;
    let mut found = statement.query([integer(start.place)])?;
    let mut page = Page::new();
    let (mut scanned, mut end, mut at_end) = (0, None, true);
    while let Some(row) = found.next()? {
        if page.len() >= limit || scanned >= scanned_max || page.is_full() {
            at_end = false;
            break;
        }
        scanned += 1;
        let position = rows::position(row)?;
        let event = if lets_through(query, row, connection, names)? {
            page.push(row, connection, names)?
        } else {
            Fixed::of(row)?.event()
        };
        end = Some((position, event));
    }
    Ok(Part { page, start: None, end, at_end })
}

/// Whether the event in a row passes the filter, told before its payload is touched.
fn lets_through(
    query: &FeedQuery,
    row: &Row<'_>,
    connection: &Connection,
    names: &mut Names,
) -> Result<bool, Fault> {
    let filter = &query.filter;
    if filter.event_types.is_empty() && filter.categories.is_empty() {
        return Ok(true);
    }
    let (stream, event_type) = (rows::stream(row)?, rows::event_type(row)?);
    if !filter.event_types.is_empty()
        && !filter.event_types.contains(names.event_type(connection, event_type)?)
    {
        return Ok(false);
    }
    if filter.categories.is_empty() {
        return Ok(true);
    }
    let category = names.stream(connection, stream)?.category();
    Ok(filter.categories.iter().any(|wanted| wanted.as_str() == category))
}
