//! The events of one type by stamp, stream and version, as of the moment that the first page fixes (law R05).
//!
//! That moment is a settled position: everything answered by then stands at or below it, and nothing comes to stand
//! there later.

use annals_core::{RecordedEvent, StoreId, Timestamp};
use annals_ports::{Freshness, PageToken, StoreError, TypePage, TypeQuery};
use tokio::time::Instant;

use crate::PostgresStore;
use crate::fault::Fault;
use crate::rows::{Names, Stamp};
use crate::sql;
use crate::store;
use annals_ports::tokens;

/// The most events in a page, whatever is asked for: a page is held whole while it is decoded.
const PAGE_MAX: usize = 2_000;

/// Where a page starts: after this stamp, stream and version. The first page starts before every stream.
struct Start {
    /// The last position that counts; none when this page is to fix it.
    as_of: Option<i64>,
    recorded_at: Timestamp,
    stream: String,
    version: i64,
}

impl Start {
    fn of(query: &TypeQuery, store: StoreId) -> Result<Self, StoreError> {
        let Some(token) = &query.after else {
            let recorded_at = query.since.unwrap_or(Timestamp::MIN);
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
        Ok(Self { as_of: Some(as_of), recorded_at: Timestamp::from_micros(recorded_at), stream, version })
    }
}

/// A page of the events of one type.
pub(crate) async fn page(store: &PostgresStore, query: &TypeQuery) -> Result<TypePage, StoreError> {
    let database = store.database();
    let start = Start::of(query, database.id)?;
    let doing = || format!("reading the events of type {}", query.event_type);
    let told = |fault: Fault| fault.told(&doing(), &database.options);
    let as_of = match start.as_of {
        Some(as_of) => as_of,
        None => settled(store).await.map_err(told)?,
    };
    let limit = query.limit.clamp(1, PAGE_MAX);
    let ask = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let bound = || {
        let statement = database.query(sql!("events_of_type")).bind(query.event_type.as_str());
        let statement = statement.bind(Stamp(start.recorded_at)).bind(start.stream.as_str());
        statement.bind(start.version).bind(as_of).bind(ask)
    };
    let found = database.read(doing, bound).await?;
    let page = store::page(&found, limit, Names::default()).map_err(told)?;
    let last = if page.is_cut { page.events.last() } else { None };
    let next = last.map(|last| token(last, as_of, database.id));
    Ok(TypePage { events: page.events, next, freshness: Freshness::Complete })
}

/// A position at or below which stands everything that was answered by now, and nothing will come to stand.
async fn settled(store: &PostgresStore) -> Result<i64, Fault> {
    let database = store.database();
    let until = Instant::now() + database.options.timeout;
    store.shared.wake.settled_now(database, until).await?.ok_or_else(Fault::no_answer)
}

fn token(last: &RecordedEvent, as_of: i64, store: StoreId) -> PageToken {
    let header = &last.header;
    let (as_of, stamp, version) =
        (as_of.to_string(), header.recorded_at.as_micros().to_string(), header.version.to_string());
    let place = tokens::join(&[header.event_type.as_str(), &as_of, &stamp, header.stream.as_str(), &version]);
    PageToken::new(store, place)
}
