//! Upcasters: how yesterday's payloads become today's events.
//!
//! One step leads from one schema version of a type to the next; chains are followed by the decoder. A step is
//! pure and sees the event's header, so that it can take a business time from `recorded_at`. One event never
//! becomes two: versions stay what they are.

use std::collections::HashMap;

use serde_json::Value;

use crate::one_line::one_line;
use crate::{EventHeader, EventKind};

/// What an old event becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum Upcast {
    /// The same type, one schema version on, with this payload.
    Next(Value),
    /// Another type at a schema version of that type, with this payload.
    Renamed(EventKind, Value),
    /// Nothing any more: the event stays in history and is passed over.
    Retired,
}

/// Why an upcaster could not read an old payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its old payload cannot be upcast: {0}")]
pub struct UpcastError(String);

impl UpcastError {
    /// An error with a message that says which part of the payload is wrong, and how. Control characters, which a payload
    /// may hold, are escaped in it.
    pub fn new(message: impl Into<String>) -> Self {
        Self(one_line(message.into()))
    }
}

pub(crate) type Step = fn(&EventHeader, Value) -> Result<Upcast, UpcastError>;

/// The upcasting steps of one event enum.
///
/// ```
/// use annals_core::{Upcast, Upcasters};
///
/// let upcasters = Upcasters::new().step("OrderCreated", 1, |_, mut payload| {
///     payload["currency"] = "USD".into(); // version 1 knew no other
///     Ok(Upcast::Next(payload))
/// });
/// assert!(upcasters.step_from("OrderCreated", 1).is_some());
/// assert!(upcasters.step_from("OrderCreated", 2).is_none());
/// ```
#[derive(Debug, Default)]
pub struct Upcasters {
    steps: HashMap<&'static str, Vec<(u16, Step)>>,
}

impl Upcasters {
    /// No steps yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry without steps, for enums that never changed.
    pub fn none() -> &'static Self {
        static NONE: std::sync::LazyLock<Upcasters> = std::sync::LazyLock::new(Upcasters::new);
        &NONE
    }

    /// Adds the step that leads on from `event_type` at `schema_version`; of two for the same version the later
    /// counts.
    #[must_use]
    pub fn step(mut self, event_type: &'static str, schema_version: u16, step: Step) -> Self {
        let steps = self.steps.entry(event_type).or_default();
        steps.retain(|(version, _)| *version != schema_version);
        steps.push((schema_version, step));
        self
    }

    /// The step that leads on from `event_type` at `schema_version`.
    pub fn step_from(&self, event_type: &str, schema_version: u16) -> Option<Step> {
        self.steps
            .get(event_type)?
            .iter()
            .find(|(version, _)| *version == schema_version)
            .map(|(_, step)| *step)
    }
}
