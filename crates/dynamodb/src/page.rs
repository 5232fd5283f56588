//! A page of the feed: from a place on, batch by batch, what passes the filter.
//!
//! The position moves past what is filtered out, and a call scans a bounded number of events (F06). A category is part of a
//! stream's name, so that the bodies of what a filter by category leaves out are never read.

use std::sync::Arc;

use annals_core::RecordedEvent;
use annals_ports::{FeedFilter, FeedQuery};

use crate::fault::Fault;
use crate::log::{Entry, Log, weight_of};
use crate::place::Place;

/// Events scanned for each one that a page may hold.
const SCANNED_FOR_ONE: usize = 10;
/// The most events in a page, whatever is asked for.
const EVENTS_MAX: usize = 8_000;
/// A page ends once it holds so many bytes.
const PAGE_BYTES: usize = 4 << 20;
/// Batches read at once, at first and at most.
const BATCHES: (u64, u64) = (16, 256);
/// Bodies read at once, at first and at most.
const BODIES: (usize, usize) = (100, 800);

/// A page.
pub(crate) struct Scanned {
    pub(crate) events: Vec<RecordedEvent>,
    /// The last event scanned; none where nothing was and the page begins at the beginning.
    pub(crate) last: Option<Place>,
    /// Whether it ended before the feed did.
    pub(crate) is_cut: bool,
}

/// A page in the making.
struct Page<'a> {
    filter: &'a FeedFilter,
    limit: usize,
    scan: usize,
    events: Vec<RecordedEvent>,
    bytes: usize,
    scanned: usize,
    last: Option<Place>,
}

impl Log {
    /// A page after `place`, of a feed that has `end` batches.
    pub(crate) async fn page(
        &self,
        query: &FeedQuery,
        place: Option<Place>,
        end: u64,
    ) -> Result<Scanned, Fault> {
        let limit = query.page_size().clamp(1, EVENTS_MAX);
        let is_filtered = query.filter != FeedFilter::default();
        let scan = if is_filtered { limit.saturating_mul(SCANNED_FOR_ONE) } else { limit };
        let filter = &query.filter;
        let mut page = Page { filter, limit, scan, events: Vec::new(), bytes: 0, scanned: 0, last: place };
        let (mut next, mut skip) = place.map_or((0, 0), |place| (place.batch, usize::from(place.index) + 1));
        let mut ask = BATCHES.0;
        while next < end && !page.is_full() {
            let entries = self.range(next, ask.min(end - next)).await?;
            if entries.is_empty() {
                self.expected(next).await?;
            }
            next += entries.len() as u64;
            let places = entries.iter().flat_map(|entry| (0..entry.len()).map(move |index| (entry, index)));
            // Nothing is left out: a place that was scanned last lies in its batch.
            let scanned: Vec<_> = places.skip(skip).map(|(entry, index)| (entry.clone(), index)).collect();
            skip = 0;
            let whole = page.take(self, &scanned).await?;
            if !whole {
                return Ok(page.ended(true));
            }
            ask = (ask * 4).min(BATCHES.1);
        }
        let is_cut = next < end;
        Ok(page.ended(is_cut))
    }
}

impl Page<'_> {
    fn is_full(&self) -> bool {
        self.events.len() >= self.limit || self.scanned >= self.scan || self.bytes >= PAGE_BYTES
    }

    fn ended(self, is_cut: bool) -> Scanned {
        Scanned { events: self.events, last: self.last, is_cut }
    }

    /// Scans these events; no when the page was full before it came to the last of them.
    async fn take(&mut self, log: &Log, scanned: &[(Arc<Entry>, usize)]) -> Result<bool, Fault> {
        let mut ask = BODIES.0.min(self.limit);
        let mut loaded = 0;
        for (at, (entry, index)) in scanned.iter().enumerate() {
            if self.is_full() {
                return Ok(false);
            }
            if self.may_pass(entry, *index) {
                if at >= loaded {
                    let wanted = self.wanted(&scanned[at..], ask);
                    loaded = at + wanted.1;
                    log.load(&wanted.0).await?;
                    ask = self.next_ask(ask);
                }
                let body = entry.body(*index);
                let body = body.ok_or_else(|| Fault::damaged("an event of the feed has no body"))?;
                if self.filter.lets_through(body) {
                    self.bytes += weight_of(body);
                    self.events.push(RecordedEvent::clone(body));
                }
            }
            self.scanned += 1;
            let index = u16::try_from(*index).unwrap_or(u16::MAX);
            self.last = Some(Place { batch: entry.batch.number, index });
        }
        Ok(true)
    }

    /// The first of these events that may pass, up to `most`, and how many were looked at.
    fn wanted(&self, scanned: &[(Arc<Entry>, usize)], most: usize) -> (Vec<(Arc<Entry>, usize)>, usize) {
        let most_scanned = self.scan - self.scanned;
        let mut wanted = Vec::new();
        for (at, (entry, index)) in scanned.iter().enumerate() {
            if wanted.len() >= most || at >= most_scanned {
                return (wanted, at);
            }
            if self.may_pass(entry, *index) {
                wanted.push((entry.clone(), *index));
            }
        }
        (wanted, scanned.len())
    }

    /// How many bodies to read next, so that a page of large events does not fill the memory.
    fn next_ask(&self, before: usize) -> usize {
        if self.bytes > PAGE_BYTES / 4 { BODIES.0.min(before) } else { (before * 2).clamp(1, BODIES.1) }
    }

    /// Whether the filter can let an event through, as far as its stream's name tells.
    fn may_pass(&self, entry: &Entry, index: usize) -> bool {
        self.filter.categories.is_empty()
            || entry.name(index).is_some_and(|(span, _, _)| {
                self.filter.categories.iter().any(|category| category.as_str() == span.stream.category())
            })
    }
}
