//! What is in the feed: for each stream the last version, as far back as it matters.
//!
//! The map knows every event of the feed that was written at its floor or later; below that, streams that were quiet since are
//! left out, and their events count as indexed. The floor lies `window` behind what the feed has come to, in the clocks of those
//! who wrote, so that it holds as long as these are not further apart.

use std::collections::HashMap;
use std::time::Duration;

use annals_core::{StreamId, Timestamp, Version};

use crate::batch::{Batch, Named};

/// Streams that are kept however old they are.
const KEPT: usize = 50_000;

/// The map.
#[derive(Debug)]
pub(crate) struct Indexed {
    streams: HashMap<StreamId, Last>,
    /// All that was written at this instant or later is in the map.
    floor: Timestamp,
    window: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    version: Version,
    batch: u64,
    /// Nothing up to this batch was written later.
    written: Timestamp,
}

/// How an event stands to the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is in the feed.
    Indexed,
    /// It comes next in its stream.
    Next,
    /// The feed lacks the events from this one on before it.
    Gap(Version),
    /// The feed lacks the event before it, and those before that back to one that was written before this instant.
    Unknown(Timestamp),
}

impl Indexed {
    /// A map of a feed from some batch on, where all before it was written before `floor`; [`Timestamp::MIN`] for a map of the
    /// whole feed.
    pub(crate) fn new(floor: Timestamp, window: Duration) -> Self {
        Self { streams: HashMap::new(), floor, window }
    }

    /// Notes a batch of the feed.
    pub(crate) fn saw(&mut self, batch: &Batch) {
        for span in &batch.spans {
            let last = Last { version: span.last(), batch: batch.number, written: batch.run.written };
            match self.streams.get_mut(&span.stream) {
                Some(known) => *known = last,
                None => {
                    self.streams.insert(span.stream.clone(), last);
                }
            }
        }
    }

    /// The last version of a stream in the feed, if it is known.
    pub(crate) fn last(&self, stream: &StreamId) -> Option<Version> {
        self.streams.get(stream).map(|last| last.version)
    }

    /// How an event stands, whose predecessor was written at `previous`, when its stream's events up to `queued` are on their
    /// way.
    pub(crate) fn standing(
        &self,
        event: &Named,
        previous: Option<Timestamp>,
        queued: Option<Version>,
    ) -> Standing {
        match self.last(&event.stream).max(queued) {
            Some(last) if event.version <= last => Standing::Indexed,
            Some(last) if event.version == last.next() => Standing::Next,
            Some(last) => Standing::Gap(last.next()),
            None if event.version == Version::FIRST => Standing::Next,
            // A writer whose clock is far behind is measured by his own clock: what he wrote within a window before this is in
            // the map, if it is in the feed.
            None => {
                let floor = self.floor.min(event.written.minus(self.window));
                match previous {
                    Some(previous) if previous < floor => Standing::Next,
                    _ => Standing::Unknown(floor),
                }
            }
        }
    }

    /// Forgets streams that have been quiet for a window before `low`, the instant up to which all is indexed, and since before
    /// `batch`; once there are many.
    pub(crate) fn trim(&mut self, low: Timestamp, batch: u64) {
        let floor = low.minus(self.window);
        if self.streams.len() > KEPT && floor > self.floor {
            self.streams.retain(|_, last| last.written >= floor || last.batch >= batch);
            self.floor = floor;
        }
    }
}

#[cfg(test)]
mod tests {
    use annals_core::EventId;

    use super::*;
    use crate::batch::Run;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn named(version: u64, seconds: i64) -> Named {
        let at = at(seconds);
        let stream = "order-1".parse().unwrap();
        Named { stream, version: Version::new(version), id: EventId::new(), recorded_at: at, written: at }
    }

    #[test]
    fn an_event_is_next_indexed_or_behind_a_gap() {
        let mut indexed = Indexed::new(Timestamp::MIN, Duration::from_secs(10));
        assert_eq!(indexed.standing(&named(1, 100), None, None), Standing::Next);
        let (batch, _) = Batch::fill(0, Run::START, &[named(1, 100), named(2, 100)]);
        indexed.saw(&batch);
        for (version, standing) in [
            (1, Standing::Indexed),
            (2, Standing::Indexed),
            (3, Standing::Next),
            (5, Standing::Gap(Version::new(3))),
        ] {
            assert_eq!(indexed.standing(&named(version, 101), Some(at(100)), None), standing);
        }
    }

    #[test]
    fn of_a_quiet_stream_only_what_was_written_before_the_floor_counts_as_indexed() {
        let indexed = Indexed::new(at(90), Duration::from_secs(10));
        assert_eq!(indexed.standing(&named(3, 100), Some(at(89)), None), Standing::Next);
        assert_eq!(indexed.standing(&named(3, 100), Some(at(90)), None), Standing::Unknown(at(90)));
        // A clock that is far behind.
        assert_eq!(indexed.standing(&named(3, 50), Some(at(49)), None), Standing::Unknown(at(40)));
        assert_eq!(indexed.standing(&named(3, 50), Some(at(39)), None), Standing::Next);
        let whole = Indexed::new(Timestamp::MIN, Duration::from_secs(10));
        assert!(matches!(whole.standing(&named(3, 100), Some(at(1)), None), Standing::Unknown(_)));
    }
}
