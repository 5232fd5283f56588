//! The feed: events by position, up to the settle fence. Laws F.

use std::time::Duration;

use annals_core::{Category, EventId, EventType, RecordedEvent, StoreId, Timestamp};
use annals_ports::{
    EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, SlicePosition, StoreError,
};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use crate::PostgresStore;
use crate::broken::Broken;
use crate::fault::{Failure, Fault};
use crate::health;
use crate::rows::{self, Names, PAGE_BYTES, number, uuid};
use crate::sql;

/// As good as for ever, for a wait that a clock cannot even count to.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// For how long a call waits for writers to end, however short it was told to wait.
const SETTLING: Duration = Duration::from_millis(250);

/// The fewest events that a call with a filter scans (F06), and the most that a page holds: it is decoded as a whole.
const SCANNED_MIN: usize = 500;
const SCANNED_MAX: usize = 8_000;

/// Events looked at in one statement when a moment's place is looked for.
const LOOKED_AT: i64 = 100_000;

#[async_trait]
impl EventFeed for PostgresStore {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        let wait = wait.min(LONG);
        let begun = Instant::now();
        let (deadline, patience) = (begun + wait, begun + wait.max(SETTLING));
        let mut after = after.clone();
        // Up to where the feed went when it was asked.
        let mut end = None;
        loop {
            let scanned = self.scan(query, &after).await?;
            let end = *end.get_or_insert(scanned.drawn);
            let is_settled = scanned.settled >= end;
            let page = FeedPage { at_end: !scanned.is_cut && is_settled, ..scanned.page };
            if !page.events.is_empty() || scanned.is_cut {
                return Ok(page);
            }
            after = page.next.clone();
            let told = |fault: Fault| fault.told("reading the feed", &self.database().options);
            if is_settled {
                // What is drawn later is settled later, and may be nothing (F05).
                let news = self.shared.wake.is_settled(scanned.settled.max(end) + 1, deadline).await;
                if Instant::now() >= deadline || !news.map_err(told)? {
                    return Ok(page);
                }
            } else if !self.shared.wake.is_settled(end, patience).await.map_err(told)? {
                // F07: a writer hangs; what comes after it is not there yet.
                return Ok(page);
            }
        }
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        let database = self.database();
        let doing = || "looking for a place in the feed".to_owned();
        let told = |fault: Fault| fault.told(&doing(), &database.options);
        if from == FeedStart::Beginning {
            return Ok(FeedPosition::beginning(database.id));
        }
        let until = Instant::now() + database.options.timeout;
        self.shared.wake.settled_now(database, until).await.map_err(told)?;
        let place = match from {
            FeedStart::Beginning => None,
            FeedStart::End => self.last_settled().await.map_err(told)?,
            FeedStart::Time(instant) => match self.first_since(instant).await.map_err(told)? {
                Some(first) => {
                    let before = || database.query(sql!("settled_before")).bind(first);
                    place(&database.read(doing, before).await?).map_err(told)?
                }
                None => self.last_settled().await.map_err(told)?,
            },
        };
        Ok(position(database.id, place))
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        let database = self.database();
        let doing = || format!("locating commit {} in the feed", receipt.commit);
        let told = |fault: Fault| fault.told(&doing(), &database.options);
        let key = uuid(receipt.commit.as_bytes());
        let found = database.read(doing, || database.query(sql!("place_of_commit")).bind(key)).await?;
        let Some(place) = place(&found).map_err(told)? else { return Ok(None) };
        let until = Instant::now() + SETTLING;
        let is_there = self.shared.wake.is_settled(place.position, until).await.map_err(told)?;
        Ok(is_there.then(|| position(database.id, Some(place))))
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        let database = self.database();
        let told = |fault: Fault| fault.told("looking at the feed", &database.options);
        let until = Instant::now() + SETTLING;
        let settled = self.shared.wake.settled_now(database, until).await.map_err(told)?;
        let last = self.last_settled().await.map_err(told)?;
        Ok(FeedHealth {
            last_recorded_at: last.as_ref().map(|place| place.recorded_at),
            end: position(database.id, last),
            // F07: named only while they hold anybody back.
            holds: if settled.is_some() {
                Vec::new()
            } else {
                health::holds(database).await.map_err(told)?
            },
            warnings: Vec::new(),
        })
    }
}

/// What a statement gave.
struct Scanned {
    page: FeedPage,
    /// Whether there was more than a page.
    is_cut: bool,
    /// Up to where the feed was settled, and the last position drawn.
    settled: i64,
    drawn: i64,
}

/// An event's place, id and stamp.
struct Place {
    position: i64,
    event: EventId,
    recorded_at: Timestamp,
}

impl PostgresStore {
    async fn scan(&self, query: &FeedQuery, after: &FeedPosition) -> Result<Scanned, StoreError> {
        let database = self.database();
        let doing = || "reading the feed".to_owned();
        let start = after.single_in(database.id)?;
        let filter = &query.filter;
        let is_filtered = !filter.event_types.is_empty() || !filter.categories.is_empty();
        let limit = query.page_size().clamp(1, SCANNED_MAX);
        let scan = if is_filtered { limit.max(SCANNED_MIN) } else { limit };
        // The event that the position names comes first; one more tells whether there is more.
        let ask = i64::try_from(scan + 2).unwrap_or(i64::MAX);
        let types = names(filter.event_types.iter().map(EventType::as_str));
        let categories = names(filter.categories.iter().map(Category::as_str));
        let bound = || {
            let statement = database.query(sql!("feed_page")).bind(number(start.place)).bind(ask);
            statement.bind(types.clone()).bind(categories.clone())
        };
        let mut found = database.read(doing, bound).await?;
        let without_cursor = database.options.lacks(Broken::Cursor);
        let is_blind = without_cursor && start.event.is_none();
        if is_blind {
            found.retain(|row| rows::position(row).is_ok_and(|position| position > number(start.place)));
        }
        if found.is_empty() && start.event.is_none() && (start.place == 0 || is_blind) {
            // Nothing is settled that could tell how far that is.
            let marks = crate::fence::marks(database).await;
            let marks = marks.map_err(|fault| fault.told(&doing(), &database.options))?;
            let next = if is_blind {
                FeedPosition::single(database.id, start.place.max(place_number(marks.settled)), None)
            } else {
                after.clone()
            };
            let page = FeedPage { events: Vec::new(), next, at_end: false };
            // Events that were settled in between are read by the next look.
            let is_cut = start.place == 0 && marks.settled > 0 && self.is_there_anything().await?;
            return Ok(Scanned { page, is_cut, settled: marks.settled, drawn: marks.drawn });
        }
        let proven = if is_blind { SlicePosition { place: 0, ..start } } else { start };
        let scanned = scanned(&found, &proven, limit, scan, database.id).map_err(Failure::from);
        match scanned {
            Ok(Some(mut scanned)) if without_cursor && !scanned.is_cut => {
                let mark = start.place.max(place_number(scanned.settled));
                scanned.page.next = FeedPosition::single(database.id, mark, None);
                Ok(scanned)
            }
            Ok(Some(scanned)) => Ok(scanned),
            // F09: never a silent skip.
            Ok(None) => Err(StoreError::PositionLost { position: Box::new(after.clone()) }),
            Err(failure) => Err(failure.told(&doing(), &database.options)),
        }
    }

    async fn is_there_anything(&self) -> Result<bool, StoreError> {
        let last = self.last_settled().await;
        Ok(last.map_err(|fault| fault.told("reading the feed", &self.database().options))?.is_some())
    }

    async fn last_settled(&self) -> Result<Option<Place>, Fault> {
        let database = self.database();
        place(&database.rows(|| database.query(sql!("last_settled"))).await?)
    }

    /// The position of the first event recorded at `instant` or later.
    async fn first_since(&self, instant: Timestamp) -> Result<Option<i64>, Fault> {
        let database = self.database();
        let mut from = 0;
        loop {
            let query =
                || database.query(sql!("first_since")).bind(from).bind(LOOKED_AT).bind(rows::Stamp(instant));
            let found = database.rows(query).await?;
            let row = found.first().ok_or_else(|| Fault::damaged("no answer about the feed"))?;
            if let Some(first) = rows::integer_or_null(row, 0)? {
                return Ok(Some(first));
            }
            match rows::integer_or_null(row, 1)? {
                Some(last) => from = last,
                None => return Ok(None),
            }
        }
    }
}

/// The names that a filter lists; none for one that lists nothing.
fn names<'a>(listed: impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    let names: Vec<String> = listed.map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

fn position(store: StoreId, place: Option<Place>) -> FeedPosition {
    place.map_or_else(
        || FeedPosition::beginning(store),
        |place| FeedPosition::single(store, place_number(place.position), Some(place.event)),
    )
}

/// A position as the port counts it.
fn place_number(position: i64) -> u64 {
    u64::try_from(position).unwrap_or(0)
}

/// The place in the first row, if there is one.
fn place(found: &[PgRow]) -> Result<Option<Place>, Fault> {
    let read = |row: &PgRow| {
        let event = EventId::from_bytes(rows::bytes(row, 1)?);
        Ok(Place { position: rows::integer(row, 0)?, event, recorded_at: rows::timestamp(row, 2)? })
    };
    found.first().map(read).transpose()
}

/// The page in the rows of a statement; none when the event that the position names is not there any more.
fn scanned(
    found: &[PgRow],
    start: &SlicePosition,
    limit: usize,
    scan: usize,
    store: StoreId,
) -> Result<Option<Scanned>, Fault> {
    let mut rest = found;
    if start.place > 0 || start.event.is_some() {
        let Some((first, others)) = found.split_first() else { return Ok(None) };
        if rows::position(first)? != number(start.place) || Some(rows::event_id(first)?) != start.event {
            return Ok(None);
        }
        rest = others;
    }
    let Some(any) = found.first() else { return Ok(None) };
    let (settled, drawn) = (rows::integer(any, rows::SETTLED)?, rows::integer(any, rows::DRAWN)?);
    let mut names = Names::default();
    let mut events: Vec<RecordedEvent> = Vec::with_capacity(rest.len().min(limit));
    let (mut bytes, mut end, mut is_cut) = (0, None, false);
    for (index, row) in rest.iter().enumerate() {
        if events.len() >= limit || index >= scan || bytes >= PAGE_BYTES {
            is_cut = true;
            break;
        }
        end = Some(row);
        if rows::passes(row)? {
            let event = rows::event(row, &mut names)?;
            bytes += rows::weight(&event);
            events.push(event);
        }
    }
    // The last event scanned, never how far the feed is settled.
    let next = match end {
        Some(row) => {
            let place = place_number(rows::position(row)?);
            FeedPosition::single(store, place, Some(rows::event_id(row)?))
        }
        None => FeedPosition::single(store, start.place, start.event),
    };
    let page = FeedPage { events, next, at_end: false };
    Ok(Some(Scanned { page, is_cut, settled, drawn }))
}
