//! Metadata: who asked, why, and in which conversation. A free JSON object with three names that everybody
//! knows: `correlation_id`, `causation_id` and `actor`.

use serde_json::{Map, Value};

use crate::{EventId, Json, NotPortable};

const CORRELATION: &str = "correlation_id";
const CAUSATION: &str = "causation_id";
const ACTOR: &str = "actor";

/// What is recorded beside a payload, the same for all events of a command.
///
/// ```
/// use annals_core::Metadata;
///
/// let metadata = Metadata::correlated("request-7").by("ada").with("tenant", "north");
/// assert_eq!(metadata.to_json()?.as_str(), r#"{"actor":"ada","correlation_id":"request-7","tenant":"north"}"#);
/// # Ok::<(), annals_core::NotPortable>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// No metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// Metadata of a conversation, such as a request or a business process.
    pub fn correlated(correlation_id: impl Into<String>) -> Self {
        Self::new().with(CORRELATION, correlation_id.into())
    }

    /// Names the event that caused this.
    #[must_use]
    pub fn caused_by(self, event: EventId) -> Self {
        self.with(CAUSATION, event.to_string())
    }

    /// Names who did it.
    #[must_use]
    pub fn by(self, actor: impl Into<String>) -> Self {
        self.with(ACTOR, actor.into())
    }

    /// Adds an entry of one's own, or replaces it.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// The conversation, when it is named.
    pub fn correlation_id(&self) -> Option<&str> {
        self.text(CORRELATION)
    }

    /// The event that caused this, when it is named.
    pub fn causation_id(&self) -> Option<&str> {
        self.text(CAUSATION)
    }

    /// Who did it, when it is named.
    pub fn actor(&self) -> Option<&str> {
        self.text(ACTOR)
    }

    /// An entry by its name.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// All entries, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The metadata as it is recorded.
    ///
    /// # Errors
    /// What in it every store could not hold (law A09).
    pub fn to_json(&self) -> Result<Json, NotPortable> {
        Json::from_serialize(&self.0)
    }

    /// Recorded metadata, decoded.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn from_json(json: &Json) -> Result<Self, serde_json::Error> {
        json.decode().map(Self)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }
}
