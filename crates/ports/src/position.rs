//! Feed positions: places that survive being written as text and read in another process and release (law F04).
//! A position names its store (R06) and, for each slice of the feed, the last event scanned (F09).

use std::fmt;
use std::str::FromStr;

use annals_core::{EventId, StoreId};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A place in a store's feed: everything up to it was scanned.
///
/// As text: `store;slice.epoch.place.event;…`, slices in order, without the event while nothing was scanned.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FeedPosition {
    store: StoreId,
    slices: Vec<SlicePosition>,
}

/// A place in one slice of a feed. Stores with one order have one slice, number 0, of one epoch, number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlicePosition {
    /// The slice.
    pub slice: u32,
    /// The epoch within which `place` counts.
    pub epoch: u64,
    /// The last place scanned; 0 before the first.
    pub place: u64,
    /// The event that stands there; none before the first.
    pub event: Option<EventId>,
}

/// Why a text is no position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no feed position: {reason}")]
pub struct InvalidPosition {
    text: String,
    reason: &'static str,
}

impl FeedPosition {
    /// The position before everything, in a feed of one slice.
    pub fn beginning(store: StoreId) -> Self {
        Self::single(store, 0, None)
    }

    /// A position in a feed of one slice.
    pub fn single(store: StoreId, place: u64, event: Option<EventId>) -> Self {
        Self { store, slices: vec![SlicePosition { slice: 0, epoch: 0, place, event }] }
    }

    /// A position in a feed of several slices.
    pub fn sliced(store: StoreId, mut slices: Vec<SlicePosition>) -> Self {
        slices.sort_by_key(|position| position.slice);
        Self { store, slices }
    }

    /// The store that it is a place in.
    pub fn store(&self) -> StoreId {
        self.store
    }

    /// The places by slice, when the position is of this `store`.
    ///
    /// # Errors
    /// When it is another store's (law R06).
    pub fn slices_in(&self, store: StoreId) -> Result<&[SlicePosition], StoreError> {
        if self.store == store {
            Ok(&self.slices)
        } else {
            Err(StoreError::WrongStore { what: "position", expected: store, found: self.store })
        }
    }

    /// The place in a feed of one slice, when the position is of this `store`.
    ///
    /// # Errors
    /// When it is another store's (law R06).
    pub fn single_in(&self, store: StoreId) -> Result<SlicePosition, StoreError> {
        let first = SlicePosition { slice: 0, epoch: 0, place: 0, event: None };
        Ok(self.slices_in(store)?.first().copied().unwrap_or(first))
    }
}

impl fmt::Display for FeedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.store)?;
        for position in &self.slices {
            write!(f, ";{}.{}.{}", position.slice, position.epoch, position.place)?;
            if let Some(event) = position.event {
                write!(f, ".{event}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FeedPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for FeedPosition {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason| InvalidPosition { text: text.to_owned(), reason };
        let mut parts = text.split(';');
        let store = parts.next().unwrap_or_default().parse().map_err(|_| fail("it names no store"))?;
        let slice = |part: &str| {
            let mut fields = part.splitn(4, '.');
            let mut number = || fields.next().and_then(|field| field.parse::<u64>().ok());
            let (slice, epoch, place) = (number()?, number()?, number()?);
            let event = match fields.next() {
                Some(id) => Some(id.parse().ok()?),
                None => None,
            };
            Some(SlicePosition { slice: u32::try_from(slice).ok()?, epoch, place, event })
        };
        let slices: Option<Vec<_>> = parts.map(slice).collect();
        let slices = slices.ok_or_else(|| fail("a slice is not of the form slice.epoch.place.event"))?;
        if slices.is_empty() {
            return Err(fail("it names no slice"));
        }
        Ok(Self::sliced(store, slices))
    }
}

impl TryFrom<String> for FeedPosition {
    type Error = InvalidPosition;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<FeedPosition> for String {
    fn from(position: FeedPosition) -> Self {
        position.to_string()
    }
}
