//! A [`Json`] inside another serialized value: carried through serde as JSON text, not as a quoted string.
//!
//! Works with `serde_json` and with [`Json::from_serialize`]; other formats see `serde_json`'s own guise of a
//! `RawValue`. As for `RawValue`, decoding works neither below `#[serde(flatten)]` nor in an untagged or
//! internally tagged enum.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Json;

/// ```
/// use annals_core::Json;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Envelope {
///     body: Json,
/// }
/// let envelope = Envelope { body: Json::parse(r#"{"a":1}"#)? };
/// assert_eq!(Json::from_serialize(&envelope)?.as_str(), r#"{"body":{"a":1}}"#);
///
/// let text = serde_json::to_string(&envelope)?;
/// assert_eq!(serde_json::from_str::<Envelope>(&text)?.body, envelope.body);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(self.as_str()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// Refuses what is not a portable JSON object, and brings the rest into canonical form.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(D::Error::custom)
    }
}
