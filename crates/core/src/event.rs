//! Events: as a domain knows them, and as a store records them.
//!
//! [`DomainEvent`] is an enum of the domain; [`RecordedEvent`] is what a store hands back, its payload still
//! text; [`Recorded`] is the same with the payload decoded. Nothing here decides how bytes are stored.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::{self, LimitExceeded};
use crate::{
    CommitId, Digest, EventId, Json, Metadata, NotPortable, StreamId, Timestamp, Upcasters, Version,
};

/// The events of one category, usually an enum with `#[derive(DomainEvent)]`.
///
/// ```
/// use annals_core::DomainEvent;
///
/// #[derive(Clone, Debug, PartialEq, DomainEvent)]
/// #[event(category = "account", prefix = "Account")]
/// enum AccountEvent {
///     Opened { owner: String },          // recorded as `AccountOpened`, schema version 1
///     #[event(name = "MoneyDeposited", version = 3)]
///     Deposited { amount: u64 },
///     Closed,
/// }
///
/// let event = AccountEvent::Opened { owner: "Ada".into() };
/// assert_eq!(event.kind().name, "AccountOpened");
/// assert_eq!(event.encode()?.as_str(), r#"{"owner":"Ada"}"#);
/// # Ok::<(), annals_core::NotPortable>(())
/// ```
pub trait DomainEvent: Clone + Send + Sync + 'static {
    /// The category of the streams that hold these events.
    const CATEGORY: &'static str;

    /// Every event type of the enum at its newest schema version, in the enum's order.
    const KINDS: &'static [EventKind];

    /// This event's type and schema version.
    fn kind(&self) -> EventKind;

    /// The payload that is recorded: always a JSON object.
    ///
    /// # Errors
    /// What in the payload every store could not hold (law A09).
    fn encode(&self) -> Result<Json, NotPortable>;

    /// Reads a payload of the newest schema version of `event_type`.
    ///
    /// # Errors
    /// When the payload does not have that version's shape, or the type is none of [`Self::KINDS`].
    fn decode(event_type: &str, payload: &Json) -> Result<Self, serde_json::Error>;

    /// How older schema versions become newer ones. None unless said otherwise.
    fn upcasters() -> &'static Upcasters {
        Upcasters::none()
    }
}

/// An event type at one schema version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventKind {
    /// The type's name as recorded, 1 to 100 visible ASCII characters.
    pub name: &'static str,
    /// The payload's schema version, from 1.
    pub schema_version: u16,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.name, self.schema_version)
    }
}

/// A recorded event type: 1 to 100 visible ASCII characters. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct EventType(Arc<str>);

/// Why a text is no event type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEventType {
    /// Too short or too long.
    #[error(transparent)]
    Length(#[from] LimitExceeded),
    /// A character other than visible ASCII.
    #[error("event type {text:?} holds {found:?}: only visible ASCII characters are allowed")]
    Character {
        /// The whole text.
        text: String,
        /// The first character that is not allowed.
        found: char,
    },
}

impl EventType {
    /// An event type of this name.
    ///
    /// # Errors
    /// When it is empty, longer than 100 characters, or holds anything but visible ASCII (law A08).
    pub fn new(name: &str) -> Result<Self, InvalidEventType> {
        if let Some(found) = name.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(InvalidEventType::Character { text: name.to_owned(), found });
        }
        limits::between("event type length", "characters", name.len(), 1, limits::EVENT_TYPE_MAX)?;
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Arc<str>> for EventType {
    type Error = InvalidEventType;

    fn try_from(name: Arc<str>) -> Result<Self, Self::Error> {
        Self::new(&name)
    }
}

impl From<EventType> for Arc<str> {
    fn from(event_type: EventType) -> Self {
        event_type.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an event stands in the commit that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CommitPlace {
    /// The commit.
    pub id: CommitId,
    /// The event's place in it, from 0, over all its streams.
    pub index: u16,
    /// How many events the commit holds.
    pub size: u16,
}

/// All that is recorded of an event besides its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// The event's own id.
    pub id: EventId,
    /// The stream that holds it.
    pub stream: StreamId,
    /// Its place in the stream, from 1.
    pub version: Version,
    /// Its type, as recorded.
    pub event_type: EventType,
    /// Its payload's schema version, as recorded.
    pub schema_version: u16,
    /// When the store recorded it; never decreases along a stream (law A10).
    pub recorded_at: Timestamp,
    /// The commit that wrote it.
    pub commit: CommitPlace,
    /// Who, why and in which conversation; see [`EventHeader::metadata`].
    pub metadata: Json,
    /// SHA-256 over the predecessor's digest and this event (law A14).
    pub digest: Digest,
}

impl EventHeader {
    /// The metadata, decoded.
    ///
    /// # Errors
    /// When what the store holds is no JSON object.
    pub fn metadata(&self) -> Result<Metadata, serde_json::Error> {
        Metadata::from_json(&self.metadata)
    }
}

/// An event as a store hands it back: the payload still text, of whichever schema version it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// What is recorded besides the payload.
    pub header: EventHeader,
    /// The payload.
    pub payload: Json,
}

/// A recorded event with its payload decoded, and upcast where it was old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded<E> {
    /// What is recorded besides the payload; type and schema version as they were recorded.
    pub header: EventHeader,
    /// The event in today's shape.
    pub event: E,
}
