//! The feed: events by position. Writers exclude each other, so a position that can be read has all its
//! predecessors before it (laws F01 and F08).

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
        let (query, named) = (query.clone(), after.clone());
        let read = move |connection: &Connection, names: &mut Names| {
            if stands(connection, &start)? {
                page(connection, names, &query, &start, store)
            } else {
                // F09: never a silent skip.
                Err(StoreError::PositionLost { position: Box::new(named) }.into())
            }
        };
        self.shared.readers.read(|| "reading the feed".to_owned(), read).await
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

fn page(
    connection: &Connection,
    names: &mut Names,
    query: &FeedQuery,
    start: &SlicePosition,
    store: StoreId,
) -> Result<FeedPage, Failure> {
    let limit = query.page_size();
    let mut statement = connection.prepare_cached(sql!("feed_after"))?;
    let mut found = statement.query([integer(start.place)])?;
    // As many as a page usually holds; a reader who wants more than that has them grow.
    let mut page = Page::of(limit.min(FeedQuery::DEFAULT_LIMIT));
    let (mut scanned, mut end, mut at_end) = (0, None, true);
    while let Some(row) = found.next()? {
        if page.len() >= limit || scanned >= limit.saturating_mul(SCANNED_FOR_ONE) || page.is_full() {
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
    let next = match end {
        Some((position, event)) => FeedPosition::single(store, count(position), Some(event)),
        None => FeedPosition::single(store, start.place, start.event),
    };
    Ok(FeedPage { events: page.into_events(), next, at_end })
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
