//! A page of events on its way from rows to a reader. The thread that reads rows copies what is in them, and whoever asked
//! makes events of that, so that neither works while the other waits.
//!
//! What events have in common is shared within the page only: readers of other pages, on other processors, then never
//! wait for the same memory. A text that is kept keeps its sheet of texts, never the page.

use annals_core::json::StoredTexts;
use annals_core::{
    CommitPlace, EventHeader, EventId, EventType, Json, RecordedEvent, StreamId, Timestamp, Version,
};
use rusqlite::{Connection, Row};

use crate::fault::Fault;
use crate::rows::{self, Fixed, Names, Numbers};

/// Bytes of payload and metadata after which a page ends, whatever its limit.
const BYTES: usize = 8 * 1024 * 1024;

/// Events as they are gathered.
pub(crate) struct Page {
    sheets: Vec<Sheet>,
    /// Where the last event's text goes.
    sheet: Sheet,
    /// The metadata of the last event.
    metadata: String,
    /// How many events it has.
    len: usize,
    bytes: usize,
    /// Each stream as often as its events follow those of another.
    streams: Vec<StreamId>,
    /// The number of the last of them.
    last_stream: Option<i64>,
    /// By the file's numbers; there are few.
    event_types: Vec<(i64, EventType)>,
}

/// Events whose texts share an allocation.
#[derive(Default)]
struct Sheet {
    drafts: Vec<Draft>,
    texts: StoredTexts,
}

/// An event without its texts.
struct Draft {
    fixed: Fixed,
    version: Version,
    recorded_at: Timestamp,
    numbers: Numbers,
    /// Its place among the page's streams.
    stream: usize,
    /// Its place among the page's types.
    event_type: usize,
    /// Whether its metadata is that of the event before: the events of a command share theirs.
    repeats_metadata: bool,
}

impl Page {
    /// An empty page.
    pub(crate) fn new() -> Self {
        Self {
            sheets: Vec::new(),
            sheet: Sheet::default(),
            metadata: String::new(),
            len: 0,
            bytes: 0,
            streams: Vec::new(),
            last_stream: None,
            event_types: Vec::new(),
        }
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether it has as many bytes as a page may.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= BYTES
    }

    /// Adds the event in a row; gives its id.
    #[inline]
    pub(crate) fn push(
        &mut self,
        row: &Row<'_>,
        connection: &Connection,
        names: &mut Names,
    ) -> Result<EventId, Fault> {
        let (fixed, numbers) = (Fixed::of(row)?, Numbers::of(row)?);
        let (version, recorded_at) = (rows::version(row)?, rows::recorded_at(row)?);
        self.stream(rows::stream(row)?, connection, names)?;
        let stream = self.streams.len() - 1;
        let event_type = self.event_type(rows::event_type(row)?, connection, names)?;
        let (metadata, payload) = (rows::metadata(row)?, rows::payload(row)?);
        let Sheet { drafts, texts } = &mut self.sheet;
        let repeats_metadata = !drafts.is_empty() && self.metadata == metadata;
        if !repeats_metadata {
            texts.push(metadata);
            self.metadata.clear();
            self.metadata.push_str(metadata);
        }
        texts.push(payload);
        self.len += 1;
        self.bytes += metadata.len() + payload.len();
        let id = fixed.event();
        drafts.push(Draft { fixed, version, recorded_at, numbers, stream, event_type, repeats_metadata });
        if texts.is_full() {
            // The next sheet is about as long.
            let next =
                Sheet { drafts: Vec::with_capacity(drafts.len() + 1), texts: StoredTexts::for_a_sheet() };
            self.sheets.push(std::mem::replace(&mut self.sheet, next));
        }
        Ok(id)
    }

    /// The events.
    pub(crate) fn into_events(mut self) -> Vec<RecordedEvent> {
        self.sheets.push(self.sheet);
        let mut events = Vec::with_capacity(self.len);
        for mut sheet in self.sheets {
            let mut texts = sheet.texts.drain();
            let mut metadata: Option<Json> = None;
            for draft in sheet.drafts {
                // Each draft has put its own texts, in this order.
                if !draft.repeats_metadata {
                    metadata = texts.next();
                }
                let (Some(metadata), Some(payload)) = (metadata.clone(), texts.next()) else { break };
                let Draft { fixed, numbers, .. } = draft;
                events.push(RecordedEvent {
                    header: EventHeader {
                        id: fixed.event(),
                        stream: self.streams[draft.stream].clone(),
                        version: draft.version,
                        event_type: self.event_types[draft.event_type].1.clone(),
                        schema_version: numbers.schema_version,
                        recorded_at: draft.recorded_at,
                        commit: CommitPlace { id: fixed.commit(), index: numbers.index, size: numbers.size },
                        metadata,
                        digest: fixed.digest(),
                    },
                    payload,
                });
            }
        }
        events
    }

    /// The stream of the event that comes next: looked up once, whoever asks first.
    #[inline]
    pub(crate) fn stream(
        &mut self,
        number: i64,
        connection: &Connection,
        names: &mut Names,
    ) -> Result<&StreamId, Fault> {
        if self.last_stream != Some(number) {
            self.streams.push(names.stream(connection, number)?.clone());
            self.last_stream = Some(number);
        }
        Ok(&self.streams[self.streams.len() - 1])
    }

    fn event_type(
        &mut self,
        number: i64,
        connection: &Connection,
        names: &mut Names,
    ) -> Result<usize, Fault> {
        if let Some(place) = self.event_types.iter().position(|(known, _)| *known == number) {
            return Ok(place);
        }
        let shared = names.event_type(connection, number)?;
        let own = EventType::new(shared.as_str()).unwrap_or_else(|_| shared.clone());
        self.event_types.push((number, own));
        Ok(self.event_types.len() - 1)
    }
}
