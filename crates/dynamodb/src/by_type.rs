//! The events of one type by stamp, stream and version, from the index by type (law R05).
//!
//! The index has the type's events in several partitions, by stamp alone, and may lag: each partition is read from the
//! page's start, and what they give is put in order once nothing can come before it. The first page fixes the moment. What
//! was written later is left out of the next ones as far as it can be told: an event's id, where it is of UUID version 7,
//! says when the event was made, and an imported one when it was written.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use annals_core::{RecordedEvent, StoreId, StreamId, Timestamp, Version};
use annals_ports::{Freshness, PageToken, StoreError, TypePage, TypeQuery};
use futures::future::try_join_all;

use crate::DynamoStore;
use crate::database::Database;
use crate::event_item;
use crate::fault::Fault;
use crate::item::{self, Attributes, Item};
use crate::read::{self, Query};
use crate::streams::{PAGE_BYTES, weight};
use crate::tables::{TYPE_INDEX, Table};
use annals_ports::tokens;

/// The most events in a page, whatever is asked for: a page is held whole while it is decoded.
const PAGE_MAX: usize = 2_000;
/// How many events are fetched at once.
const FETCHED: usize = 100;
/// So many entries of a partition cost no more to read than one does: 4 KiB.
const SHARE_MIN: usize = 24;
/// By how much another machine's clock may be ahead, and an id still be taken at its word.
const AHEAD_MAX: Duration = Duration::from_secs(10);

/// An event's place in the answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Entry {
    recorded_at: Timestamp,
    stream: StreamId,
    version: Version,
}

/// The moment of the first page: by the store's clock, which stamps, and by the machine's, which ids are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    stamped: Timestamp,
    made: Duration,
}

/// Where a page starts.
struct Start {
    moment: Moment,
    /// The last event given; none on the first page.
    after: Option<Entry>,
}

impl Moment {
    fn now(database: &Database) -> Self {
        Self { stamped: database.now(), made: machine_time() }
    }

    /// Whether an event was written after the moment, as far as it can be told.
    fn precedes(self, event: &RecordedEvent, written: Option<Timestamp>) -> bool {
        if written.is_some_and(|written| written > self.stamped) {
            return true;
        }
        // An id that tells a time to come was not made from a clock.
        let is_later = |made: Duration| made > self.made && made <= machine_time() + AHEAD_MAX;
        made_at(event.header.id.as_bytes()).is_some_and(is_later)
    }
}

fn machine_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// When a UUID of version 7 was made, to the millisecond; none of another version.
fn made_at(id: &[u8; 16]) -> Option<Duration> {
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&id[..6]);
    (id[6] >> 4 == 7).then(|| Duration::from_millis(u64::from_be_bytes(millis)))
}

impl Start {
    fn of(query: &TypeQuery, database: &Database) -> Result<Self, StoreError> {
        let Some(token) = &query.after else {
            return Ok(Self { moment: Moment::now(database), after: None });
        };
        let place = token.place_in(database.id)?;
        let refuse =
            |reason: &str| StoreError::InvalidToken { text: token.to_string(), reason: reason.to_owned() };
        let fields = tokens::split::<6>(place);
        let [event_type, stamped, made, recorded_at, stream, version] =
            fields.ok_or_else(|| refuse("it is no place in the answer to a query by type"))?;
        if event_type != query.event_type.as_str() {
            return Err(refuse("it is of a query for another type"));
        }
        let read = || {
            let instant = |text: &str| text.parse().ok().map(Timestamp::from_micros);
            let made = Duration::from_millis(made.parse().ok()?);
            let entry = Entry {
                recorded_at: instant(&recorded_at)?,
                stream: stream.parse().ok()?,
                version: Version::new(version.parse().ok()?),
            };
            Some(Self { moment: Moment { stamped: instant(&stamped)?, made }, after: Some(entry) })
        };
        read().ok_or_else(|| refuse("it holds what is no place"))
    }

    fn token(&self, last: &Entry, query: &TypeQuery, store: StoreId) -> PageToken {
        let place = tokens::join(&[
            query.event_type.as_str(),
            &self.moment.stamped.as_micros().to_string(),
            &self.moment.made.as_millis().to_string(),
            &last.recorded_at.as_micros().to_string(),
            last.stream.as_str(),
            &last.version.to_string(),
        ]);
        PageToken::new(store, place)
    }
}

/// A page of the events of one type.
pub(crate) async fn page(store: &DynamoStore, query: &TypeQuery) -> Result<TypePage, StoreError> {
    let database = store.database();
    let start = Start::of(query, database)?;
    let page = read_page(database, query, &start).await;
    page.map_err(|fault| {
        fault.told(&format!("reading the events of type {}", query.event_type), &database.options)
    })
}

async fn read_page(database: &Database, query: &TypeQuery, start: &Start) -> Result<TypePage, Fault> {
    let limit = query.limit.clamp(1, PAGE_MAX);
    let mut merge = Merge::of(database, query, start, limit);
    let mut page = TypePage { events: Vec::new(), next: None, freshness: Freshness::BestEffort };
    let (mut bytes, mut last) = (0, None);
    loop {
        let wanted = limit - page.events.len();
        if wanted == 0 || bytes >= PAGE_BYTES {
            let is_more = merge.has(1).await?;
            page.next = last.filter(|_| is_more).map(|last: Entry| start.token(&last, query, database.id));
            return Ok(page);
        }
        merge.has(wanted.min(FETCHED)).await?;
        let entries = merge.take(wanted.min(FETCHED));
        if entries.is_empty() {
            return Ok(page);
        }
        for item in fetch(database, &entries).await? {
            let event = event_item::decode(&item)?;
            let written = item.maybe_instant("Written")?;
            // What the first page finds was there.
            if start.after.is_some() && start.moment.precedes(&event, written) {
                continue;
            }
            bytes += weight(&event);
            page.events.push(event);
        }
        last = entries.into_iter().next_back();
    }
}

/// The partitions of the index for a type, put in one order.
struct Merge<'a> {
    database: &'a Database,
    shards: Vec<Shard>,
    after: Option<&'a Entry>,
    /// Read, and not yet taken.
    pending: BTreeSet<Entry>,
}

/// What of one partition is still to be read.
struct Shard {
    query: Query,
    /// Entries before this stamp were all read; none once the partition has been read to its end.
    read_up_to: Option<Timestamp>,
}

impl<'a> Merge<'a> {
    fn of(database: &'a Database, query: &TypeQuery, start: &'a Start, limit: usize) -> Self {
        let after = start.after.as_ref();
        let since = query.since.unwrap_or(Timestamp::MIN);
        let from = after.map_or(since, |after| after.recorded_at.max(since));
        let shards = database.shape.type_shards;
        // Twice an even share: few entries more than the page needs, and seldom a second request.
        let share = (2 * limit).div_ceil(usize::try_from(shards).unwrap_or(usize::MAX)).max(SHARE_MIN);
        let shard = |number: u32| {
            let mut read = Query::new(Table::Events, "#shard = :shard AND #timestamp >= :from")
                .name("#shard", "EventTypeShard")
                .name("#timestamp", "Timestamp")
                .value(":shard", item::text(event_item::type_shard_named(&query.event_type, number)))
                .value(":from", item::text(from.to_string()));
            read.index = Some(TYPE_INDEX);
            read.freshness = read::Freshness::Eventual;
            read.limit = Some(share);
            Shard { query: read, read_up_to: Some(Timestamp::MIN) }
        };
        Self { database, shards: (0..shards).map(shard).collect(), after, pending: BTreeSet::new() }
    }

    /// Reads on until `count` entries can be taken, or all have been read; whether so many can be taken.
    async fn has(&mut self, count: usize) -> Result<bool, Fault> {
        loop {
            let Some(horizon) = self.horizon() else { return Ok(self.pending.len() >= count) };
            let complete = self.pending.iter().take_while(|entry| entry.recorded_at < horizon);
            if complete.take(count).count() == count {
                return Ok(true);
            }
            let database = self.database;
            let behind = self.shards.iter_mut().filter(|shard| shard.read_up_to == Some(horizon));
            let found = try_join_all(behind.map(|shard| shard.read(database))).await?;
            let fresh = |entry: &Entry| self.after.is_none_or(|after| entry > after);
            self.pending.extend(found.into_iter().flatten().filter(fresh));
        }
    }

    /// The next entries, at most so many.
    fn take(&mut self, count: usize) -> Vec<Entry> {
        let horizon = self.horizon();
        let mut taken = Vec::new();
        while taken.len() < count
            && let Some(first) = self.pending.first()
            && horizon.is_none_or(|horizon| first.recorded_at < horizon)
        {
            taken.extend(self.pending.pop_first());
        }
        taken
    }

    /// Before this stamp nothing is still to be read; none when all has been read.
    fn horizon(&self) -> Option<Timestamp> {
        self.shards.iter().filter_map(|shard| shard.read_up_to).min()
    }
}

impl Shard {
    async fn read(&mut self, database: &Database) -> Result<Vec<Entry>, Fault> {
        let found = database.query(&self.query).await?;
        let entries: Vec<Entry> = found.items.iter().map(entry).collect::<Result<_, _>>()?;
        self.read_up_to = match (&found.last, entries.last()) {
            (None, _) => None,
            (Some(_), Some(last)) => Some(last.recorded_at),
            (Some(_), None) => self.read_up_to,
        };
        self.query.from = found.last;
        // Many events of one stamp are not read by a few at a time.
        self.query.limit = self.query.limit.map(|limit| (2 * limit).min(PAGE_MAX));
        Ok(entries)
    }
}

fn entry(item: &Item) -> Result<Entry, Fault> {
    Ok(Entry {
        recorded_at: item.instant("Timestamp")?,
        stream: event_item::stream(item)?,
        version: event_item::version(item)?,
    })
}

/// The items of these entries, in their order.
async fn fetch(database: &Database, entries: &[Entry]) -> Result<Vec<Item>, Fault> {
    let mut found = HashMap::new();
    // What lags is asked for again: an event never changes, so that any other answer is as good as the newest.
    for freshness in [read::Freshness::Eventual, read::Freshness::Consistent] {
        let missing = entries.iter().filter(|entry| !found.contains_key(*entry));
        let keys: Vec<_> = missing.map(|entry| event_item::key(&entry.stream, entry.version)).collect();
        if keys.is_empty() {
            break;
        }
        for item in database.batch_get(Table::Events, keys, freshness).await? {
            found.insert(entry(&item)?, item);
        }
    }
    let item = |entry: &Entry| {
        let missing = || Fault::damaged(format!("version {} of {} is missing", entry.version, entry.stream));
        found.remove(entry).ok_or_else(missing)
    };
    entries.iter().map(item).collect()
}

#[cfg(test)]
mod tests {
    use annals_core::{CommitId, CommitPlace, Digest, EventHeader, EventId, EventType, Json};

    use super::*;

    fn event(id: EventId) -> RecordedEvent {
        let header = EventHeader {
            id,
            stream: "order-1".parse().unwrap(),
            version: Version::FIRST,
            event_type: EventType::new("Counted").unwrap(),
            schema_version: 1,
            recorded_at: Timestamp::UNIX_EPOCH,
            commit: CommitPlace { id: CommitId::new(), index: 0, size: 1 },
            metadata: Json::empty(),
            digest: Digest::ORIGIN,
        };
        RecordedEvent { header, payload: Json::empty() }
    }

    /// An id of version 7 that was made then.
    fn id_made(at: Duration) -> EventId {
        let mut bytes = [0x70; 16];
        bytes[..6].copy_from_slice(&u64::try_from(at.as_millis()).unwrap().to_be_bytes()[2..]);
        EventId::from_bytes(bytes)
    }

    #[test]
    fn what_was_made_or_written_after_the_moment_is_told_from_what_was_not() {
        let second = Duration::from_secs(1);
        let stamped = Timestamp::UNIX_EPOCH.plus(second);
        let moment = Moment { stamped, made: machine_time().saturating_sub(60 * second) };
        for (id, written, is_later) in [
            (id_made(moment.made), None, false),
            (id_made(moment.made + second), None, true),
            (id_made(moment.made + 600 * second), None, false),
            (EventId::from_bytes([0xff; 16]), None, false),
            (EventId::from_bytes([0; 16]), Some(stamped), false),
            (EventId::from_bytes([0; 16]), Some(stamped.plus(second)), true),
        ] {
            assert_eq!(moment.precedes(&event(id), written), is_later, "{id} written {written:?}");
        }
    }

    #[test]
    fn an_id_tells_when_it_was_made_if_it_was_made_from_a_clock() {
        let before = machine_time();
        let made = made_at(EventId::new().as_bytes()).expect("it is of version 7");
        // To the millisecond, and a little ahead when many are made in one.
        assert!(made + Duration::from_secs(1) > before && made < machine_time() + Duration::from_secs(1));
        assert_eq!(made_at(&[0; 16]), None);
    }
}
