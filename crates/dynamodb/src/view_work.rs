//! What the random batches of the views' test do: rows of every size, keys and values that sort as no dictionary does, routes,
//! and events that wait.

use std::fmt;

use annals_core::{EventId, Json, StreamId, Version};
use annals_ports::{Adapter, Checkpoint, IndexValues, Lease, Parked, Route, RowChange, ViewBatch, ViewId};
use fastrand::Rng;

use crate::place::Place;

pub(crate) const KEYS: [&str; 9] = ["a", "b", "é", "k-1", "k-10", "k-2", "😀", "K", "%"];
pub(crate) const PARTS: [&str; 6] = ["", "ada", "adam", "Ada", "a\u{1f}b", "é"];
pub(crate) const STREAMS: [&str; 4] = ["order-1", "order-10", "order-2", "gift-~"];

pub(crate) fn json(rng: &mut Rng) -> Json {
    let size = match rng.u8(0..20) {
        // Two of them have no room in one item.
        0 => 255_000,
        1 => 3_000,
        2 => 600,
        _ => 5,
    };
    let fill: String = (0..size).map(|_| rng.char('#'..='~')).filter(|c| *c != '\\').collect();
    Json::parse(&format!(r#"{{"fill":"{fill}","number":{}}}"#, rng.u32(..))).expect("portable")
}

pub(crate) fn index(rng: &mut Rng) -> IndexValues {
    let mut index = IndexValues::none();
    if rng.u8(0..5) > 0 {
        let parts = (0..rng.usize(0..3)).map(|_| *rng.choice(&PARTS).expect("some")).collect::<Vec<_>>();
        index = index.with("by owner", parts);
    }
    if rng.bool() {
        index = index.with("day", [rng.choice(&PARTS).expect("some")]);
    }
    index
}

pub(crate) fn stream(rng: &mut Rng) -> StreamId {
    rng.choice(&STREAMS).expect("some").parse().expect("a stream")
}

pub(crate) fn parked(rng: &mut Rng) -> Parked {
    Parked { awaits: stream(rng), stream: stream(rng), version: Version::new(rng.u64(1..4)) }
}

/// What a batch does, without the store that it is for.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) view: ViewId,
    pub(crate) lease: Lease,
    pub(crate) from: Option<(u64, EventId)>,
    pub(crate) to: (u64, EventId),
    pub(crate) events: u64,
    pub(crate) changes: Vec<RowChange>,
    pub(crate) routes: Vec<Route>,
    pub(crate) park: Vec<Parked>,
    pub(crate) unpark: Vec<Parked>,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} under {} from {:?} to {}:",
            self.view,
            self.lease.token,
            self.from.map(|at| at.0),
            self.to.0
        )?;
        for change in &self.changes {
            match change.row() {
                Some((row, index)) => {
                    let index: Vec<_> = index.iter().map(|(name, value)| (name, value.as_str())).collect();
                    write!(f, " put {} ({} bytes, {index:?})", change.key(), row.len())?;
                }
                None => write!(f, " delete {}", change.key())?,
            }
        }
        for Route { stream, key } in &self.routes {
            write!(f, " route {stream} to {key}")?;
        }
        for (what, parked) in [("unpark", &self.unpark), ("park", &self.park)] {
            for Parked { awaits, stream, version } in parked {
                write!(f, " {what} {stream} {version} for {awaits}")?;
            }
        }
        Ok(())
    }
}

impl Work {
    pub(crate) fn batch(&self, adapter: &Adapter) -> ViewBatch {
        let position = |(number, event): (u64, EventId)| {
            Place::from_number(number).expect("a place").position(adapter.store, event)
        };
        ViewBatch {
            view: self.view.clone(),
            lease: self.lease.clone(),
            from: self.from.map(position),
            changes: self.changes.clone(),
            routes: self.routes.clone(),
            park: self.park.clone(),
            unpark: self.unpark.clone(),
            checkpoint: Checkpoint {
                position: position(self.to),
                events: self.events,
                last_recorded_at: (self.events.is_multiple_of(2))
                    .then(|| "2024-02-29T12:00:00.000001Z".parse().expect("one")),
            },
        }
    }
}
