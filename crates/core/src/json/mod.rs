//! Portable JSON: the text of a payload, of metadata, of a snapshot's state, of a view's row.
//!
//! [`Json`] promises that what it accepts is held alike by every store (law A09), and that equal values have
//! equal text: the *canonical form*, over which digests are made (law A14). That form has its keys sorted by
//! their UTF-8 bytes, no white space, one spelling a number and as few escapes as can be.
//!
//! What a store hands back is taken as it is ([`Json::as_stored`]): it is read when it is decoded, and is
//! equal to what was committed whatever its key order, white space or spelling of numbers (law R04). Nothing
//! here limits a text's length; the limits of law A08 are checked where commits are made.

mod as_text;
mod compound;
mod embedded;
mod escape;
mod not_portable;
mod number;
mod scanner;
mod serializer;
mod stored;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use not_portable::{JsonPath, NotPortable};
pub use stored::StoredTexts;
use writer::CanonicalWriter;

/// How deep objects and arrays may lie in each other; the outermost object has depth 1 (law A09).
pub const MAX_DEPTH: usize = 64;

/// The text of a portable JSON object. Cheap to clone.
///
/// Two are equal when their values are: numbers compare by value, and the order of keys does not matter.
///
/// ```
/// use annals_core::Json;
///
/// let committed = Json::parse(r#"{ "total": 1e2, "currency": "EUR" }"#)?;
/// assert_eq!(committed.as_str(), r#"{"currency":"EUR","total":100}"#);
///
/// let handed_back = Json::as_stored(r#"{"total": 100.0, "currency": "EUR"}"#);
/// assert_eq!(handed_back, committed);
/// # Ok::<(), annals_core::NotPortable>(())
/// ```
#[derive(Clone)]
pub struct Json {
    /// The text, or a longer one that it is a part of.
    whole: Arc<str>,
    from: usize,
    to: usize,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Portable, and in canonical form.
    Canonical,
    /// As a store handed it back; may hold anything.
    AsStored,
}

impl Json {
    fn from_canonical(text: Arc<str>) -> Self {
        Self::of(text, Form::Canonical)
    }

    fn of(text: Arc<str>, form: Form) -> Self {
        Self { from: 0, to: text.len(), whole: text, form }
    }

    /// The object without members, `{}`.
    ///
    /// ```
    /// assert_eq!(annals_core::Json::empty().as_str(), "{}");
    /// ```
    pub fn empty() -> Self {
        Self::from_canonical("{}".into())
    }

    /// Reads a text and brings it into canonical form.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// let json = Json::parse(r#"{"b": [1.50, 1e21], "a": "\u00e9"}"#)?;
    /// assert_eq!(json.as_str(), r#"{"a":"é","b":[1.5,1e+21]}"#);
    /// assert!(Json::parse(r#"{"a":1,"a":2}"#).is_err());
    /// # Ok::<(), annals_core::NotPortable>(())
    /// ```
    ///
    /// # Errors
    /// What is not JSON, or what in it every store could not hold (law A09), and where.
    pub fn parse(text: &str) -> Result<Self, NotPortable> {
        CanonicalWriter::document(|writer| scanner::scan(text, writer)).map(Self::from_canonical)
    }

    /// Serializes a value, which must become an object, straight to canonical form.
    ///
    /// The shape is the one that `serde_json` gives. Unlike there, a float that is NaN or infinite is refused
    /// instead of becoming null, and so are floats as keys of a map.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// #[derive(serde::Serialize)]
    /// struct Withdrawn<'a> {
    ///     reason: &'a str,
    ///     amount: u64,
    /// }
    /// let withdrawn = Json::from_serialize(&Withdrawn { reason: "rent", amount: 900 })?;
    /// assert_eq!(withdrawn.as_str(), r#"{"amount":900,"reason":"rent"}"#);
    /// # Ok::<(), annals_core::NotPortable>(())
    /// ```
    ///
    /// # Errors
    /// What in the value every store could not hold (law A09), or why it cannot be serialized, and where.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, NotPortable> {
        CanonicalWriter::document(|writer| value.serialize(writer)).map(Self::from_canonical)
    }

    /// The canonical form of a `serde_json` value, which must be an object.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// let json = Json::from_value(&serde_json::json!({ "b": 1.0, "a": null }))?;
    /// assert_eq!(json.as_str(), r#"{"a":null,"b":1}"#);
    /// # Ok::<(), annals_core::NotPortable>(())
    /// ```
    ///
    /// # Errors
    /// What in the value every store could not hold (law A09), and where.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, NotPortable> {
        Self::from_serialize(value)
    }

    /// Takes what a store handed back, as it is and unchecked. What is wrong with it shows when it is
    /// decoded.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// let stored = Json::as_stored(r#"{"n": 1}"#);
    /// assert_eq!(stored.as_str(), r#"{"n": 1}"#);
    /// assert!(Json::as_stored("gone").to_value().is_err());
    /// ```
    pub fn as_stored(text: &str) -> Self {
        Self::of(text.into(), Form::AsStored)
    }

    /// The same value in canonical form, whatever is inside. A cheap clone unless it came from a store.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// assert_eq!(Json::as_stored(r#"{"b": 1, "a": 2}"#).canonical()?.as_str(), r#"{"a":2,"b":1}"#);
    /// # Ok::<(), annals_core::NotPortable>(())
    /// ```
    ///
    /// # Errors
    /// When the text, which came from a store, is not portable JSON.
    pub fn canonical(&self) -> Result<Self, NotPortable> {
        match self.form {
            Form::Canonical => Ok(self.clone()),
            Form::AsStored => Self::parse(self.as_str()),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.whole[self.from..self.to]
    }

    /// The text's length in bytes, by which the limits of law A08 are counted.
    #[expect(clippy::len_without_is_empty, reason = "no JSON text is empty; see is_empty_object")]
    pub fn len(&self) -> usize {
        self.to - self.from
    }

    /// Whether this is the object without members.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// assert!(Json::empty().is_empty_object());
    /// assert!(Json::as_stored("{ }").is_empty_object());
    /// assert!(!Json::as_stored(r#"{"a":1}"#).is_empty_object());
    /// ```
    pub fn is_empty_object(&self) -> bool {
        let whitespace = [' ', '\t', '\n', '\r'];
        let inside =
            self.as_str().trim_matches(whitespace).strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        inside.is_some_and(|inside| inside.trim_matches(whitespace).is_empty())
    }

    /// Decodes the text into a type that owns what it holds.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Withdrawn {
    ///     amount: u64,
    /// }
    /// assert_eq!(Json::parse(r#"{"amount":900}"#)?.decode::<Withdrawn>()?.amount, 900);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the text does not have the type's shape or, having come from a store, is not JSON.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// Decodes the text into a type that may borrow from it.
    ///
    /// A `&str` can be borrowed only where the text holds no escapes; `Cow<str>` with `#[serde(borrow)]`
    /// always works.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Opened<'a> {
    ///     owner: &'a str,
    /// }
    /// let json = Json::parse(r#"{"owner":"Ada"}"#)?;
    /// assert_eq!(json.decode_borrowed::<Opened>()?.owner, "Ada");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the text does not have the type's shape or, having come from a store, is not JSON.
    pub fn decode_borrowed<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// The value as a tree.
    ///
    /// ```
    /// use annals_core::Json;
    ///
    /// assert_eq!(Json::parse(r#"{"a":[1]}"#)?.to_value()?, serde_json::json!({ "a": [1] }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the text came from a store and is not JSON.
    pub fn to_value(&self) -> Result<serde_json::Value, serde_json::Error> {
        self.decode()
    }
}

impl Default for Json {
    fn default() -> Self {
        Self::empty()
    }
}

/// Equal as JSON values. Two texts that are not portable JSON are equal when they are the same text.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        if self.as_str() == other.as_str() {
            return true;
        }
        if self.form == Form::Canonical && other.form == Form::Canonical {
            return false;
        }
        match (self.canonical(), other.canonical()) {
            (Ok(left), Ok(right)) => left.as_str() == right.as_str(),
            _ => false,
        }
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
