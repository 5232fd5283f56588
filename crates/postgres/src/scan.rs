//! Pages of the feed as one statement gives them: the marks, and what comes after a position up to the settled one.
//!
//! Followers of one handle that want the same page while it is on its way share it: it is read and decoded once. A page
//! without events is no answer to who asked after it was on its way, since more may have been answered by then.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use annals_core::{Category, EventId, EventType, RecordedEvent};
use annals_ports::{FeedPosition, FeedQuery, SlicePosition};
use futures::FutureExt as _;
use futures::future::{Shared, WeakShared};
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use crate::broken::Broken;
use crate::database::{Database, Take, lock};
use crate::fault::Fault;
use crate::fence::Marks;
use crate::page::Page;
use crate::rows::{self, Names, number};
use crate::sql;

/// The fewest events that a call with a filter scans (F06), and the most that a page holds: it is decoded as a whole.
const SCANNED_MIN: usize = 500;
const SCANNED_MAX: usize = 8_000;

/// Events that a page has room for before it has any.
const ROOM: usize = 2_000;

/// A page that is wanted.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) query: FeedQuery,
    pub(crate) start: SlicePosition,
}

/// What a statement gave.
#[derive(Clone)]
pub(crate) struct Scanned {
    pub(crate) events: Vec<RecordedEvent>,
    /// The position after the last event scanned.
    pub(crate) next: FeedPosition,
    /// Whether there was more than a page.
    pub(crate) is_cut: bool,
    /// The feed as it was then.
    pub(crate) marks: Marks,
    /// When it was asked for.
    pub(crate) asked: Instant,
}

/// The page; none when the event that the position names is not there any more.
type Answer = Result<Option<Arc<Scanned>>, Fault>;
type Reading = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The pages that are on their way.
#[derive(Default)]
pub(crate) struct Pages {
    under_way: Mutex<Vec<UnderWay>>,
}

struct UnderWay {
    wanted: Wanted,
    asked: Instant,
    page: WeakShared<Reading>,
}

impl Pages {
    /// Reads a page for a call that began at `begun`.
    pub(crate) async fn read(&self, database: &Arc<Database>, wanted: &Wanted, begun: Instant) -> Answer {
        let shared = self.join(database, wanted, None).await;
        match &shared {
            Ok(Some(page)) if page.asked < begun && page.events.is_empty() => {
                drop(shared);
                self.join(database, wanted, Some(begun)).await
            }
            _ => shared,
        }
    }

    /// The page as it is on its way, if it was asked for since then, or a new one.
    fn join(&self, database: &Arc<Database>, wanted: &Wanted, since: Option<Instant>) -> Shared<Reading> {
        let mut under_way = lock(&self.under_way);
        under_way.retain(|other| other.page.upgrade().is_some_and(|page| page.peek().is_none()));
        let fits =
            |other: &&UnderWay| other.wanted == *wanted && since.is_none_or(|since| other.asked >= since);
        if let Some(page) = under_way.iter().find(fits).and_then(|other| other.page.upgrade()) {
            return page;
        }
        let reading: Reading = Box::pin(scan(database.clone(), wanted.clone()));
        let page = reading.shared();
        if let Some(weak) = page.downgrade() {
            under_way.push(UnderWay { wanted: wanted.clone(), asked: Instant::now(), page: weak });
        }
        page
    }
}

async fn scan(database: Arc<Database>, wanted: Wanted) -> Answer {
    let asked = Instant::now();
    let Wanted { query, start } = wanted;
    let filter = &query.filter;
    let is_filtered = !filter.event_types.is_empty() || !filter.categories.is_empty();
    let limit = query.page_size().clamp(1, SCANNED_MAX);
    let scan = if is_filtered { limit.max(SCANNED_MIN) } else { limit };
    // The event that the position names comes first; one more tells whether there is more.
    let ask = i64::try_from(scan + 2).unwrap_or(i64::MAX);
    let types = names(filter.event_types.iter().map(EventType::as_str).map(str::to_owned));
    // No category holds a dash, and behind each in a stream's id stands one.
    let categories = names(filter.categories.iter().map(Category::as_str).map(|name| format!("{name}-")));
    let bound = || {
        let statement = database.query(sql!("feed_page")).bind(number(start.place)).bind(ask);
        statement.bind(types.clone()).bind(categories.clone())
    };
    let without_cursor = database.options.lacks(Broken::Cursor);
    let is_blind = without_cursor && start.event.is_none();
    let begin = || Taken {
        start,
        named: if is_blind || (start.place == 0 && start.event.is_none()) {
            Named::None
        } else {
            Named::Awaited
        },
        limit,
        scan,
        marks: None,
        scanned: 0,
        page: Page::new(Names::default(), limit.min(ROOM)),
        end: None,
        is_cut: false,
    };
    let taken = database.read_into(begin, bound).await?;
    let marks = taken.marks.ok_or_else(|| Fault::damaged("no answer about the feed"))?;
    // F09: never a silent skip.
    if taken.named == Named::Awaited || taken.named == Named::Lost {
        return Ok(None);
    }
    // The last event scanned, never how far the feed is settled.
    let (mut place, mut event) =
        taken.end.map_or((start.place, start.event), |(place, event)| (place_number(place), Some(event)));
    if without_cursor && !taken.is_cut {
        (place, event) = (start.place.max(place_number(marks.settled)), None);
    }
    let next = FeedPosition::single(database.id, place, event);
    let (events, is_cut) = (taken.page.into_events(), taken.is_cut);
    Ok(Some(Arc::new(Scanned { events, next, is_cut, marks, asked })))
}

/// What is known of the event that a position names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// It names none.
    None,
    /// It comes first.
    Awaited,
    /// It stands where the position says.
    Stands,
    /// It does not.
    Lost,
}

/// A page as its rows arrive.
struct Taken {
    start: SlicePosition,
    named: Named,
    limit: usize,
    scan: usize,
    marks: Option<Marks>,
    scanned: usize,
    page: Page,
    /// The last event scanned.
    end: Option<(i64, EventId)>,
    is_cut: bool,
}

impl Take for Taken {
    fn take(&mut self, row: PgRow) -> Result<(), Fault> {
        if self.marks.is_none() {
            self.marks = Some(rows::marks(&row)?);
            return Ok(());
        }
        let (place, start) = (rows::position(&row)?, number(self.start.place));
        match self.named {
            Named::Awaited => {
                let stands = place == start && Some(rows::event_id(&row)?) == self.start.event;
                self.named = if stands { Named::Stands } else { Named::Lost };
                return Ok(());
            }
            Named::Lost => return Ok(()),
            Named::None if place <= start => return Ok(()),
            Named::None | Named::Stands => {}
        }
        if self.page.len() >= self.limit || self.scanned >= self.scan || self.page.is_full() {
            self.is_cut = true;
            return Ok(());
        }
        // F01: the next page begins behind the last of these.
        if place <= self.end.map_or(start, |(last, _)| last) {
            return Err(Fault::damaged("the feed's events are not in their order"));
        }
        self.scanned += 1;
        let passing = rows::texts_that_pass(&row)?;
        let event = match passing {
            Some(texts) => {
                self.page.push(&row, texts)?;
                self.page.last_id()
            }
            None => None,
        };
        self.end = Some((place, event.map_or_else(|| rows::event_id(&row), Ok)?));
        Ok(())
    }
}

/// The names that a filter lists; none for one that lists nothing.
fn names(listed: impl Iterator<Item = String>) -> Option<Vec<String>> {
    let names: Vec<String> = listed.collect();
    (!names.is_empty()).then_some(names)
}

/// A position as the port counts it.
pub(crate) fn place_number(position: i64) -> u64 {
    u64::try_from(position).unwrap_or(0)
}
