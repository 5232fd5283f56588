//! Reading a value from its text in JSON, without a copy of that text. Only strings are read.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};

/// Reads a string as `parse` understands it.
pub(crate) fn read<'de, T, F, D>(deserializer: D, parse: fn(&str) -> Result<T, F>) -> Result<T, D::Error>
where
    F: fmt::Display,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Text { parse })
}

struct Text<T, F> {
    parse: fn(&str) -> Result<T, F>,
}

impl<T, F: fmt::Display> Visitor<'_> for Text<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(E::custom)
    }
}
