//! The events of one type by stamp, stream and version, as of the moment that the first page fixes (law R05).

use annals_core::{RecordedEvent, StoreId, Timestamp};
use annals_ports::{Freshness, PageToken, StoreError, TypePage, TypeQuery};
use rusqlite::{Connection, params};

use crate::fault::Failure;
use crate::page::Page;
use crate::rows::Names;
use crate::sql;
use annals_ports::tokens;

/// Where a page starts: after this stamp, stream and version. The first page starts before every stream.
pub(crate) struct Start {
    /// The last position that counts; none when this page is to fix it.
    as_of: Option<i64>,
    recorded_at: i64,
    stream: String,
    version: i64,
}

impl Start {
    /// Where a query's page starts.
    pub(crate) fn of(query: &TypeQuery, store: StoreId) -> Result<Self, StoreError> {
        let Some(token) = &query.after else {
            let recorded_at = query.since.unwrap_or(Timestamp::MIN).as_micros();
            return Ok(Self { as_of: None, recorded_at, stream: String::new(), version: 0 });
        };
        let refuse =
            |reason: &str| StoreError::InvalidToken { text: token.to_string(), reason: reason.to_owned() };
        let fields = tokens::split::<5>(token.place_in(store)?);
        let [event_type, as_of, recorded_at, stream, version] =
            fields.ok_or_else(|| refuse("it is no place in the answer to a query by type"))?;
        if event_type != query.event_type.as_str() {
            return Err(refuse("it is of a query for another type"));
        }
        let number = |text: String| text.parse::<i64>().map_err(|_| refuse("it holds a broken number"));
        let (as_of, recorded_at, version) = (number(as_of)?, number(recorded_at)?, number(version)?);
        Ok(Self { as_of: Some(as_of), recorded_at, stream, version })
    }
}

/// A page of the events of one type.
pub(crate) fn page(
    connection: &Connection,
    names: &mut Names,
    query: &TypeQuery,
    start: &Start,
    store: StoreId,
) -> Result<TypePage, Failure> {
    let as_of = match start.as_of {
        Some(as_of) => as_of,
        None => connection.prepare_cached(sql!("end_of_feed"))?.query_row([], |row| row.get(0))?,
    };
    let mut statement = connection.prepare_cached(sql!("events_of_type"))?;
    let event_type = query.event_type.as_str();
    let mut found =
        statement.query(params![event_type, start.recorded_at, start.stream, start.version, as_of])?;
    let mut page = Page::new();
    let mut has_more = false;
    while let Some(row) = found.next()? {
        if page.len() >= query.limit.max(1) || page.is_full() {
            has_more = true;
            break;
        }
        page.push(row, connection, names)?;
    }
    let events = page.into_events();
    let next = events.last().filter(|_| has_more).map(|last| token(last, as_of, store));
    Ok(TypePage { events, next, freshness: Freshness::Complete })
}

fn token(last: &RecordedEvent, as_of: i64, store: StoreId) -> PageToken {
    let header = &last.header;
    let (as_of, stamp, version) =
        (as_of.to_string(), header.recorded_at.as_micros().to_string(), header.version.to_string());
    let place = tokens::join(&[header.event_type.as_str(), &as_of, &stamp, header.stream.as_str(), &version]);
    PageToken::new(store, place)
}
