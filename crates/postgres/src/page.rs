//! A page of events on its way from rows to a reader. The texts of neighbours share an allocation, which is cheaper to
//! make and to drop than one each; who keeps a text keeps its sheet of texts, never the page.

use annals_core::json::StoredTexts;
use annals_core::{EventId, Json, RecordedEvent};
use sqlx::postgres::PgRow;

use crate::fault::Fault;
use crate::rows::{self, Names};

/// Bytes of payload and metadata after which a page ends, whatever its limit.
const BYTES: usize = 8 * 1024 * 1024;

/// Most pages of a feed that is followed have fewer events.
const FEW: usize = 64;

/// The events so far.
pub(crate) struct Page {
    names: Names,
    events: Vec<RecordedEvent>,
    /// How many it has room for once it has more than a few.
    likely: usize,
    /// The texts of the events behind those that are whole: of each its metadata, unless it repeats the one before, and
    /// its payload.
    texts: StoredTexts,
    /// How many events have their texts.
    whole: usize,
    /// Of each of the others, whether its metadata is that of the event before.
    repeats: Vec<bool>,
    /// The metadata of the last event.
    metadata: String,
    /// What stands for a text that is still to come.
    none_yet: Json,
    bytes: usize,
}

impl Page {
    /// An empty page, with room for so many events once it has more than a few.
    pub(crate) fn new(names: Names, capacity: usize) -> Self {
        Self {
            names,
            events: Vec::with_capacity(capacity.min(FEW)),
            likely: capacity,
            texts: StoredTexts::default(),
            whole: 0,
            repeats: Vec::new(),
            metadata: String::new(),
            none_yet: Json::empty(),
            bytes: 0,
        }
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has as many bytes as a page may.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= BYTES
    }

    /// The id of the last event.
    pub(crate) fn last_id(&self) -> Option<EventId> {
        self.events.last().map(|event| event.header.id)
    }

    /// Adds the event in a row, whose metadata and payload were read.
    pub(crate) fn push(&mut self, row: &PgRow, (metadata, payload): (&str, &str)) -> Result<(), Fault> {
        if self.events.len() == FEW {
            self.events.reserve(self.likely.saturating_sub(FEW));
        }
        self.events.push(rows::event_with(
            row,
            &mut self.names,
            self.none_yet.clone(),
            self.none_yet.clone(),
        )?);
        let repeats = !self.repeats.is_empty() && self.metadata == metadata;
        if !repeats {
            self.texts.push(metadata);
            self.metadata.clear();
            self.metadata.push_str(metadata);
        }
        self.texts.push(payload);
        self.repeats.push(repeats);
        self.bytes += metadata.len() + payload.len();
        if self.texts.is_full() {
            self.fill();
        }
        Ok(())
    }

    /// Gives the events behind those that are whole their texts.
    fn fill(&mut self) {
        let mut texts = self.texts.drain();
        let mut metadata = None;
        for (event, repeats) in self.events[self.whole..].iter_mut().zip(self.repeats.drain(..)) {
            // Each has put its own texts, in this order.
            if !repeats {
                metadata = texts.next();
            }
            if let (Some(metadata), Some(payload)) = (metadata.clone(), texts.next()) {
                (event.header.metadata, event.payload) = (metadata, payload);
            }
        }
        self.whole = self.events.len();
    }

    /// The events.
    pub(crate) fn into_events(mut self) -> Vec<RecordedEvent> {
        self.fill();
        self.events
    }
}
