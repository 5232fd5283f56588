//! One run of a projection under one lease: what is known of the view between pages, and how a page becomes one batch.
//!
//! A session is dropped on any error, and all that it knows with it: the next one reads where the view really
//! stands (law V01). It never applies half a page.

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
use crate::{Keys, Projection, ProjectionError, RunnerOptions};

/// What a row in the cache weighs besides its text, roughly, in bytes.
const ROW_WEIGHT: usize = 200;
/// What a waiting event weighs, roughly, in bytes.
const EVENT_WEIGHT: usize = 1_000;
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

/// A row after a page.
struct Folded<P: Projection> {
    key: P::Key,
    kept: KeptRow<P::Row>,
}

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

    /// Applies a page whole, and moves on behind it; answers how many rows it changed.
    pub(crate) async fn apply(&mut self, page: FeedPage) -> Result<u64, ProjectionError> {
        if page.events.is_empty() {
            self.position = page.next;
            if self.checkpoint_set.elapsed() >= IDLE_CHECKPOINT {
                self.settle().await?;
            }
            return Ok(0);
        }
        let count = page.events.len() as u64;
        let last_recorded_at = page.events.last().map(|event| event.header.recorded_at);
        let events = self.decode(page.events)?;
        self.load_routes(events.iter().map(|(event, keys)| (event, keys))).await?;
        self.load_parked(&events).await?;
        let slots = self.route(events);
        let mut folded = self.fold(slots).await?;
        let changes = self.changes(&mut folded)?;
        let rows_changed = changes.len() as u64;
        let checkpoint = Checkpoint {
            position: page.next,
            events: self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.events) + count,
            last_recorded_at,
        };
        self.write(changes, checkpoint).await?;
        self.keep(folded);
        Ok(rows_changed)
    }

    /// Brings the checkpoint to where the session stands.
    pub(crate) async fn settle(&mut self) -> Result<(), ProjectionError> {
        if self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.position == self.position) {
            return Ok(());
        }
        let checkpoint = Checkpoint {
            position: self.position.clone(),
            events: self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.events),
            last_recorded_at: self.last_recorded_at(),
        };
        self.write(Vec::new(), checkpoint).await
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

    /// Applies the events to their rows. The texts that come back are still the store's.
    async fn fold(&mut self, slots: Vec<Slot<P>>) -> Result<Vec<Folded<P>>, ProjectionError> {
        let unknown: Vec<_> = slots.iter().filter(|slot| !self.rows.knows(&slot.key)).collect();
        if !unknown.is_empty() {
            let keys: Vec<_> = unknown.iter().map(|slot| slot.key.to_string()).collect();
            let texts = self.adapter.views.rows(&self.view, &keys).await?;
            for ((slot, key), text) in unknown.into_iter().zip(keys).zip(texts) {
                let row = text.as_ref().map(|text| decode_row(&self.view, &key, text)).transpose()?;
                self.rows.put(slot.key.clone(), KeptRow { row, text }, 0);
            }
        }
        let folded = slots.into_iter().map(|Slot { key, events }| {
            let KeptRow { row, text } = self.rows.take(&key).unwrap_or(KeptRow { row: None, text: None });
            let row = events.iter().fold(row, |row, event| self.projection.apply(&key, row, event));
            Folded { key, kept: KeptRow { row, text } }
        });
        Ok(folded.collect())
    }

    /// What is to be written of the rows, by key; each one serialized once. A row that came out as it was is not.
    fn changes(&self, folded: &mut [Folded<P>]) -> Result<Vec<RowChange>, ProjectionError> {
        let mut changes = Vec::with_capacity(folded.len());
        for Folded { key, kept } in folded {
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

    async fn write(
        &mut self,
        changes: Vec<RowChange>,
        checkpoint: Checkpoint,
    ) -> Result<(), ProjectionError> {
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
        self.adapter.views.apply(batch).await?;
        self.position = checkpoint.position.clone();
        self.checkpoint = Some(checkpoint);
        self.checkpoint_set = Instant::now();
        self.parked = (self.parked + entries.0).saturating_sub(entries.1);
        for (parked, event) in parked {
            self.waiting.put((parked.stream, parked.version), event, EVENT_WEIGHT);
        }
        for parked in served {
            self.waiting.take(&(parked.stream, parked.version));
        }
        Ok(())
    }

    fn keep(&mut self, folded: Vec<Folded<P>>) {
        for Folded { key, kept } in folded {
            let weight = ROW_WEIGHT + kept.text.as_ref().map_or(0, Json::len);
            self.rows.put(key, kept, weight);
        }
        self.rows.trim();
        self.router.trim();
        self.waiting.trim();
    }
}
