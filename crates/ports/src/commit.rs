//! A commit: appends that happen whole or not at all (laws A01 and A07). One that exists is valid: every limit of
//! A08 is checked where it is made, before any I/O, and its events' bodies are hashed, off any writer's path.

use annals_core::limits::{self, LimitExceeded};
use annals_core::{
    BodyDigest, CommitId, CommitPlace, DomainEvent, EventBody, EventId, EventType, InvalidEventType, Json,
    Metadata, NotPortable, StreamId,
};

use crate::Expectation;

/// An event that is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub event_type: EventType,
    /// Its payload's schema version, from 1.
    pub schema_version: u16,
    /// Its payload.
    pub payload: Json,
    /// Its metadata.
    pub metadata: Json,
}

impl NewEvent {
    /// The event as it is recorded, with a new id.
    ///
    /// # Errors
    /// When the payload or metadata are not portable JSON (law A09), or the type's name is not valid.
    pub fn encode<E: DomainEvent>(event: &E, metadata: &Metadata) -> Result<Self, InvalidCommit> {
        let kind = event.kind();
        let not_portable = |part| {
            move |source| InvalidCommit::NotPortable { event_type: kind.name.to_owned(), part, source }
        };
        Ok(Self {
            id: EventId::new(),
            event_type: EventType::new(kind.name)?,
            schema_version: kind.schema_version,
            payload: event.encode().map_err(not_portable("payload"))?,
            metadata: metadata.to_json().map_err(not_portable("metadata"))?,
        })
    }
}

/// Events for one stream, with what is expected of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The stream.
    pub stream: StreamId,
    /// What must hold of it.
    pub expected: Expectation,
    /// The events, in order; at least one.
    pub events: Vec<NewEvent>,
}

impl Append {
    /// An append of `events` to `stream`.
    pub fn new(stream: StreamId, expected: Expectation, events: Vec<NewEvent>) -> Self {
        Self { stream, expected, events }
    }
}

/// Why a commit cannot be made. Nothing reached a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCommit {
    /// A limit of law A08.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// A limit of law A08, of one event.
    #[error("{event_type} for {stream}: {exceeded}")]
    Event {
        /// The stream.
        stream: StreamId,
        /// The event's type.
        event_type: EventType,
        /// The limit and the value.
        #[source]
        exceeded: LimitExceeded,
    },
    /// The event's type is not valid.
    #[error(transparent)]
    EventType(#[from] InvalidEventType),
    /// A payload or metadata that not every store could hold.
    #[error("the {part} of {event_type} is not portable JSON: {source}")]
    NotPortable {
        /// The event's type.
        event_type: String,
        /// Payload or metadata.
        part: &'static str,
        /// What is wrong.
        #[source]
        source: NotPortable,
    },
    /// The same stream twice.
    #[error("{stream} stands twice in one commit; put its events into one append")]
    StreamTwice {
        /// The stream.
        stream: StreamId,
    },
    /// An append without events.
    #[error("the append to {stream} has no events")]
    NoEvents {
        /// The stream.
        stream: StreamId,
    },
    /// The same event id twice.
    #[error("event {event} stands twice in one commit, again for {stream}; draw an id for each event")]
    EventTwice {
        /// The event's id.
        event: EventId,
        /// The stream where it stands again.
        stream: StreamId,
    },
}

/// What a commit is to leave behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitBody {
    /// Events, in one or more streams.
    Events(Vec<PreparedAppend>),
    /// A refusal, recorded under the commit's id without events (law A12).
    Refusal(Json),
    /// That nothing was to change, recorded under the commit's id without events (laws A12 and C02).
    Unchanged,
}

/// An append that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedAppend {
    /// The stream.
    pub stream: StreamId,
    /// What must hold of it.
    pub expected: Expectation,
    /// The events; at least one.
    pub events: Vec<PreparedEvent>,
}

/// An event with its place in the commit and the digest of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedEvent {
    /// The event.
    pub event: NewEvent,
    /// Its place in the commit.
    pub commit: CommitPlace,
    /// The digest of its body.
    pub body: BodyDigest,
}

/// A set of appends that happens whole or not at all.
///
/// ```
/// use annals_core::{CommitId, EventId, EventType, Json, Metadata};
/// use annals_ports::{Append, Commit, Expectation, NewEvent};
///
/// let event = NewEvent {
///     id: EventId::new(),
///     event_type: EventType::new("AccountOpened")?,
///     schema_version: 1,
///     payload: Json::parse(r#"{"owner":"Ada"}"#)?,
///     metadata: Metadata::correlated("request-7").to_json()?,
/// };
/// let append = Append::new("account-1".parse()?, Expectation::NoStream, vec![event]);
/// let commit = Commit::new(CommitId::new(), vec![append])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    id: CommitId,
    once: bool,
    body: CommitBody,
}

impl Commit {
    /// A commit of these appends.
    ///
    /// # Errors
    /// Which limit they exceed (law A08), or which text is not portable (A09).
    pub fn new(id: CommitId, appends: Vec<Append>) -> Result<Self, InvalidCommit> {
        Ok(Self { id, once: false, body: CommitBody::Events(prepare(id, appends)?) })
    }

    /// A commit that takes effect at most once for its id, whatever its expectations and events are by then
    /// (law A12).
    ///
    /// # Errors
    /// Which limit they exceed (law A08), or which text is not portable (A09).
    pub fn once(id: CommitId, appends: Vec<Append>) -> Result<Self, InvalidCommit> {
        Ok(Self { id, once: true, body: CommitBody::Events(prepare(id, appends)?) })
    }

    /// A refusal recorded under `id`, once, without events (law A12).
    ///
    /// # Errors
    /// When the reason is not portable JSON, or larger than a row may be.
    #[expect(clippy::needless_pass_by_value, reason = "the caller has no more use for it")]
    pub fn refusal(id: CommitId, reason: Json) -> Result<Self, InvalidCommit> {
        let reason = canonical(&reason, "a refusal", "reason")?;
        limits::between("refusal size", "bytes", reason.len(), 2, limits::ROW_BYTES_MAX)?;
        Ok(Self { id, once: true, body: CommitBody::Refusal(reason) })
    }

    /// That there was nothing to change, recorded under `id`, once, without events (laws A12 and C02).
    pub fn unchanged(id: CommitId) -> Self {
        Self { id, once: true, body: CommitBody::Unchanged }
    }

    /// Its id.
    pub fn id(&self) -> CommitId {
        self.id
    }

    /// Whether it takes effect at most once for its id, whatever it holds by then.
    pub fn is_once(&self) -> bool {
        self.once
    }

    /// What it is to leave behind.
    pub fn body(&self) -> &CommitBody {
        &self.body
    }

    /// Its appends; none where it records an outcome without events.
    pub fn appends(&self) -> &[PreparedAppend] {
        match &self.body {
            CommitBody::Events(appends) => appends,
            CommitBody::Refusal(_) | CommitBody::Unchanged => &[],
        }
    }

    /// What is being done, for errors: `committing 2 events to order-1, payment-1`.
    pub fn doing(&self) -> String {
        match &self.body {
            CommitBody::Refusal(_) => format!("recording the refusal of commit {}", self.id),
            CommitBody::Unchanged => format!("recording that commit {} changes nothing", self.id),
            CommitBody::Events(appends) => {
                let events: usize = appends.iter().map(|append| append.events.len()).sum();
                let streams: Vec<_> = appends.iter().map(|append| append.stream.as_str()).collect();
                let plural = if events == 1 { "event" } else { "events" };
                format!("committing {events} {plural} to {}", streams.join(", "))
            }
        }
    }
}

/// A09: a text that some store handed back may be spelt otherwise; what is hashed and recorded is canonical.
fn canonical(json: &Json, event_type: &str, part: &'static str) -> Result<Json, InvalidCommit> {
    let not_portable =
        |source| InvalidCommit::NotPortable { event_type: event_type.to_owned(), part, source };
    json.canonical().map_err(not_portable)
}

fn prepare(id: CommitId, mut appends: Vec<Append>) -> Result<Vec<PreparedAppend>, InvalidCommit> {
    for event in appends.iter_mut().flat_map(|append| &mut append.events) {
        event.payload = canonical(&event.payload, event.event_type.as_str(), "payload")?;
        event.metadata = canonical(&event.metadata, event.event_type.as_str(), "metadata")?;
    }
    check_limits(&appends)?;
    let events: usize = appends.iter().map(|append| append.events.len()).sum();
    // The limit of 64 events was checked.
    let size = u16::try_from(events).unwrap_or(u16::MAX);
    let mut index = 0;
    let mut prepare_event = |event: NewEvent| {
        let commit = CommitPlace { id, index, size };
        index += 1;
        let body = EventBody {
            id: event.id,
            commit,
            event_type: event.event_type.as_str(),
            schema_version: event.schema_version,
            payload: &event.payload,
            metadata: &event.metadata,
        }
        .digest();
        PreparedEvent { event, commit, body }
    };
    Ok(appends
        .into_iter()
        .map(|append| PreparedAppend {
            stream: append.stream,
            expected: append.expected,
            events: append.events.into_iter().map(&mut prepare_event).collect(),
        })
        .collect())
}

fn check_limits(appends: &[Append]) -> Result<(), InvalidCommit> {
    limits::between("streams in a commit", "streams", appends.len(), 1, limits::COMMIT_STREAMS_MAX)?;
    let events: usize = appends.iter().map(|append| append.events.len()).sum();
    for (place, append) in appends.iter().enumerate() {
        if append.events.is_empty() {
            return Err(InvalidCommit::NoEvents { stream: append.stream.clone() });
        }
        if appends[..place].iter().any(|earlier| earlier.stream == append.stream) {
            return Err(InvalidCommit::StreamTwice { stream: append.stream.clone() });
        }
    }
    limits::between("events in a commit", "events", events, 1, limits::COMMIT_EVENTS_MAX)?;
    check_ids(appends)?;
    let mut total = 0;
    for append in appends {
        for event in &append.events {
            let bytes = event.payload.len() + event.metadata.len();
            let of_event = |exceeded| InvalidCommit::Event {
                stream: append.stream.clone(),
                event_type: event.event_type.clone(),
                exceeded,
            };
            limits::between("payload plus metadata of an event", "bytes", bytes, 0, limits::EVENT_BYTES_MAX)
                .map_err(of_event)?;
            let schema_version = usize::from(event.schema_version);
            limits::between("schema version", "", schema_version, 1, limits::SCHEMA_VERSION_MAX)
                .map_err(of_event)?;
            total += bytes;
        }
    }
    limits::between("payload plus metadata of a commit", "bytes", total, 0, limits::COMMIT_BYTES_MAX)?;
    Ok(())
}

/// An event's id is its own: what a position names (F09) and what is published is told apart by it (P02).
fn check_ids(appends: &[Append]) -> Result<(), InvalidCommit> {
    let mut seen = Vec::new();
    for append in appends {
        for event in &append.events {
            if seen.contains(&event.id) {
                return Err(InvalidCommit::EventTwice { event: event.id, stream: append.stream.clone() });
            }
            seen.push(event.id);
        }
    }
    Ok(())
}
