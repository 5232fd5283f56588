//! One run of a projection under one lease: what is known of the view between pages, and how pages become batches.
//!
//! Pages are applied in memory, and written together while there are more to come: a row that changes on several of them
//! is written once, and the next ones are worked on meanwhile. A session is dropped on any error, and all that it knows
//! with it: the next one reads where the view really stands (law V01). It never writes half a page.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use annals_core::{Decoded, EventSet, Json, Recorded, RecordedEvent, StreamId, Timestamp, Version};
use annals_ports::{
    Adapter, Checkpoint, FeedPage, FeedPosition, FeedStart, Lease, Route, RowChange, ViewBatch, ViewError,
    ViewId,
};
use tokio::time::Instant;

use crate::known::Known;
use crate::router::{RouteChanges, Router, Shared};
use crate::view::decode_row;
use crate::writing::{Gathered, Writing, Written};
use crate::{Keys, Projection, ProjectionError, RunnerOptions};

/// What a row in the cache weighs besides its text, roughly, in bytes.
const ROW_WEIGHT: usize = 200;
/// What a waiting event weighs, roughly, in bytes; its metadata may keep the texts that were read beside it.
const EVENT_WEIGHT: usize = 4_000;
/// Bytes of payloads and rows that are gathered at most before they are written.
const GATHERED_BYTES: usize = 8 * 1024 * 1024;
/// Rows that are gathered at most before they are written: a store's writer has others to serve.
const GATHERED_ROWS: usize = 4_000;
/// How long a view may stand still while events that are not its own go by.
const IDLE_CHECKPOINT: Duration = Duration::from_secs(5);

pub(crate) struct Session<P: Projection> {
    pub(crate) adapter: Adapter,
    pub(crate) projection: Arc<P>,
    pub(crate) view: ViewId,
    lease: Lease,
    lease_time: Duration,
    renewed: Instant,
    /// The checkpoint in the store.
    checkpoint: Option<Checkpoint>,
    checkpoint_set: Instant,
    /// The position after the last page; further than the checkpoint when pages held nothing for this view.
    position: FeedPosition,
    /// How many entries the store holds as parked.
    pub(crate) parked: u64,
    pub(crate) router: Router<P>,
    rows: Known<P::Key, KeptRow<P::Row>>,
    /// Rows that were worked on since the last write. Their texts are still the store's.
    changed: HashMap<P::Key, KeptRow<P::Row>>,
    gathered: Gathered,
    /// The write that is on its way: the view is counted as if it were there, and the store is not asked before it is.
    writing: Option<(Writing, Written)>,
    /// What was written and not told yet.
    written: Written,
    /// Events that are gathered when another page might be too many.
    enough: u64,
    /// Events parked by this session, so that they need not be read again.
    pub(crate) waiting: Known<(StreamId, Version), Shared<P>>,
}

/// A row as the store has it.
struct KeptRow<R> {
    row: Option<R>,
    text: Option<Json>,
}

/// An event with the rows that it belongs to.
pub(crate) type Located<P> = (Shared<P>, Keys<<P as Projection>::Key>);

/// A row that a page changes.
struct Slot<P: Projection> {
    key: P::Key,
    events: Vec<Shared<P>>,
}

/// A row that was worked on, by its key.
type Folded<P> = (<P as Projection>::Key, KeptRow<<P as Projection>::Row>);

impl<P: Projection> Session<P> {
    /// Takes up the view where its checkpoint says.
    pub(crate) async fn begin(
        adapter: &Adapter,
        projection: &Arc<P>,
        lease: Lease,
        options: &RunnerOptions,
    ) -> Result<Self, ProjectionError> {
        let view = ViewId::new(P::NAME, P::VERSION);
        let renewed = Instant::now();
        let state = adapter.views.state(&view).await?;
        let position = match &state {
            Some(state) => state.checkpoint.position.clone(),
            None => adapter.feed.start(FeedStart::Beginning).await?,
        };
        // Of a view that was never begun everything is known, and no row need be looked for.
        let complete = state.is_none();
        let budget = options.cache_bytes;
        Ok(Self {
            adapter: adapter.clone(),
            projection: Arc::clone(projection),
            view,
            lease,
            lease_time: options.lease,
            renewed,
            parked: state.as_ref().map_or(0, |state| state.parked),
            checkpoint: state.map(|state| state.checkpoint),
            checkpoint_set: renewed,
            position,
            router: Router::new(Arc::clone(projection), budget / 4, complete),
            rows: Known::new(budget, complete),
            changed: HashMap::new(),
            gathered: Gathered::default(),
            writing: None,
            written: Written::default(),
            enough: (options.page_size() - options.feed_page_size()) as u64,
            waiting: Known::new(budget / 4, false),
        })
    }

    pub(crate) fn position(&self) -> &FeedPosition {
        &self.position
    }

    pub(crate) fn last_recorded_at(&self) -> Option<Timestamp> {
        self.checkpoint.as_ref()?.last_recorded_at
    }

    /// Renews the lease once a third of its time has gone.
    pub(crate) async fn keep_lease(&mut self) -> Result<(), ProjectionError> {
        if self.renewed.elapsed() < self.lease_time / 3 {
            return Ok(());
        }
        let renewed = Instant::now();
        match self.adapter.leases.renew(&self.lease, self.lease_time).await? {
            Some(lease) => {
                self.lease = lease;
                self.renewed = renewed;
                Ok(())
            }
            None => Err(ProjectionError::View(ViewError::LeaseLost {
                view: self.view.clone(),
                lease: self.lease.name.clone(),
                owner: self.lease.owner.clone(),
            })),
        }
    }

    /// Whether there is something that is not written yet.
    pub(crate) fn is_ahead_of_its_view(&self) -> bool {
        self.gathered.events > 0 || self.writing.is_some()
    }

    /// Applies a page whole, and moves on behind it; answers what was written meanwhile.
    pub(crate) async fn apply(&mut self, page: FeedPage) -> Result<Written, ProjectionError> {
        let applied = self.apply_or_fail(page).await;
        if applied.is_err() {
            // V02: nothing of ours is on its way any more when the lease is given back.
            let _ = self.finish_writing().await;
        }
        applied
    }

    async fn apply_or_fail(&mut self, page: FeedPage) -> Result<Written, ProjectionError> {
        if !page.events.is_empty() {
            let bytes: usize = page.events.iter().map(|event| event.payload.len()).sum();
            let (count, last) = (page.events.len() as u64, page.events.last());
            let last_recorded_at = last.map(|event| event.header.recorded_at);
            let events = match self.decode(page.events) {
                Ok(events) => events,
                Err(error) => {
                    self.settle().await?;
                    return Err(error);
                }
            };
            self.load_routes(events.iter().map(|(event, keys)| (event, keys))).await?;
            self.load_parked(&events).await?;
            let slots = self.route(events);
            self.fold(slots).await?;
            self.gathered.events += count;
            self.gathered.bytes += bytes;
            self.gathered.last_recorded_at = last_recorded_at;
        }
        self.position = page.next;
        let is_due = page.at_end && self.is_ahead_of_its_view();
        if is_due || self.checkpoint_set.elapsed() >= IDLE_CHECKPOINT {
            self.settle().await
        } else {
            if self.has_gathered_enough() {
                self.begin_writing().await?;
            }
            Ok(std::mem::take(&mut self.written))
        }
    }

    fn has_gathered_enough(&self) -> bool {
        self.gathered.events > self.enough
            || self.gathered.bytes >= GATHERED_BYTES
            || self.changed.len() >= GATHERED_ROWS
    }

    /// Brings the view to where the session stands; answers what was written since that was last told.
    pub(crate) async fn settle(&mut self) -> Result<Written, ProjectionError> {
        self.begin_writing().await?;
        self.finish_writing().await?;
        Ok(std::mem::take(&mut self.written))
    }

    /// Hands what was gathered to the store, once it is done with what it was handed before.
    async fn begin_writing(&mut self) -> Result<(), ProjectionError> {
        self.finish_writing().await?;
        if self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.position == self.position) {
            return Ok(());
        }
        let gathered = std::mem::take(&mut self.gathered);
        let mut folded: Vec<_> = self.changed.drain().collect();
        let changes = self.changes(&mut folded)?;
        let written = Written { events: gathered.events, rows: changes.len() as u64 };
        let checkpoint = Checkpoint {
            position: self.position.clone(),
            events: self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.events) + gathered.events,
            last_recorded_at: gathered.last_recorded_at.or_else(|| self.last_recorded_at()),
        };
        let batch = self.batch(changes, checkpoint);
        self.keep(folded);
        self.writing = Writing::begin(&self.adapter.views, batch).await?.map(|answer| (answer, written));
        if self.writing.is_none() {
            self.written = self.written.and(written);
        }
        Ok(())
    }

    /// Waits for the write that is on its way, if one is.
    pub(crate) async fn finish_writing(&mut self) -> Result<(), ProjectionError> {
        if let Some((writing, written)) = self.writing.take() {
            writing.finish().await?;
            self.written = self.written.and(written);
        }
        Ok(())
    }

    /// E03: what cannot be decoded stops the page before anything of it is applied.
    fn decode(&self, recorded: Vec<RecordedEvent>) -> Result<Vec<Located<P>>, ProjectionError> {
        let mut events = Vec::with_capacity(recorded.len());
        for recorded in recorded {
            if let Decoded::Event(event) = P::Event::decode(&recorded)? {
                let event = Recorded { header: recorded.header, event };
                let keys = self.projection.keys(&event);
                events.push((Arc::new(event), keys));
            }
        }
        Ok(events)
    }

    /// Which rows the page changes, each with its events in order.
    fn route(&mut self, events: Vec<Located<P>>) -> Vec<Slot<P>> {
        let mut slots: Vec<Slot<P>> = Vec::new();
        let mut places: HashMap<P::Key, usize> = HashMap::new();
        for (event, keys) in events {
            self.router.route(&event, keys, &mut |key, event| {
                if let Some(place) = places.get(&key) {
                    slots[*place].events.push(Arc::clone(event));
                } else {
                    places.insert(key.clone(), slots.len());
                    slots.push(Slot { key, events: vec![Arc::clone(event)] });
                }
            });
        }
        slots
    }

    /// Applies the events to their rows.
    async fn fold(&mut self, slots: Vec<Slot<P>>) -> Result<(), ProjectionError> {
        let is_unknown = |key| !self.changed.contains_key(key) && !self.rows.knows(key);
        let unknown: Vec<_> = slots.iter().filter(|slot| is_unknown(&slot.key)).collect();
        if !unknown.is_empty() {
            let keys: Vec<_> = unknown.iter().map(|slot| slot.key.to_string()).collect();
            self.finish_writing().await?;
            let texts = self.adapter.views.rows(&self.view, &keys).await?;
            for ((slot, key), text) in unknown.into_iter().zip(keys).zip(texts) {
                let row = text.as_ref().map(|text| decode_row(&self.view, &key, text)).transpose()?;
                self.rows.put(slot.key.clone(), KeptRow { row, text }, 0);
            }
        }
        for Slot { key, events } in slots {
            let kept = self.changed.entry(key);
            let key = kept.key().clone();
            let kept = kept.or_insert_with(|| {
                let kept = self.rows.take(&key).unwrap_or(KeptRow { row: None, text: None });
                self.gathered.bytes += kept.text.as_ref().map_or(0, Json::len);
                kept
            });
            let row = kept.row.take();
            kept.row = events.iter().fold(row, |row, event| self.projection.apply(&key, row, event));
        }
        Ok(())
    }

    /// What is to be written of the rows, by key; each one serialized once. A row that came out as it was is not.
    fn changes(&self, folded: &mut [Folded<P>]) -> Result<Vec<RowChange>, ProjectionError> {
        let mut changes = Vec::with_capacity(folded.len());
        for (key, kept) in folded {
            let text = match &kept.row {
                None => None,
                Some(row) => Some(Json::from_serialize(row).map_err(|source| {
                    ProjectionError::RowEncode { view: self.view.clone(), key: key.to_string(), source }
                })?),
            };
            if text != kept.text {
                changes.push(self.change(key, kept.row.as_ref().zip(text.clone()))?);
                kept.text = text;
            }
        }
        changes.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        Ok(changes)
    }

    fn change(&self, key: &P::Key, put: Option<(&P::Row, Json)>) -> Result<RowChange, ProjectionError> {
        let text = key.to_string();
        if text.parse::<P::Key>().ok().as_ref() != Some(key) {
            return Err(ProjectionError::AmbiguousKey { view: self.view.clone(), key: text });
        }
        let change = match put {
            None => RowChange::delete(text),
            Some((row, json)) => {
                let values = self.projection.index(key, row);
                if let Some((index, _)) = values.iter().find(|(index, _)| !P::INDEXES.contains(index)) {
                    let (view, declared) = (self.view.clone(), P::INDEXES);
                    return Err(ProjectionError::UndeclaredIndex { view, key: text, index, declared });
                }
                RowChange::put(text, json, values)
            }
        };
        change.map_err(|source| ProjectionError::InvalidRow { view: self.view.clone(), source })
    }

    /// The batch that brings the view to a checkpoint, which counts as the view's from now on.
    fn batch(&mut self, changes: Vec<RowChange>, checkpoint: Checkpoint) -> ViewBatch {
        let RouteChanges { learned, served, parked } = self.router.take_changes();
        let routes = learned.into_iter().map(|(stream, key)| Route { stream, key: key.to_string() });
        let entries = (parked.len() as u64, served.len() as u64);
        let batch = ViewBatch {
            view: self.view.clone(),
            lease: self.lease.clone(),
            from: self.checkpoint.as_ref().map(|checkpoint| checkpoint.position.clone()),
            changes,
            routes: routes.collect(),
            park: parked.iter().map(|(parked, _)| parked.clone()).collect(),
            unpark: served.clone(),
            checkpoint: checkpoint.clone(),
        };
        self.checkpoint = Some(checkpoint);
        self.checkpoint_set = Instant::now();
        self.parked = (self.parked + entries.0).saturating_sub(entries.1);
        for (parked, event) in parked {
            self.waiting.put((parked.stream, parked.version), event, EVENT_WEIGHT);
        }
        for parked in served {
            self.waiting.take(&(parked.stream, parked.version));
        }
        batch
    }

    fn keep(&mut self, folded: Vec<Folded<P>>) {
        for (key, kept) in folded {
            let weight = ROW_WEIGHT + kept.text.as_ref().map_or(0, Json::len);
            self.rows.put(key, kept, weight);
        }
        self.rows.trim();
        self.router.trim();
        self.waiting.trim();
    }
}
