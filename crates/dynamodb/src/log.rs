//! The feed as a log of batches: put each at the next number, where none stands, and read by numbers over the parts.
//!
//! The log is the fence (F01, F03). Who puts batch b has read every batch before it, so that a put that succeeds is right
//! whoever made it, and one that comes too late fails. A batch never changes: what was read once is kept, bounded in bytes.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use annals_core::{EventId, RecordedEvent, StreamId, Version};
use futures::{StreamExt, TryStreamExt, stream};
use lru::LruCache;

use crate::batch::{self, Batch, Run, Span};
use crate::broken::Broken;
use crate::database::Database;
use crate::fault::{Fault, Kind};
use crate::item::{self, Item};
use crate::place::Place;
use crate::read::{Freshness, Query};
use crate::tables::Table;
use crate::write::Write;

/// Bytes of batches and events that are kept.
const KEPT_BYTES: usize = 64 << 20;
/// What a batch takes besides its events.
const BATCH_BYTES: usize = 256;
/// What the name of an event takes.
const NAME_BYTES: usize = 48;
/// Batches that are read at once when many are looked through.
const AT_ONCE: u64 = 256;

/// A batch, and those of its events that have been read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) batch: Batch,
    /// By index.
    bodies: Vec<OnceLock<Arc<RecordedEvent>>>,
    /// One at a time reads bodies; who comes second finds them.
    pub(crate) loading: tokio::sync::Mutex<()>,
}

impl Entry {
    fn new(batch: Batch) -> Self {
        let bodies = (0..batch.len()).map(|_| OnceLock::new()).collect();
        Self { batch, bodies, loading: tokio::sync::Mutex::default() }
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.bodies.len()
    }

    /// The event's body, when it has been read.
    pub(crate) fn body(&self, index: usize) -> Option<&Arc<RecordedEvent>> {
        self.bodies.get(index).and_then(OnceLock::get)
    }

    /// The event's name, by its index: span, version, id.
    pub(crate) fn name(&self, index: usize) -> Option<(&Span, Version, EventId)> {
        let mut before = 0;
        for span in &self.batch.spans {
            if let Some(id) = span.ids.get(index - before) {
                return Some((span, Version::new(span.first.get() + (index - before) as u64), *id));
            }
            before += span.ids.len();
        }
        None
    }

    /// The place of its last event.
    pub(crate) fn last_place(&self) -> Place {
        Place { batch: self.batch.number, index: u16::try_from(self.len() - 1).unwrap_or(u16::MAX) }
    }

    /// The place of a stream's event, when it is in this batch.
    pub(crate) fn place_of(&self, stream: &StreamId, version: Version) -> Option<Place> {
        let mut before = 0;
        for span in &self.batch.spans {
            if span.stream == *stream && (span.first..=span.last()).contains(&version) {
                let within = usize::try_from(version.get() - span.first.get()).ok()?;
                return Some(Place { batch: self.batch.number, index: u16::try_from(before + within).ok()? });
            }
            before += span.ids.len();
        }
        None
    }
}

/// The log.
pub(crate) struct Log {
    pub(crate) database: Arc<Database>,
    kept: Mutex<Kept>,
}

/// What was read or put last.
struct Kept {
    entries: LruCache<u64, (Arc<Entry>, usize)>,
    bytes: usize,
}

impl Log {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database, kept: Mutex::new(Kept { entries: LruCache::unbounded(), bytes: 0 }) }
    }

    fn parts(&self) -> u32 {
        self.database.shape.feed_parts
    }

    /// Puts a batch at its number, with the bodies that its writer has. None when another stands there.
    pub(crate) async fn put(
        &self,
        batch: Batch,
        bodies: Vec<Option<Arc<RecordedEvent>>>,
    ) -> Result<Option<Arc<Entry>>, Fault> {
        let write = Write::put(Table::Feed, batch.item(self.parts()));
        let is_fenced = !self.database.options.lacks(Broken::Fence);
        let write = if is_fenced { write.where_none_stands() } else { write };
        match self.database.write(&write).await {
            Ok(_) => {}
            Err(fault) if fault.kind == Kind::Condition => {
                let standing = fault.found(0).map(Batch::read).transpose()?;
                // Our own, whose first answer was lost.
                if standing.is_none_or(|standing| standing.by != batch.by) {
                    return Ok(None);
                }
            }
            Err(fault) => return Err(fault),
        }
        let entry = Arc::new(Entry::new(batch));
        for (index, body) in bodies.into_iter().enumerate() {
            if let Some(body) = body {
                entry.set_body(index, body);
            }
        }
        Ok(Some(self.keep(entry)))
    }

    /// The batch of this number; none while there is none.
    pub(crate) async fn batch(&self, number: u64) -> Result<Option<Arc<Entry>>, Fault> {
        if let Some(entry) = self.kept().entries.get(&number) {
            return Ok(Some(entry.0.clone()));
        }
        let key = Batch::key(number, self.parts());
        let found = self.database.get(Table::Feed, &key, Freshness::Consistent).await?;
        found.map(|item| self.keep_item(&item)).transpose()
    }

    /// The batches from `from` on, in their order and without a hole, at most about `most`.
    pub(crate) async fn range(&self, from: u64, most: u64) -> Result<Vec<Arc<Entry>>, Fault> {
        let mut entries = Vec::new();
        let to = from + most;
        let mut next = from;
        while next < to {
            let Some(entry) = self.kept().entries.get(&next).map(|(entry, _)| entry.clone()) else { break };
            entries.push(entry);
            next += 1;
        }
        if next == to {
            return Ok(entries);
        }
        let parts = self.parts();
        let pages = stream::iter(0..parts.min(u32::try_from(to - next).unwrap_or(u32::MAX)))
            .map(|part| self.range_of_part(batch::part(next + u64::from(part), parts), next, to - 1))
            .buffered(8)
            .try_collect::<Vec<_>>()
            .await?;
        let mut found = pages.concat().iter().map(Batch::read).collect::<Result<Vec<_>, _>>()?;
        found.sort_unstable_by_key(|batch| batch.number);
        for batch in found {
            // The parts are not read at one moment: what stands behind a hole comes with the next look.
            if batch.number != next {
                break;
            }
            entries.push(self.keep(Arc::new(Entry::new(batch))));
            next += 1;
        }
        Ok(entries)
    }

    async fn range_of_part(&self, part: String, from: u64, to: u64) -> Result<Vec<Item>, Fault> {
        let query = Query::new(Table::Feed, "#part = :part AND #batch BETWEEN :from AND :to")
            .name("#part", "Part")
            .name("#batch", "Batch")
            .value(":part", item::text(part))
            .value(":from", item::number(from))
            .value(":to", item::number(to));
        Ok(self.database.query_up_to(query, usize::MAX).await?.items)
    }

    /// The last batch; none in an empty feed.
    pub(crate) async fn newest(&self) -> Result<Option<Arc<Entry>>, Fault> {
        let last_of = |part: u32| async move {
            let mut query = Query::new(Table::Feed, "#part = :part")
                .name("#part", "Part")
                .value(":part", item::text(part.to_string()));
            query.forward = false;
            Ok::<_, Fault>(self.database.query_up_to(query, 1).await?.items)
        };
        let last = stream::iter(0..self.parts()).map(last_of).buffered(8).try_collect::<Vec<_>>().await?;
        let last = last.concat().iter().map(Batch::read).collect::<Result<Vec<_>, _>>()?;
        let newest = last.into_iter().max_by_key(|batch| batch.number);
        Ok(newest.map(|batch| self.keep(Arc::new(Entry::new(batch)))))
    }

    /// Of the first `end` batches the first one up to which the run `is_there`, or `end`. It never ceases to be there.
    pub(crate) async fn first_that(
        &self,
        end: u64,
        is_there: impl Fn(&Run) -> bool + Send,
    ) -> Result<u64, Fault> {
        let (mut low, mut high) = (0, end);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_there(&self.expected(middle).await?.batch.run) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    /// A batch that must be there: one that stands before others.
    pub(crate) async fn expected(&self, number: u64) -> Result<Arc<Entry>, Fault> {
        let found = self.batch(number).await?;
        found.ok_or_else(|| Fault::damaged(format!("batch {number} of the feed is missing")))
    }

    /// Hands each of the batches from `from` to before `end` to `each`, until that says that it is enough.
    pub(crate) async fn each(
        &self,
        from: u64,
        end: u64,
        mut each: impl FnMut(&Arc<Entry>) -> bool + Send,
    ) -> Result<(), Fault> {
        let mut next = from;
        while next < end {
            let entries = self.range(next, AT_ONCE.min(end - next)).await?;
            if entries.is_empty() {
                self.expected(next).await?;
            }
            for entry in &entries {
                if !each(entry) {
                    return Ok(());
                }
            }
            next += entries.len() as u64;
        }
        Ok(())
    }

    fn keep_item(&self, found: &Item) -> Result<Arc<Entry>, Fault> {
        Ok(self.keep(Arc::new(Entry::new(Batch::read(found)?))))
    }

    /// Keeps an entry, or gives the one that was kept before.
    fn keep(&self, entry: Arc<Entry>) -> Arc<Entry> {
        let mut kept = self.kept();
        if let Some((kept, _)) = kept.entries.get(&entry.batch.number) {
            return kept.clone();
        }
        let weight = entry.weight();
        kept.bytes += weight;
        kept.entries.put(entry.batch.number, (entry.clone(), weight));
        kept.shrink();
        entry
    }

    /// Weighs an entry again, after bodies were added.
    pub(crate) fn weigh(&self, entry: &Entry) {
        let mut kept = self.kept();
        if let Some((_, weight)) = kept.entries.get_mut(&entry.batch.number) {
            let before = std::mem::replace(weight, entry.weight());
            let now = *weight;
            kept.bytes = kept.bytes - before + now;
        }
        kept.shrink();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn shrink(&mut self) {
        while self.bytes > KEPT_BYTES && self.entries.len() > 1 {
            if let Some((_, (_, weight))) = self.entries.pop_lru() {
                self.bytes -= weight;
            }
        }
    }
}

impl Entry {
    /// Keeps a body; the first that came stays.
    pub(crate) fn set_body(&self, index: usize, body: Arc<RecordedEvent>) {
        if let Some(slot) = self.bodies.get(index) {
            // Both are the same event.
            let _ = slot.set(body);
        }
    }

    fn weight(&self) -> usize {
        let bodies = self.bodies.iter().filter_map(OnceLock::get);
        let events: usize = bodies.map(|event| weight_of(event)).sum();
        BATCH_BYTES + self.len() * NAME_BYTES + events
    }
}

/// What an event takes, near enough.
pub(crate) fn weight_of(event: &RecordedEvent) -> usize {
    256 + event.payload.as_str().len() + event.header.metadata.as_str().len()
}
