//! From a recorded event to a domain's event: straight from text at the newest schema version, through the
//! upcasters below it. What cannot be decoded is an error that names it (law E03), never skipped.

use crate::one_line::one_line;
use crate::upcast::Step;
use crate::{DomainEvent, EventHeader, Json, RecordedEvent, StreamId, Upcast, UpcastError, Version};

/// More steps than any history needs: a guard against upcasters that rename in a circle.
const MAX_STEPS: usize = 1_000;

/// What became of a recorded event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<E> {
    /// It is this event today.
    Event(E),
    /// Its type was retired: it stays in history and means nothing any more.
    Retired,
}

impl<E> Decoded<E> {
    /// The event, unless it was retired.
    pub fn event(self) -> Option<E> {
        match self {
            Self::Event(event) => Some(event),
            Self::Retired => None,
        }
    }

    /// The same with the event mapped.
    pub fn map<T>(self, f: impl FnOnce(E) -> T) -> Decoded<T> {
        match self {
            Self::Event(event) => Decoded::Event(f(event)),
            Self::Retired => Decoded::Retired,
        }
    }
}

/// Why a recorded event could not be decoded. Every message names stream, version and type.
#[derive(Debug, thiserror::Error)]
#[error("event {version} of {stream} ({event_type} v{schema_version}) cannot be decoded: {reason}")]
pub struct DecodeError {
    /// The stream.
    pub stream: StreamId,
    /// The event's place in it.
    pub version: Version,
    /// The recorded type.
    pub event_type: String,
    /// The recorded schema version.
    pub schema_version: u16,
    /// What is wrong.
    #[source]
    pub reason: DecodeReason,
}

/// What is wrong with an event that cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The payload is not of the shape that its schema version has.
    #[error("its payload does not fit: {0}")]
    Payload(#[source] serde_json::Error),
    /// No event of this type is known to the program, and no upcaster leads away from it.
    #[error(
        "this program knows no event type {event_type}; run a release that does, or add an upcaster that renames \
         or retires it"
    )]
    UnknownType {
        /// The type that is not known (after upcasting, if that changed it).
        event_type: String,
    },
    /// It was written by a newer program.
    #[error(
        "this program knows {event_type} up to schema version {newest}; run a release that knows version {found}"
    )]
    FutureSchema {
        /// The type.
        event_type: String,
        /// The newest schema version that this program knows.
        newest: u16,
        /// The version found.
        found: u16,
    },
    /// An old version without a way to the newest.
    #[error("no upcaster leads on from {event_type} v{schema_version}; add one")]
    NoUpcaster {
        /// The type.
        event_type: String,
        /// The version at which the chain ends.
        schema_version: u16,
    },
    /// An upcaster refused the payload.
    #[error(transparent)]
    Upcast(UpcastError),
    /// Renaming upcasters lead in a circle.
    #[error("its upcasters rename it in a circle; mend them")]
    EndlessUpcast,
    /// The event is of a category that the reader did not subscribe to.
    #[error("its category is none of {expected:?}")]
    Category {
        /// The categories subscribed to.
        expected: Vec<&'static str>,
    },
}

impl DecodeError {
    /// An error about the event with this header.
    pub fn new(header: &EventHeader, reason: DecodeReason) -> Self {
        Self {
            stream: header.stream.clone(),
            version: header.version,
            event_type: header.event_type.to_string(),
            schema_version: header.schema_version,
            reason,
        }
    }

    /// An error about an event of a category that an event set does not hold.
    pub fn category(header: &EventHeader, expected: Vec<&'static str>) -> Self {
        Self::new(header, DecodeReason::Category { expected })
    }
}

/// Decodes one recorded event as one of `E`.
///
/// At the newest schema version the payload is decoded straight from its text; below it, each upcaster in turn
/// brings it one version on.
///
/// # Errors
/// What cannot be decoded, by stream, version and type.
pub fn decode_event<E: DomainEvent>(recorded: &RecordedEvent) -> Result<Decoded<E>, DecodeError> {
    decode(recorded).map_err(|reason| DecodeError::new(&recorded.header, reason))
}

fn decode<E: DomainEvent>(recorded: &RecordedEvent) -> Result<Decoded<E>, DecodeReason> {
    let header = &recorded.header;
    let mut event_type = header.event_type.as_str();
    let mut schema_version = header.schema_version;
    let Some(mut step) = step_on::<E>(event_type, schema_version)? else {
        return decode_newest(event_type, &recorded.payload);
    };
    let mut payload = recorded.payload.to_value().map_err(unfit)?;
    for _ in 0..MAX_STEPS {
        match step(header, payload).map_err(DecodeReason::Upcast)? {
            Upcast::Retired => return Ok(Decoded::Retired),
            Upcast::Next(next) => {
                schema_version = schema_version.saturating_add(1);
                payload = next;
            }
            Upcast::Renamed(kind, next) => {
                event_type = kind.name;
                schema_version = kind.schema_version;
                payload = next;
            }
        }
        let Some(next) = step_on::<E>(event_type, schema_version)? else {
            let payload =
                Json::from_value(&payload).map_err(|error| unfit(serde::de::Error::custom(error)))?;
            return decode_newest(event_type, &payload);
        };
        step = next;
    }
    Err(DecodeReason::EndlessUpcast)
}

/// The step that leads on from `event_type` at `schema_version`; none when that is the newest version.
fn step_on<E: DomainEvent>(event_type: &str, schema_version: u16) -> Result<Option<Step>, DecodeReason> {
    let newest = E::KINDS.iter().find(|kind| kind.name == event_type).map(|kind| kind.schema_version);
    if newest == Some(schema_version) {
        return Ok(None);
    }
    if let Some(step) = E::upcasters().step_from(event_type, schema_version) {
        return Ok(Some(step));
    }
    let event_type = event_type.to_owned();
    Err(match newest {
        None => DecodeReason::UnknownType { event_type },
        Some(newest) if schema_version > newest => {
            DecodeReason::FutureSchema { event_type, newest, found: schema_version }
        }
        Some(_) => DecodeReason::NoUpcaster { event_type, schema_version },
    })
}

fn decode_newest<E: DomainEvent>(event_type: &str, payload: &Json) -> Result<Decoded<E>, DecodeReason> {
    E::decode(event_type, payload).map(Decoded::Event).map_err(unfit)
}

/// The error may quote the payload: a variant that is not known, or what a type's own `Deserialize` says.
#[cold]
fn unfit(error: serde_json::Error) -> DecodeReason {
    let is_one_line = !error.to_string().contains(char::is_control);
    DecodeReason::Payload(if is_one_line {
        error
    } else {
        serde::de::Error::custom(one_line(error.to_string()))
    })
}
