//! The one engine: brings each event to its rows, learns routes, and keeps what has to wait for one (law V06).
//!
//! Pure. [`Fold`](crate::Fold) fills it from itself; a runner loads what a page needs from the store beforehand, and
//! takes away afterwards what the page changed. It never decides what an event does to a row.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use annals_core::{Recorded, StreamId, Version};
use annals_ports::Parked;

use crate::known::Known;
use crate::{Keys, Projection};

/// An event shared between those who wait for it.
pub(crate) type Shared<P> = Arc<Recorded<<P as Projection>::Event>>;

/// What an entry in the cache of routes weighs, roughly, in bytes.
const ROUTE_WEIGHT: usize = 200;

pub(crate) struct Router<P: Projection> {
    projection: Arc<P>,
    routes: Known<StreamId, Vec<P::Key>>,
    waiting: HashMap<StreamId, Vec<Waiting<P>>>,
    /// How many events were put to wait, ever: their order.
    turns: u64,
    learned: Vec<(StreamId, P::Key)>,
    served: Vec<Parked>,
}

struct Waiting<P: Projection> {
    turn: u64,
    /// Whether the store holds it as parked.
    stored: bool,
    event: Shared<P>,
}

/// What was changed besides rows since it was last taken.
pub(crate) struct RouteChanges<P: Projection> {
    pub(crate) learned: Vec<(StreamId, P::Key)>,
    /// What the store held as parked and was applied.
    pub(crate) served: Vec<Parked>,
    /// What waits and is not parked in the store.
    pub(crate) parked: Vec<(Parked, Shared<P>)>,
}

impl<P: Projection> Router<P> {
    /// A router that knows no routes; `complete` when there are none.
    pub(crate) fn new(projection: Arc<P>, budget: usize, complete: bool) -> Self {
        Self {
            projection,
            routes: Known::new(budget, complete),
            waiting: HashMap::new(),
            turns: 0,
            learned: Vec::new(),
            served: Vec::new(),
        }
    }

    /// Whether the routes of `stream` are known, be it that there are none.
    pub(crate) fn knows(&self, stream: &StreamId) -> bool {
        self.routes.knows(stream)
    }

    /// Whether `stream` is known to belong to a row.
    pub(crate) fn is_routed(&mut self, stream: &StreamId) -> bool {
        !self.routes_of(stream).is_empty()
    }

    /// Takes in the routes of `stream` as the store has them.
    pub(crate) fn load_routes(&mut self, stream: StreamId, keys: Vec<P::Key>) {
        let weight = ROUTE_WEIGHT * keys.len().max(1);
        self.routes.put(stream, keys, weight);
    }

    /// Takes in an event that the store holds as parked; in the order in which they were.
    pub(crate) fn load_parked(&mut self, awaits: StreamId, event: Shared<P>) {
        self.wait(awaits, event, true);
    }

    /// Takes in a parked event that does nothing any more.
    pub(crate) fn drop_parked(&mut self, parked: Parked) {
        self.served.push(parked);
    }

    /// Brings an event to its rows, then those that waited for what it teaches, in the order in which they came.
    pub(crate) fn route(
        &mut self,
        event: &Shared<P>,
        keys: Keys<P::Key>,
        apply: &mut impl FnMut(P::Key, &Shared<P>),
    ) {
        let own = &event.header.stream;
        let fresh = self.learn(own, &keys);
        let mut routed = Vec::new();
        for stream in keys.awaited(own) {
            let found = self.routes_of(stream);
            if found.is_empty() {
                self.wait(stream.clone(), Arc::clone(event), false);
            } else {
                routed.extend_from_slice(found);
            }
        }
        // V01: however many ways lead to a row, the event is applied to it once.
        let mut targets = Vec::with_capacity(1);
        for key in keys.into_named().into_iter().chain(routed) {
            if !targets.contains(&key) {
                targets.push(key);
            }
        }
        for key in targets {
            apply(key, event);
        }
        if !fresh.is_empty() {
            self.serve(&fresh, apply);
        }
    }

    /// What was changed since this was last called. Nobody waits in memory any longer afterwards.
    pub(crate) fn take_changes(&mut self) -> RouteChanges<P> {
        let mut parked: Vec<_> = self
            .waiting
            .drain()
            .flat_map(|(awaits, waiting)| waiting.into_iter().map(move |waiting| (awaits.clone(), waiting)))
            .filter(|(_, waiting)| !waiting.stored)
            .collect();
        parked.sort_unstable_by_key(|(_, waiting)| waiting.turn);
        let parked =
            parked.into_iter().map(|(awaits, waiting)| (parked_as(awaits, &waiting.event), waiting.event));
        RouteChanges {
            learned: std::mem::take(&mut self.learned),
            served: std::mem::take(&mut self.served),
            parked: parked.collect(),
        }
    }

    /// Forgets the record of what was learned and served, not the routes: for whoever keeps everything here.
    pub(crate) fn forget_changes(&mut self) {
        self.learned.clear();
        self.served.clear();
    }

    /// How many events wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }

    pub(crate) fn trim(&mut self) {
        self.routes.trim();
    }

    fn routes_of(&mut self, stream: &StreamId) -> &[P::Key] {
        self.routes.get(stream).map_or(&[], Vec::as_slice)
    }

    fn wait(&mut self, awaits: StreamId, event: Shared<P>, stored: bool) {
        self.turns += 1;
        let turn = self.turns;
        self.waiting.entry(awaits).or_default().push(Waiting { turn, stored, event });
    }

    /// Learns what the event teaches; answers the streams that belonged to no row before.
    fn learn(&mut self, own: &StreamId, keys: &Keys<P::Key>) -> Vec<StreamId> {
        let mut fresh = Vec::new();
        for (stream, key) in keys.lessons(own) {
            let mut routes = self.routes.take(stream).unwrap_or_default();
            if routes.is_empty() {
                fresh.push(stream.clone());
            }
            if !routes.contains(key) {
                routes.push(key.clone());
                self.learned.push((stream.clone(), key.clone()));
            }
            self.load_routes(stream.clone(), routes);
        }
        fresh
    }

    /// Applies what waited for one of `fresh`.
    fn serve(&mut self, fresh: &[StreamId], apply: &mut impl FnMut(P::Key, &Shared<P>)) {
        let mut due = Vec::new();
        for stream in fresh {
            let waiting = self.waiting.remove(stream).unwrap_or_default();
            due.extend(waiting.into_iter().map(|waiting| (stream, waiting)));
        }
        due.sort_by_key(|(_, waiting)| waiting.turn);
        let mut done: HashSet<(StreamId, Version)> = HashSet::new();
        for (awaits, Waiting { stored, event, .. }) in due {
            if stored {
                self.served.push(parked_as(awaits.clone(), &event));
            }
            // An event may have waited for several of them: it is applied along all at its first turn.
            if done.insert((event.header.stream.clone(), event.header.version)) {
                for key in self.late_targets(&event, fresh) {
                    apply(key, &event);
                }
            }
        }
    }

    /// The rows to which the routes of `fresh` lead an event that it was not applied to before.
    fn late_targets(&mut self, event: &Shared<P>, fresh: &[StreamId]) -> Vec<P::Key> {
        let own = &event.header.stream;
        let keys = self.projection.keys(event);
        let (mut before, mut late) = (Vec::new(), Vec::new());
        for stream in keys.awaited(own) {
            let side = if fresh.contains(stream) { &mut late } else { &mut before };
            side.extend_from_slice(self.routes.get(stream).map_or(&[], Vec::as_slice));
        }
        before.extend(keys.into_named());
        let mut targets = Vec::with_capacity(late.len());
        for key in late {
            if !before.contains(&key) && !targets.contains(&key) {
                targets.push(key);
            }
        }
        targets
    }
}

fn parked_as<E>(awaits: StreamId, event: &Recorded<E>) -> Parked {
    Parked { awaits, stream: event.header.stream.clone(), version: event.header.version }
}
