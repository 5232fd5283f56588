//! Streams read in pages, and their heads (laws R01 to R03).
//!
//! A query may run into a transaction that is being applied, and see a part of it: a version that is missing before
//! others, or a last event that is not the last of its commit. Then it is read again from there, until it is whole (A01).

use annals_core::{RecordedEvent, StreamId, Version};
use annals_ports::{Direction, ReadRange, StreamPage};

use crate::DynamoStore;
use crate::event_item;
use crate::fault::Fault;
use crate::heads::Known;
use crate::item::{self, Item};
use crate::patience::Patience;
use crate::read::Query;
use crate::tables::Table;

/// The most events in a page, whatever is asked for: a page is held whole while it is decoded.
const PAGE_MAX: usize = 2_000;
/// No event is added to a page that holds so much.
pub(crate) const PAGE_BYTES: usize = 4 << 20;

impl DynamoStore {
    /// A page of a stream.
    pub(crate) async fn page_of(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, Fault> {
        let mut reading = Reading::of(range);
        if reading.is_done() {
            return Ok(StreamPage { events: Vec::new(), rest: None });
        }
        let mut patience = Patience::of(self.database().options.timeout);
        let mut told = None;
        let cut = loop {
            let found = self.database().query(&reading.query(stream)).await?;
            let mut seen = Seen::Whole;
            for item in &found.items {
                seen = reading.take(item)?;
                if seen != Seen::Whole {
                    break;
                }
                let found = Known::of(item)?;
                // The last version that was read, whichever way.
                told = told.filter(|told: &Known| told.head.version > found.head.version).or(Some(found));
            }
            match seen {
                Seen::Cut => break true,
                // A page of the service's may end where the range does.
                Seen::Whole if found.last.is_some() && !reading.is_done() => continue,
                Seen::Whole if reading.is_whole_at_end() => break false,
                Seen::Whole | Seen::Torn => {}
            }
            if !patience.wait().await {
                return Err(Fault::damaged(format!("version {} of {stream} is missing", reading.next)));
            }
        };
        if let Some(told) = told {
            self.shared.heads.learn(stream, told);
        }
        let rest = cut.then(|| reading.rest());
        Ok(StreamPage { events: reading.events, rest })
    }

    /// A stream's last event, as its head and when it was written.
    pub(crate) async fn head_of(&self, stream: &StreamId) -> Result<Option<Known>, Fault> {
        let mut patience = Patience::of(self.database().options.timeout);
        loop {
            let mut query = Query::new(Table::Events, "#stream = :stream")
                .name("#stream", "AggregateId")
                .value(":stream", item::text(stream.as_str()))
                .name("#version", "Version")
                .name("#timestamp", "Timestamp")
                .name("#written", "Written")
                .name("#digest", "Digest")
                .name("#end", "AppendEnd")
                .only("#version, #timestamp, #written, #digest, #end");
            query.forward = false;
            query.limit = Some(1);
            let found = self.database().query(&query).await?;
            let Some(last) = found.items.first() else { return Ok(None) };
            let known = Known::of(last)?;
            if event_item::append_end(last)? == known.head.version {
                self.shared.heads.learn(stream, known);
                return Ok(Some(known));
            }
            if !patience.wait().await {
                let version = known.head.version.next();
                return Err(Fault::damaged(format!("version {version} of {stream} is missing")));
            }
        }
    }
}

/// What an item is to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Its next event.
    Whole,
    /// The first of what is left for the next page.
    Cut,
    /// An event beyond one that is not to be seen yet.
    Torn,
}

/// A page being read.
struct Reading {
    range: ReadRange,
    first: Version,
    limit: usize,
    /// The version that is to come next.
    next: Version,
    events: Vec<RecordedEvent>,
    bytes: usize,
    /// The last version of the commit whose event stands at the higher end of the page.
    append_end: Version,
}

impl Reading {
    fn of(range: ReadRange) -> Self {
        let first = range.from.max(Version::FIRST);
        let next = match range.direction {
            Direction::Forward => first,
            Direction::Backward => range.to,
        };
        let limit = range.limit.clamp(1, PAGE_MAX);
        Self { range, first, limit, next, events: Vec::new(), bytes: 0, append_end: Version::NONE }
    }

    fn is_done(&self) -> bool {
        self.next < self.first || self.next > self.range.to
    }

    /// What is still wanted, and one event more, which tells whether any is left.
    fn query(&self, stream: &StreamId) -> Query {
        let (from, to) = match self.range.direction {
            Direction::Forward => (self.next, self.range.to),
            Direction::Backward => (self.first, self.next),
        };
        let mut query = Query::new(Table::Events, "#stream = :stream AND #version BETWEEN :from AND :to")
            .name("#stream", "AggregateId")
            .name("#version", "Version")
            .value(":stream", item::text(stream.as_str()))
            .value(":from", item::number(from.get()))
            .value(":to", item::number(to.get()));
        query.forward = self.range.direction == Direction::Forward;
        query.limit = Some(self.limit + 1 - self.events.len());
        query
    }

    fn take(&mut self, item: &Item) -> Result<Seen, Fault> {
        let version = event_item::version(item)?;
        let is_top = self.events.is_empty() && self.range.direction == Direction::Backward;
        if is_top {
            // The stream may end below the version asked for, yet not within a commit.
            let end = event_item::append_end(item)?;
            if version < self.next && end > version {
                return Ok(Seen::Torn);
            }
        } else if version != self.next {
            return Ok(Seen::Torn);
        }
        if self.events.len() == self.limit || self.bytes >= PAGE_BYTES {
            return Ok(Seen::Cut);
        }
        let event = event_item::decode(item)?;
        self.bytes += weight(&event);
        self.events.push(event);
        if self.range.direction == Direction::Forward {
            self.append_end = event_item::append_end(item)?;
        }
        self.next = match self.range.direction {
            Direction::Forward => version.next(),
            Direction::Backward => version.previous(),
        };
        Ok(Seen::Whole)
    }

    /// Whether the page is whole when no further item was found.
    fn is_whole_at_end(&self) -> bool {
        match self.range.direction {
            Direction::Forward => self.append_end < self.next || self.next > self.range.to,
            Direction::Backward => self.events.is_empty() || self.next < self.first,
        }
    }

    fn rest(&self) -> ReadRange {
        match self.range.direction {
            Direction::Forward => ReadRange { from: self.next, ..self.range },
            Direction::Backward => ReadRange { to: self.next, ..self.range },
        }
    }
}

/// What an event weighs in a page, about.
pub(crate) fn weight(event: &RecordedEvent) -> usize {
    event.payload.len() + event.header.metadata.len()
}

#[cfg(test)]
mod tests {
    use annals_core::{CommitId, CommitPlace, Digest, EventHeader, EventId, EventType, Json, Timestamp};

    use super::*;
    use crate::event_item::Beside;

    fn event(version: u64, append_end: u64) -> Item {
        let header = EventHeader {
            id: EventId::new(),
            stream: "order-1".parse().unwrap(),
            version: Version::new(version),
            event_type: EventType::new("Counted").unwrap(),
            schema_version: 1,
            recorded_at: Timestamp::UNIX_EPOCH,
            commit: CommitPlace { id: CommitId::new(), index: 0, size: 1 },
            metadata: Json::empty(),
            digest: Digest::ORIGIN,
        };
        let beside = Beside { previous: None, written: None, append_end: Version::new(append_end) };
        event_item::encode(&RecordedEvent { header, payload: Json::empty() }, beside, 8)
    }

    /// What each of these items, version and end of its append, is to a page of a stream from 1 to 10, and whether that
    /// is all.
    fn read(range: ReadRange, items: &[(u64, u64)]) -> (Vec<Seen>, bool) {
        let mut reading = Reading::of(range);
        let seen = items.iter().map(|(version, end)| reading.take(&event(*version, *end)).unwrap()).collect();
        (seen, reading.is_whole_at_end())
    }

    #[test]
    fn a_part_of_a_commit_is_told_from_the_end_of_a_stream() {
        use Seen::{Cut, Torn, Whole};
        let forward = ReadRange::between(Version::new(1), Version::new(10));
        let backward = forward.backward();
        for (range, items, seen, is_whole) in [
            (forward, &[][..], &[][..], true),
            (forward, &[(1, 1), (2, 2)], &[Whole, Whole], true),
            // The second of two is not there yet.
            (forward, &[(1, 1), (2, 3)], &[Whole, Whole], false),
            // The first of two is not there yet.
            (forward, &[(1, 1), (3, 3)], &[Whole, Torn], true),
            // What lies beyond was not asked for.
            (ReadRange { to: Version::new(2), ..forward }, &[(1, 1), (2, 3)], &[Whole, Whole], true),
            (forward.limit(1), &[(1, 2), (2, 2)], &[Whole, Cut], false),
            (backward, &[], &[], true),
            (backward, &[(2, 2), (1, 1)], &[Whole, Whole], true),
            (backward, &[(2, 3)], &[Torn], true),
            (backward, &[(3, 3), (1, 1)], &[Whole, Torn], false),
            (backward, &[(3, 3), (2, 3)], &[Whole, Whole], false),
            (ReadRange { to: Version::new(2), ..backward }, &[(2, 3), (1, 1)], &[Whole, Whole], true),
            (backward.limit(1), &[(2, 2), (1, 1)], &[Whole, Cut], false),
        ] {
            assert_eq!(read(range, items), (seen.to_vec(), is_whole), "{range:?}: {items:?}");
        }
    }
}
