//! A page of events on its way from rows to a reader. Events are built a few at a time, so that their texts share an
//! allocation, and what they have in common is shared within the page only: readers of other pages, on other
//! processors, then never wait for the same memory.

use annals_core::json::StoredTexts;
use annals_core::{
    CommitPlace, Digest, EventHeader, EventId, EventType, Json, RecordedEvent, StreamId, Timestamp, Version,
};
use rusqlite::{Connection, Row};

use crate::fault::Fault;
use crate::rows::{self, Fixed, Names, Numbers};

/// Bytes of payload and metadata after which a page ends, whatever its limit.
const BYTES: usize = 8 * 1024 * 1024;

/// Events as they are gathered.
pub(crate) struct Page {
    events: Vec<RecordedEvent>,
    /// Events that wait for their texts.
    drafts: Vec<Draft>,
    texts: StoredTexts,
    /// The metadata of the last draft.
    metadata: String,
    bytes: usize,
    last_stream: Option<(i64, StreamId)>,
    /// By the file's numbers; there are few.
    event_types: Vec<(i64, EventType)>,
}

/// An event without its texts.
struct Draft {
    id: EventId,
    stream: StreamId,
    version: Version,
    event_type: EventType,
    schema_version: u16,
    recorded_at: Timestamp,
    commit: CommitPlace,
    digest: Digest,
    /// Whether its metadata is that of the event before: the events of a command share theirs.
    repeats_metadata: bool,
}

impl Page {
    /// An empty page, for about so many events.
    pub(crate) fn of(capacity: usize) -> Self {
        Self {
            events: Vec::with_capacity(capacity),
            drafts: Vec::new(),
            texts: StoredTexts::default(),
            metadata: String::new(),
            bytes: 0,
            last_stream: None,
            event_types: Vec::new(),
        }
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.events.len() + self.drafts.len()
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
        let stream = self.stream(rows::stream(row)?, connection, names)?;
        let event_type = self.event_type(rows::event_type(row)?, connection, names)?;
        let (metadata, payload) = (rows::metadata(row)?, rows::payload(row)?);
        let repeats_metadata = !self.drafts.is_empty() && self.metadata == metadata;
        if !repeats_metadata {
            self.texts.push(metadata);
            self.metadata.clear();
            self.metadata.push_str(metadata);
        }
        self.texts.push(payload);
        self.bytes += metadata.len() + payload.len();
        let id = fixed.event();
        self.drafts.push(Draft {
            id,
            stream,
            version: rows::version(row)?,
            event_type,
            schema_version: numbers.schema_version,
            recorded_at: rows::recorded_at(row)?,
            commit: CommitPlace { id: fixed.commit(), index: numbers.index, size: numbers.size },
            digest: fixed.digest(),
            repeats_metadata,
        });
        if self.texts.is_full() {
            self.build();
        }
        Ok(id)
    }

    /// The events.
    pub(crate) fn into_events(mut self) -> Vec<RecordedEvent> {
        self.build();
        self.events
    }

    fn build(&mut self) {
        let mut texts = self.texts.drain();
        let mut metadata: Option<Json> = None;
        for draft in self.drafts.drain(..) {
            // Each draft has put its own texts, in this order.
            if !draft.repeats_metadata {
                metadata = texts.next();
            }
            let (Some(metadata), Some(payload)) = (metadata.clone(), texts.next()) else { return };
            self.events.push(RecordedEvent {
                header: EventHeader {
                    id: draft.id,
                    stream: draft.stream,
                    version: draft.version,
                    event_type: draft.event_type,
                    schema_version: draft.schema_version,
                    recorded_at: draft.recorded_at,
                    commit: draft.commit,
                    metadata,
                    digest: draft.digest,
                },
                payload,
            });
        }
    }

    fn stream(&mut self, number: i64, connection: &Connection, names: &mut Names) -> Result<StreamId, Fault> {
        if let Some((last, name)) = &self.last_stream
            && *last == number
        {
            return Ok(name.clone());
        }
        let name = names.stream(connection, number)?.clone();
        self.last_stream = Some((number, name.clone()));
        Ok(name)
    }

    fn event_type(
        &mut self,
        number: i64,
        connection: &Connection,
        names: &mut Names,
    ) -> Result<EventType, Fault> {
        if let Some((_, name)) = self.event_types.iter().find(|(known, _)| *known == number) {
            return Ok(name.clone());
        }
        let shared = names.event_type(connection, number)?;
        let own = EventType::new(shared.as_str()).unwrap_or_else(|_| shared.clone());
        self.event_types.push((number, own.clone()));
        Ok(own)
    }
}
