//! Putting events into the feed: each once, each stream's in version order, whatever order they are given in.
//!
//! An event that is in the feed is passed over; before one that comes too early, what is missing is read from its stream. The
//! map of what is in the feed rests on every batch before the next one, and a batch that somebody else put there refuses ours
//! (the fence): it is read, and what is left of ours comes after it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use annals_core::{RecordedEvent, StreamId, Timestamp, Version};
use tokio::time::{Instant, sleep};

use crate::batch::{Batch, Named, Run};
use crate::bodies;
use crate::changes::{self, Added, Change};
use crate::event_item;
use crate::fault::Fault;
use crate::indexed::{Indexed, Standing};
use crate::item::Item;
use crate::keeper_state::Alarms;
use crate::read::Freshness;
use crate::tail::Tail;

/// Events of a stream that are read at once, looking back.
const BACK: usize = 64;
/// Before a gap is read again that a transaction has not filled yet.
const BETWEEN_READS: Duration = Duration::from_millis(20);
/// A stamp further from when the service saw the event is told of (A11). Emulators round that down to minutes.
const LATE: Duration = Duration::from_secs(10);
const ROUNDED: Duration = Duration::from_mins(1);

/// An event on its way into the feed.
#[derive(Clone, Debug)]
struct Queued {
    named: Named,
    body: Option<Arc<RecordedEvent>>,
}

/// Whoever puts events into the feed.
pub(crate) struct Indexing<'a> {
    tail: &'a Tail,
    pub(crate) indexed: Indexed,
    /// The number of the next batch.
    pub(crate) next: u64,
    /// Of all batches before it.
    pub(crate) run: Run,
    queue: Vec<Queued>,
    queued: HashMap<StreamId, Version>,
    pub(crate) alarms: Alarms,
    /// What a recovery leaves to the stream.
    pub(crate) young: Vec<Named>,
}

impl<'a> Indexing<'a> {
    /// From a map of the first `next` batches.
    pub(crate) fn new(tail: &'a Tail, indexed: Indexed, next: u64, run: Run, alarms: Alarms) -> Self {
        let (queue, queued) = (Vec::new(), HashMap::new());
        Self { tail, indexed, next, run, queue, queued, alarms, young: Vec::new() }
    }

    /// Indexes changes. After a failure they must be given again to another one.
    pub(crate) async fn take(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        for change in changes {
            match change {
                Change::Added(added) => self.add(*added).await?,
                Change::Alarm(alarm) => {
                    tracing::error!(alarm, "history was changed");
                    self.alarms.add(alarm);
                }
            }
        }
        self.flush().await
    }

    async fn add(&mut self, added: Added) -> Result<(), Fault> {
        self.look_at_stamp(&added);
        let Added { named, previous, event, .. } = added;
        let queued = self.queued.get(&named.stream).copied();
        match self.indexed.standing(&named, previous, queued) {
            Standing::Indexed => return Ok(()),
            Standing::Next => {}
            Standing::Gap(from) => {
                for event in self.gap(&named.stream, from, named.version).await? {
                    self.push(event);
                }
            }
            Standing::Unknown(floor) => {
                for event in self.back(&named, floor).await? {
                    self.push(event);
                }
            }
        }
        self.push(Queued { named, body: event });
        Ok(())
    }

    /// Indexes what a recovery left to the stream, and the stream did not tell.
    pub(crate) async fn index_young(&mut self) -> Result<(), Fault> {
        let young = std::mem::take(&mut self.young);
        self.index_missing(young).await
    }

    /// Indexes events that a scan of history gave, as far as they are missing.
    pub(crate) async fn index_missing(&mut self, mut missing: Vec<Named>) -> Result<(), Fault> {
        missing.retain(|named| self.indexed.last(&named.stream).is_none_or(|last| named.version > last));
        if !missing.is_empty() {
            tracing::info!(events = missing.len(), "events are missing in the feed, and are put there");
        }
        // Stamps rise along a stream (A10), so that this is its versions' order, too.
        missing.sort_unstable_by(|one, other| {
            (one.recorded_at, &one.stream, one.version).cmp(&(
                other.recorded_at,
                &other.stream,
                other.version,
            ))
        });
        for named in missing {
            let before = self.queued.get(&named.stream).copied().max(self.indexed.last(&named.stream));
            // A scan may see the later events of a transaction alone; the stream has them all.
            if named.version == before.map_or(Version::FIRST, Version::next) {
                self.push(Queued { named, body: None });
            }
        }
        self.flush().await
    }

    fn push(&mut self, event: Queued) {
        self.queued.insert(event.named.stream.clone(), event.named.version);
        self.queue.push(event);
    }

    /// Puts what is queued.
    pub(crate) async fn flush(&mut self) -> Result<(), Fault> {
        let mut from = 0;
        while from < self.queue.len() {
            let names: Vec<Named> =
                self.queue[from..].iter().take(crate::batch::EVENTS_MAX).map(|q| q.named.clone()).collect();
            let (batch, taken) = Batch::fill(self.next, self.run, &names);
            let bodies = self.queue[from..from + taken].iter().map(|queued| queued.body.clone()).collect();
            if let Some(entry) = self.tail.log.put(batch, bodies).await? {
                self.saw(&entry);
                from += taken;
            } else {
                tracing::debug!(batch = self.next, "another keeper of the feed was quicker");
                self.read_on().await?;
                let rest = self.queue.split_off(from);
                let is_left = |queued: &Queued| {
                    self.indexed.last(&queued.named.stream).is_none_or(|last| queued.named.version > last)
                };
                self.queue = rest.into_iter().filter(is_left).collect();
                from = 0;
            }
        }
        self.queue.clear();
        self.queued.clear();
        Ok(())
    }

    /// Reads what others put.
    pub(crate) async fn read_on(&mut self) -> Result<(), Fault> {
        while let Some(entry) = self.tail.log.batch(self.next).await? {
            self.saw(&entry);
        }
        Ok(())
    }

    fn saw(&mut self, entry: &Arc<crate::log::Entry>) {
        self.indexed.saw(&entry.batch);
        self.tail.note(entry);
        self.run = entry.batch.run;
        self.next = entry.batch.number + 1;
    }

    /// The events of a stream from one version to before another, which are there since the last one is; a transaction may
    /// show the later of its events first.
    async fn gap(&mut self, stream: &StreamId, from: Version, before: Version) -> Result<Vec<Queued>, Fault> {
        if from >= before {
            return Ok(Vec::new());
        }
        let patience = self.tail.database().options.timeout;
        let begun = Instant::now();
        let last = Version::new(before.get() - 1);
        let wanted = before.get() - from.get();
        loop {
            let query = bodies::range(stream, from, last, Freshness::Consistent);
            let found = self.tail.database().query_up_to(query, usize::MAX).await?.items;
            let found = self.queued_of(&found)?;
            if found.len() as u64 == wanted {
                return Ok(found);
            }
            if begun.elapsed() > patience {
                // Somebody removed them. What is left is not held back for ever.
                let alarm =
                    format!("of the events {from} to {last} of {stream} only {} are there", found.len());
                tracing::error!(alarm, "history was changed");
                self.alarms.add(alarm);
                return Ok(found);
            }
            sleep(BETWEEN_READS).await;
        }
    }

    /// The events before one, back to where its stream's were written before `floor` and so are in the feed.
    async fn back(&mut self, named: &Named, floor: Timestamp) -> Result<Vec<Queued>, Fault> {
        let mut first = named.version;
        while first > Version::FIRST {
            let from = Version::new(first.get().saturating_sub(BACK as u64).max(1));
            let mut found = self.gap(&named.stream, from, first).await?;
            let is_old = |queued: &Queued| queued.named.written < floor;
            if let Some(last_old) = found.iter().rposition(is_old) {
                first = found.drain(..=last_old).next_back().map_or(first, |old| old.named.version.next());
                break;
            }
            first = from;
        }
        self.gap(&named.stream, first, named.version).await
    }

    fn queued_of(&self, found: &[Item]) -> Result<Vec<Queued>, Fault> {
        let now = self.tail.database().now();
        let read = |item: &Item| {
            let body = event_item::decode(item).ok().map(Arc::new);
            Ok(Queued { named: changes::named(item, now)?, body })
        };
        found.iter().map(read).collect()
    }

    fn look_at_stamp(&mut self, added: &Added) {
        let Some(created) = added.created.filter(|_| added.is_stamped_now) else { return };
        let stamp = added.named.recorded_at;
        let distance = created.since(stamp).max(stamp.since(created.plus(ROUNDED)));
        if distance > LATE {
            let Named { stream, version, .. } = &added.named;
            let text = format!("event {version} of {stream} is stamped {stamp}, and came at about {created}");
            self.alarms.add_late(text, self.tail.database().now());
        }
    }
}
