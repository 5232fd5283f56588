//! Places in the feed as one number: batch and index within it. Strictly rising along the feed, so that "at or before" is a
//! comparison of numbers, here and in DynamoDB's conditions.

use annals_core::{EventId, StoreId};
use annals_ports::FeedPosition;

/// Bits for the index within a batch.
const INDEX_BITS: u32 = 16;

/// The last event scanned: its batch, from 0, and its index within the batch, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) batch: u64,
    pub(crate) index: u16,
}

impl Place {
    /// The place as a number above 0.
    pub(crate) fn number(self) -> u64 {
        ((self.batch + 1) << INDEX_BITS) | (u64::from(self.index) + 1)
    }

    /// The place that a number stands for; none for 0, the place before everything, and for what is no place.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        let batch = (number >> INDEX_BITS).checked_sub(1)?;
        let index = u16::try_from(number & ((1 << INDEX_BITS) - 1)).ok()?.checked_sub(1)?;
        Some(Self { batch, index })
    }

    /// The position after the event at this place.
    pub(crate) fn position(self, store: StoreId, event: EventId) -> FeedPosition {
        FeedPosition::single(store, self.number(), Some(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_rise_as_their_numbers_do_and_read_back() {
        let places =
            [(0, 0), (0, 1), (0, 1_023), (1, 0), (1 << 40, 7)].map(|(batch, index)| Place { batch, index });
        for pair in places.windows(2) {
            assert!(pair[0].number() < pair[1].number());
        }
        for place in places {
            assert_eq!(Place::from_number(place.number()), Some(place));
        }
        assert_eq!(Place::from_number(0), None);
        assert_eq!(Place::from_number(1 << 16), None);
    }
}
