//! Commits in, streams out, and what the store holds: a list of events and maps into it. Laws A and R.
//!
//! The list is the feed, too. It only grows, and a commit's events stand in it side by side; so a place in it, or
//! the length that it had, says all that a position, a page token or a commit's record has to say.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_core::{CommitId, Json, RecordedEvent, StoreId, StreamHead, StreamId, Version};
use annals_ports::{
    Clock, Commit, CommitBody, CommitError, Direction, EventStore, Freshness, Inspect, Outcome, PageToken,
    ReadRange, Receipt, RecordedCommit, Snapshot, StoreDescription, StoreError, StreamPage, TypePage,
    TypeQuery, Upkeep, ViewId, record_append, replay, stamp,
};
use async_trait::async_trait;
use tokio::sync::watch;

use crate::MemoryStore;
use crate::leases::Holding;
use crate::views::View;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) id: StoreId,
    pub(crate) clock: Arc<dyn Clock>,
    /// How many events there are; wakes those who wait for more.
    pub(crate) end: watch::Sender<usize>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) events: Vec<RecordedEvent>,
    /// The places of each stream's events, by version.
    pub(crate) streams: BTreeMap<StreamId, Vec<usize>>,
    pub(crate) commits: HashMap<CommitId, Standing>,
    pub(crate) snapshots: HashMap<StreamId, Snapshot>,
    pub(crate) views: BTreeMap<ViewId, View>,
    pub(crate) leases: HashMap<String, Holding>,
}

/// What stands under a commit's id.
#[derive(Debug)]
pub(crate) enum Standing {
    Events(Range<usize>),
    Refusal(Json),
    Unchanged,
}

impl Shared {
    pub(crate) fn new(id: StoreId, clock: Arc<dyn Clock>) -> Self {
        Self { id, clock, end: watch::Sender::new(0), state: Mutex::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(crate) fn head(&self, stream: &StreamId) -> Option<StreamHead> {
        let last = *self.streams.get(stream)?.last()?;
        Some(StreamHead::of(&self.events[last].header))
    }

    pub(crate) fn standing(&self, id: CommitId) -> Option<RecordedCommit> {
        Some(match self.commits.get(&id)? {
            Standing::Events(places) => RecordedCommit::Events(self.events[places.clone()].to_vec()),
            Standing::Refusal(reason) => RecordedCommit::Refusal { id, reason: reason.clone() },
            Standing::Unchanged => RecordedCommit::Unchanged { id },
        })
    }

    /// Adds the events of one commit. Nothing here can fail: the commit happens whole (A01).
    pub(crate) fn add(&mut self, commit: CommitId, events: Vec<RecordedEvent>) {
        let first = self.events.len();
        for (place, event) in (first..).zip(&events) {
            self.streams.entry(event.header.stream.clone()).or_default().push(place);
        }
        self.events.extend(events);
        self.commits.insert(commit, Standing::Events(first..self.events.len()));
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        let state = &mut *self.shared.state();
        if let Some(standing) = state.standing(commit.id()) {
            return replay(&commit, &standing);
        }
        let appends = match commit.body() {
            CommitBody::Events(appends) => appends,
            CommitBody::Refusal(reason) => {
                state.commits.insert(commit.id(), Standing::Refusal(reason.clone()));
                let outcome = Outcome::Refused { reason: reason.clone() };
                return Ok(Receipt { commit: commit.id(), outcome, replayed: false });
            }
            CommitBody::Unchanged => {
                state.commits.insert(commit.id(), Standing::Unchanged);
                return Ok(Receipt { commit: commit.id(), outcome: Outcome::Unchanged, replayed: false });
            }
        };
        for append in appends {
            append.expected.check(&append.stream, state.head(&append.stream).as_ref())?;
        }
        let now = self.shared.clock.now();
        let (mut events, mut added) = (Vec::new(), Vec::new());
        for append in appends {
            let head = state.head(&append.stream);
            // A10: one stamp for the append, never before the head's.
            let (recorded, appended) = record_append(append, head.as_ref(), stamp(head.as_ref(), now));
            events.extend(recorded);
            added.push(appended);
        }
        state.add(commit.id(), events);
        self.shared.end.send_replace(state.events.len());
        Ok(Receipt { commit: commit.id(), outcome: Outcome::Committed(added), replayed: false })
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        let state = self.shared.state();
        let places = state.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let last = range.to.min(Version::new(places.len() as u64));
        let first = range.from.max(Version::FIRST);
        if first > last {
            return Ok(StreamPage { events: Vec::new(), rest: None });
        }
        let versions = index_of(first)..=index_of(last);
        let event = |place: &usize| state.events[*place].clone();
        let limit = range.limit.max(1);
        let events: Vec<_> = match range.direction {
            Direction::Forward => places[versions].iter().take(limit).map(event).collect(),
            Direction::Backward => places[versions].iter().rev().take(limit).map(event).collect(),
        };
        let rest = events.last().and_then(|end| match range.direction {
            Direction::Forward if end.header.version < last => {
                Some(ReadRange { from: end.header.version.next(), ..range })
            }
            Direction::Backward if end.header.version > first => {
                Some(ReadRange { to: end.header.version.previous(), ..range })
            }
            _ => None,
        });
        Ok(StreamPage { events, rest })
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        Ok(self.shared.state().head(stream))
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        let state = self.shared.state();
        let token = query.after.as_ref();
        let after = token.map(|token| TypeCursor::read(token, self.shared.id, &state.events)).transpose()?;
        // R05: the first page fixes the moment; what is recorded later is not in the answer.
        let as_of = after.as_ref().map_or(state.events.len(), |cursor| cursor.as_of);
        let mut found: Vec<_> = (0..as_of)
            .filter(|place| {
                let header = &state.events[*place].header;
                header.event_type == query.event_type
                    && query.since.is_none_or(|since| header.recorded_at >= since)
            })
            .collect();
        let order = |place: usize| {
            let header = &state.events[place].header;
            (header.recorded_at, &header.stream, header.version)
        };
        found.sort_unstable_by(|a, b| order(*a).cmp(&order(*b)));
        if let Some(cursor) = &after {
            found.retain(|place| order(*place) > order(cursor.last));
        }
        let limit = query.limit.max(1);
        let next =
            found.get(limit).map(|_| TypeCursor { as_of, last: found[limit - 1] }.token(self.shared.id));
        let events = found.into_iter().take(limit).map(|place| state.events[place].clone()).collect();
        Ok(TypePage { events, next, freshness: Freshness::Complete })
    }
}

#[async_trait]
impl Inspect for MemoryStore {
    async fn describe(&self) -> Result<StoreDescription, StoreError> {
        let state = self.shared.state();
        Ok(StoreDescription {
            adapter: "memory".to_owned(),
            location: "memory:".to_owned(),
            store: self.shared.id,
            schema_version: 1,
            events: state.events.len() as u64,
            streams: state.streams.len() as u64,
            categories: state.categories(),
            snapshots: state.snapshots.len() as u64,
            outcomes: state.outcomes(),
            views: state.views.len() as u64,
            view_rows: state.views.values().map(View::len).sum(),
            last_recorded_at: state.events.iter().map(|event| event.header.recorded_at).max(),
            bytes: None,
            settings: Vec::new(),
        })
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        Some(self)
    }
}

fn index_of(version: Version) -> usize {
    usize::try_from(version.get() - 1).unwrap_or(usize::MAX)
}

/// Where a query by type goes on: how many events there were at its first page, and the place of the last one given.
struct TypeCursor {
    as_of: usize,
    last: usize,
}

impl TypeCursor {
    fn token(&self, store: StoreId) -> PageToken {
        PageToken::new(store, format!("{}.{}", self.as_of, self.last))
    }

    fn read(token: &PageToken, store: StoreId, events: &[RecordedEvent]) -> Result<Self, StoreError> {
        let place = token.place_in(store)?;
        place
            .split_once('.')
            .and_then(|(as_of, last)| Some(Self { as_of: as_of.parse().ok()?, last: last.parse().ok()? }))
            .filter(|cursor| cursor.last < cursor.as_of && cursor.as_of <= events.len())
            .ok_or_else(|| StoreError::InvalidToken {
                text: token.to_string(),
                reason: "it is no place in the answer to a query by type".to_owned(),
            })
    }
}
