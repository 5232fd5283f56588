//! The feed: events by position, up to the settle fence. Laws F.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_core::{EventId, StoreId, Timestamp};
use annals_ports::{
    EventFeed, FeedHealth, FeedPage, FeedPosition, FeedQuery, FeedStart, Receipt, SlicePosition, StoreError,
};
use async_trait::async_trait;
use lru::LruCache;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use crate::PostgresStore;
use crate::broken::Broken;
use crate::database::lock;
use crate::fault::Fault;
use crate::fence::Marks;
use crate::health;
use crate::rows::{self, uuid};
use crate::scan::{Scanned, Wanted, place_number};
use crate::sql;

/// As good as for ever, for a wait that a clock cannot even count to.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// For how long a call waits for writers to end, however short it was told to wait.
const SETTLING: Duration = Duration::from_millis(250);

/// Ends remembered at most; the least recently used one goes first.
const ENDS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("the number is not zero");

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
        let database = self.database();
        let told = |fault: Fault| fault.told("reading the feed", &database.options);
        let mut wanted = Wanted { query: query.clone(), start: after.single_in(database.id)? };
        if wait > Duration::ZERO
            && let Some(settled) = self.shared.ends.settled(&wanted.start)
        {
            // It was here before, and nothing followed up to there. Whether it still stands is asked before an answer.
            self.shared.wake.has_news(settled, deadline).await.map_err(told)?;
        }
        // Up to where the feed went when it was asked.
        let mut end = None;
        loop {
            let scanned = self.shared.pages.read(database, &wanted, begun).await.map_err(told)?;
            // F09: never a silent skip.
            let lost = || StoreError::PositionLost { position: Box::new(after.clone()) };
            let scanned = scanned.ok_or_else(lost)?;
            let Marks { settled, drawn } = scanned.marks;
            self.shared.wake.saw(scanned.marks, scanned.asked);
            let end = *end.get_or_insert(drawn);
            let (is_cut, is_settled) = (scanned.is_cut, settled >= end);
            // What was on its way before it was asked for says nothing of the end.
            let at_end = !is_cut && is_settled && scanned.asked >= begun;
            let Scanned { events, next, .. } = Arc::unwrap_or_clone(scanned);
            let page = FeedPage { events, next, at_end };
            wanted.start = page.next.single_in(database.id)?;
            if !is_cut && !database.options.lacks(Broken::Cursor) {
                self.shared.ends.put(wanted.start, settled);
            }
            if !page.events.is_empty() || is_cut {
                return Ok(page);
            }
            // What is drawn later is settled later, and may be nothing (F05). When a writer hangs, what comes after it is
            // not there yet (F07).
            let until = if is_settled { deadline } else { patience };
            let has_news = self.shared.wake.has_news(settled, until).await.map_err(told)?;
            if Instant::now() >= until || !has_news {
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
        let asked = Instant::now();
        let found = database.read(doing, || database.query(sql!("place_of_commit")).bind(key)).await?;
        let Some(place) = place(&found).map_err(told)? else { return Ok(None) };
        let settled = rows::integer(&found[0], 3).map_err(told)?;
        self.shared.wake.saw(Marks { settled, drawn: place.position }, asked);
        let until = Instant::now() + SETTLING;
        let is_there = settled >= place.position
            || self.shared.wake.is_settled(place.position, until).await.map_err(told)?;
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

/// An event's place, id and stamp.
struct Place {
    position: i64,
    event: EventId,
    recorded_at: Timestamp,
}

impl PostgresStore {
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

fn position(store: StoreId, place: Option<Place>) -> FeedPosition {
    place.map_or_else(
        || FeedPosition::beginning(store),
        |place| FeedPosition::single(store, place_number(place.position), Some(place.event)),
    )
}

/// The place in the first row, if there is one.
fn place(found: &[PgRow]) -> Result<Option<Place>, Fault> {
    let read = |row: &PgRow| {
        let event = EventId::from_bytes(rows::bytes(row, 1)?);
        Ok(Place { position: rows::integer(row, 0)?, event, recorded_at: rows::timestamp(row, 2)? })
    };
    found.first().map(read).transpose()
}

/// Where followers found nothing more, and up to where that was settled. Who comes back there need not ask at once.
#[derive(Debug)]
pub(crate) struct Ends {
    known: Mutex<LruCache<SlicePosition, i64>>,
}

impl Default for Ends {
    fn default() -> Self {
        Self { known: Mutex::new(LruCache::new(ENDS_MAX)) }
    }
}

impl Ends {
    fn settled(&self, place: &SlicePosition) -> Option<i64> {
        lock(&self.known).get(place).copied()
    }

    fn put(&self, place: SlicePosition, settled: i64) {
        lock(&self.known).put(place, settled);
    }
}
