//! Law V06 as a check: does a projection give the same rows however its streams are interleaved?
//!
//! Tries every interleaving where there are few, random ones where there are many, and shrinks what it finds to two
//! orders that differ by one swap. Needs no store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use annals_core::{
    DecodeError, Decoded, EventSet, EventType, Json, NotPortable, Recorded, RecordedEvent, StreamId, Version,
};
use annals_ports::IndexValues;

use crate::{Fold, Projection};

/// What was checked, and found equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interleavings {
    /// Interleavings tried.
    pub tried: usize,
    /// Whether they were all that there are.
    pub exhaustive: bool,
}

/// Why a projection does not keep law V06.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InterleavingError {
    /// Two interleavings give different rows.
    #[error(transparent)]
    Differ(Box<Difference>),
    /// An event cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A row is not portable JSON.
    #[error("row {key:?} cannot be kept: {source}")]
    Row {
        /// The row's key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: NotPortable,
    },
}

/// Two interleavings of the same streams that differ by one swap, and a row that differs after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The first order.
    pub one: Vec<EventName>,
    /// The other order: `one` with the events at `swapped` and after it changed round.
    pub other: Vec<EventName>,
    /// The place of the first of the two events that were swapped.
    pub swapped: usize,
    /// The key of a row that differs.
    pub key: String,
    /// The row after `one`, with its index values; none when there is no such row.
    pub row_of_one: Option<String>,
    /// The row after `other`.
    pub row_of_other: Option<String>,
}

/// An event by stream and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventName {
    /// Its stream.
    pub stream: StreamId,
    /// Its version.
    pub version: Version,
    /// Its type.
    pub event_type: EventType,
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.stream, self.version, self.event_type)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = "no row";
        writeln!(f, "the rows depend on how streams are interleaved (law V06): row {:?} is", self.key)?;
        writeln!(f, "  {}", self.row_of_one.as_deref().unwrap_or(none))?;
        writeln!(f, "after")?;
        for (place, event) in self.one.iter().enumerate() {
            let mark = if place == self.swapped || place == self.swapped + 1 { '*' } else { ' ' };
            writeln!(f, "{mark} {event}")?;
        }
        writeln!(f, "and with the two marked events the other way round")?;
        write!(f, "  {}", self.row_of_other.as_deref().unwrap_or(none))
    }
}

impl std::error::Error for Difference {}

type Event<P> = Arc<Recorded<<P as Projection>::Event>>;
type Rows = BTreeMap<String, (Json, IndexValues)>;

/// Checks that `projection` gives the same rows, with the same index values, for interleavings of `streams`: for all,
/// when there are at most `count`, else for `count` random ones that `seed` decides.
///
/// Each stream's events must be in version order, and are kept in it.
///
/// # Errors
/// The smallest difference found: two orders that differ by one swap, and a row that comes out differently.
pub fn interleavings<P: Projection>(
    projection: P,
    streams: &[Vec<RecordedEvent>],
    seed: u64,
    count: usize,
) -> Result<Interleavings, InterleavingError> {
    let check = Check { projection: Arc::new(projection), streams: decode::<P>(streams)? };
    let mut random = fastrand::Rng::with_seed(seed);
    let mut lengths: Vec<_> = check.streams.iter().map(Vec::len).collect();
    let mut found = match check.search(&lengths, &mut random, count)? {
        Found::Equal(checked) => return Ok(checked),
        Found::Differ(order) => order,
    };
    // What still differs without some stream's last event is smaller.
    let mut stream = 0;
    while stream < lengths.len() {
        if lengths[stream] > 0 {
            lengths[stream] -= 1;
            if let Found::Differ(order) = check.search(&lengths, &mut random, count)? {
                found = order;
                stream = 0;
                continue;
            }
            lengths[stream] += 1;
        }
        stream += 1;
    }
    let (order, swapped) = check.one_swap(in_turn(&lengths), &found)?;
    Err(InterleavingError::Differ(Box::new(check.describe(&order, swapped)?)))
}

/// An interleaving: for each place, which stream's next event stands there.
type Order = Vec<usize>;

/// One stream after the other.
fn in_turn(lengths: &[usize]) -> Order {
    lengths.iter().enumerate().flat_map(|(stream, length)| std::iter::repeat_n(stream, *length)).collect()
}

/// How many interleavings there are; none when that is beyond counting.
fn ways(lengths: &[usize]) -> Option<usize> {
    let (mut ways, mut total) = (1_usize, 0_usize);
    for length in lengths {
        for chosen in 1..=*length {
            total += 1;
            // A product of binomials, each step of which is whole.
            ways = ways.checked_mul(total)? / chosen;
        }
    }
    Some(ways)
}

/// The next interleaving in lexical order; false after the last.
fn next_order(order: &mut [usize]) -> bool {
    let Some(rising) = order.windows(2).rposition(|pair| pair[0] < pair[1]) else { return false };
    let pivot = order[rising];
    let swap = order.iter().rposition(|stream| *stream > pivot).unwrap_or(rising);
    order.swap(rising, swap);
    order[rising + 1..].reverse();
    true
}

fn decode<P: Projection>(streams: &[Vec<RecordedEvent>]) -> Result<Vec<Vec<Event<P>>>, DecodeError> {
    let decode = |recorded: &RecordedEvent| {
        Ok(match P::Event::decode(recorded)? {
            Decoded::Event(event) => Some(Arc::new(Recorded { header: recorded.header.clone(), event })),
            Decoded::Retired => None,
        })
    };
    streams
        .iter()
        .map(|stream| stream.iter().filter_map(|event| decode(event).transpose()).collect())
        .collect()
}

/// What a search came to.
enum Found {
    Equal(Interleavings),
    /// This order's rows are not those of one stream after the other.
    Differ(Order),
}

struct Check<P: Projection> {
    projection: Arc<P>,
    streams: Vec<Vec<Event<P>>>,
}

impl<P: Projection> Check<P> {
    fn events<'a>(&'a self, order: &'a [usize]) -> impl Iterator<Item = &'a Event<P>> {
        let mut next = vec![0; self.streams.len()];
        order.iter().map(move |stream| {
            let event = &self.streams[*stream][next[*stream]];
            next[*stream] += 1;
            event
        })
    }

    /// Tries the interleavings of the streams' first events, so many of each.
    fn search(
        &self,
        lengths: &[usize],
        random: &mut fastrand::Rng,
        count: usize,
    ) -> Result<Found, InterleavingError> {
        let mut order = in_turn(lengths);
        let rows = self.rows(&order)?;
        let exhaustive = ways(lengths).is_some_and(|ways| ways <= count);
        let mut tried = 1;
        while if exhaustive { next_order(&mut order) } else { tried < count } {
            if !exhaustive {
                // Every interleaving is as likely as any other.
                random.shuffle(&mut order);
            }
            if self.rows(&order)? != rows {
                return Ok(Found::Differ(order));
            }
            tried += 1;
        }
        Ok(Found::Equal(Interleavings { tried, exhaustive }))
    }

    fn rows(&self, order: &[usize]) -> Result<Rows, InterleavingError> {
        let mut fold = Fold::shared(Arc::clone(&self.projection));
        for event in self.events(order) {
            fold.apply_shared(event);
        }
        let keep = |(key, row): (&P::Key, &P::Row)| {
            let values = self.projection.index(key, row);
            let key = key.to_string();
            match Json::from_serialize(row) {
                Ok(json) => Ok((key, (json, values))),
                Err(source) => Err(InterleavingError::Row { key, source }),
            }
        };
        fold.rows().iter().map(keep).collect()
    }

    fn differ(&self, one: &[usize], other: &[usize]) -> Result<bool, InterleavingError> {
        Ok(self.rows(one)? != self.rows(other)?)
    }

    /// Walks from one order to the other by swaps of neighbours, to the first swap that changes the rows.
    fn one_swap(&self, one: Order, other: &[usize]) -> Result<(Order, usize), InterleavingError> {
        let mut at = one;
        for place in 0..at.len() {
            let found = at[place..].iter().position(|stream| *stream == other[place]).unwrap_or(0) + place;
            // The event moves forward past other streams' events only, so that every stream keeps its order (F02).
            for left in (place..found).rev() {
                let mut swapped = at.clone();
                swapped.swap(left, left + 1);
                if self.differ(&at, &swapped)? {
                    return Ok((at, left));
                }
                at = swapped;
            }
        }
        // Not reached with rows that differ: the walk ends at `other`, so one of its steps changed them.
        Ok((at, 0))
    }

    fn describe(&self, one: &[usize], swapped: usize) -> Result<Difference, InterleavingError> {
        let mut other = one.to_vec();
        other.swap(swapped, swapped + 1);
        let (rows_of_one, rows_of_other) = (self.rows(one)?, self.rows(&other)?);
        let keys = rows_of_one.keys().chain(rows_of_other.keys());
        let key = keys.filter(|key| rows_of_one.get(*key) != rows_of_other.get(*key)).min();
        let key = key.cloned().unwrap_or_default();
        let names = |order: &[usize]| self.events(order).map(|event| EventName::of(event)).collect();
        let show = |(json, values): &(Json, IndexValues)| {
            let values: Vec<_> =
                values.iter().map(|(name, value)| format!("{name}={:?}", value.as_str())).collect();
            if values.is_empty() {
                json.as_str().to_owned()
            } else {
                format!("{json:?} with {}", values.join(", "))
            }
        };
        Ok(Difference {
            one: names(one),
            other: names(&other),
            swapped,
            row_of_one: rows_of_one.get(&key).map(show),
            row_of_other: rows_of_other.get(&key).map(show),
            key,
        })
    }
}

impl EventName {
    fn of<E>(event: &Recorded<E>) -> Self {
        let header = &event.header;
        Self { stream: header.stream.clone(), version: header.version, event_type: header.event_type.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_interleaving_is_met_once() {
        let lengths = [2, 1, 2];
        let mut order = in_turn(&lengths);
        let mut seen = BTreeSet::from([order.clone()]);
        while next_order(&mut order) {
            assert!(seen.insert(order.clone()), "met twice: {order:?}");
        }
        assert_eq!(Some(seen.len()), ways(&lengths));
        assert_eq!(seen.len(), 30, "5! / (2! 1! 2!)");
    }

    #[test]
    fn too_many_to_count_is_no_number() {
        assert_eq!(ways(&[100, 100, 100]), None);
        assert_eq!(ways(&[]), Some(1));
    }
}
