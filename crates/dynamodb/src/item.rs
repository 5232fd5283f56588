//! Items: their attributes written and read. What is not as it was written is damage, named by its attribute.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use annals_core::{Json, Timestamp};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::fault::Fault;

/// An item, by the names of its attributes.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A text.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A whole number.
pub(crate) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Bytes.
pub(crate) fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// A set of texts, as bytes: `DynamoDB` Local writes a set of texts that are not ASCII anew, and wrong, with each addition.
pub(crate) fn texts(values: impl IntoIterator<Item = impl AsRef<str>>) -> AttributeValue {
    AttributeValue::Bs(values.into_iter().map(|value| Blob::new(value.as_ref())).collect())
}

/// A write unit: what is not longer is not worth compressing.
const UNIT: usize = 1024;

/// JSON as it is, or compressed where it is longer than a unit and that saves one.
pub(crate) fn json(value: &Json) -> AttributeValue {
    let plain = value.as_str();
    if plain.len() > UNIT
        && let Ok(packed) = zstd::bulk::compress(plain.as_bytes(), zstd::DEFAULT_COMPRESSION_LEVEL)
        && packed.len().div_ceil(UNIT) < plain.len().div_ceil(UNIT)
    {
        return bytes(packed);
    }
    text(plain)
}

/// The attributes of an item, read.
pub(crate) trait Attributes {
    /// The attribute, if there is one.
    fn attribute(&self, name: &str) -> Option<&AttributeValue>;

    /// The fault of an attribute that is not what it should be.
    fn wrong(name: &str, found: Option<&AttributeValue>) -> Fault {
        match found {
            Some(_) => {
                Fault::damaged(format!("the attribute {name} of an item does not read as it was written"))
            }
            None => Fault::damaged(format!("an item has no attribute {name}")),
        }
    }

    /// A text.
    fn text(&self, name: &str) -> Result<&str, Fault> {
        self.maybe_text(name).ok_or_else(|| Self::wrong(name, self.attribute(name)))
    }

    /// A text, if there is one.
    fn maybe_text(&self, name: &str) -> Option<&str> {
        self.attribute(name).and_then(|value| value.as_s().ok()).map(String::as_str)
    }

    /// A text that reads as something.
    fn parsed<T: FromStr>(&self, name: &str) -> Result<T, Fault> {
        self.text(name)?.parse().map_err(|_| Self::wrong(name, self.attribute(name)))
    }

    /// A number.
    fn number<T: FromStr>(&self, name: &str) -> Result<T, Fault> {
        self.maybe_number(name)?.ok_or_else(|| Self::wrong(name, None))
    }

    /// A number, if there is one.
    fn maybe_number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        let Some(found) = self.attribute(name) else { return Ok(None) };
        let read = found.as_n().ok().and_then(|digits| digits.parse().ok());
        read.map(Some).ok_or_else(|| Self::wrong(name, Some(found)))
    }

    /// An instant.
    fn instant(&self, name: &str) -> Result<Timestamp, Fault> {
        self.parsed(name)
    }

    /// An instant, if there is one.
    fn maybe_instant(&self, name: &str) -> Result<Option<Timestamp>, Fault> {
        self.attribute(name).map(|_| self.instant(name)).transpose()
    }

    /// Bytes.
    fn bytes(&self, name: &str) -> Result<&[u8], Fault> {
        let found = self.attribute(name);
        found.and_then(|value| value.as_b().ok()).map(AsRef::as_ref).ok_or_else(|| Self::wrong(name, found))
    }

    /// JSON of at most `most` bytes, as [`json`] writes it.
    fn json(&self, name: &str, most: usize) -> Result<Json, Fault> {
        self.maybe_json(name, most)?.ok_or_else(|| Self::wrong(name, None))
    }

    /// JSON, if there is any.
    fn maybe_json(&self, name: &str, most: usize) -> Result<Option<Json>, Fault> {
        let Some(found) = self.attribute(name) else { return Ok(None) };
        read_json(found, most).map(Some).ok_or_else(|| Self::wrong(name, Some(found)))
    }

    /// A set of texts, as [`texts`] writes it; empty when there is none.
    fn texts(&self, name: &str) -> Result<Vec<&str>, Fault> {
        match self.attribute(name) {
            None => Ok(Vec::new()),
            Some(found @ AttributeValue::Bs(texts)) => {
                let read: Result<_, _> =
                    texts.iter().map(|text| std::str::from_utf8(text.as_ref())).collect();
                read.map_err(|_| Self::wrong(name, Some(found)))
            }
            found => Err(Self::wrong(name, found)),
        }
    }

    /// A set of numbers; empty when there is none.
    fn numbers(&self, name: &str) -> Result<Vec<u64>, Fault> {
        match self.attribute(name) {
            None => Ok(Vec::new()),
            Some(found @ AttributeValue::Ns(numbers)) => {
                let read: Result<_, _> = numbers.iter().map(|number| number.parse()).collect();
                read.map_err(|_| Self::wrong(name, Some(found)))
            }
            found => Err(Self::wrong(name, found)),
        }
    }
}

/// JSON of at most `most` bytes, as [`json`] writes it.
pub(crate) fn read_json(value: &AttributeValue, most: usize) -> Option<Json> {
    match value {
        AttributeValue::S(plain) => Some(Json::as_stored(plain)),
        AttributeValue::B(packed) => {
            let plain = zstd::bulk::decompress(packed.as_ref(), most).ok()?;
            Some(Json::as_stored(std::str::from_utf8(&plain).ok()?))
        }
        _ => None,
    }
}

impl Attributes for Item {
    fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        self.get(name)
    }
}
