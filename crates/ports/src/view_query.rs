//! Asking a view: by key order, by a key's beginning, or by a declared index (law V03).

use std::collections::BTreeMap;
use std::fmt;

use annals_core::Json;

use crate::{Direction, PageToken};

/// Which rows, in which order, how many at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowQuery {
    /// Which rows.
    pub select: RowSelection,
    /// Which end comes first.
    pub direction: Direction,
    /// The most rows in a page; a store may give fewer. 0 counts as 1.
    pub limit: usize,
    /// Where the page before ended; none for the first.
    pub after: Option<PageToken>,
}

/// Which rows, and by what they are ordered. All orders are by bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowSelection {
    /// All rows, or those whose key begins so, by key.
    Keys {
        /// How the key begins; empty for all.
        prefix: String,
    },
    /// The rows whose value in a declared index begins with these parts, by index value, then key.
    Index {
        /// The index.
        name: String,
        /// The first parts of the value; empty for all.
        prefix: IndexValue,
    },
}

impl RowQuery {
    /// Rows a page unless said otherwise.
    pub const DEFAULT_LIMIT: usize = 100;

    /// All rows, by key.
    pub fn all() -> Self {
        Self::keys("")
    }

    /// The rows whose key begins with `prefix`, by key.
    pub fn keys(prefix: impl Into<String>) -> Self {
        Self::select(RowSelection::Keys { prefix: prefix.into() })
    }

    /// The rows whose value in index `name` begins with the parts of `prefix`, by value.
    pub fn index(name: impl Into<String>, prefix: IndexValue) -> Self {
        Self::select(RowSelection::Index { name: name.into(), prefix })
    }

    fn select(select: RowSelection) -> Self {
        Self { select, direction: Direction::Forward, limit: Self::DEFAULT_LIMIT, after: None }
    }

    /// The last one first.
    #[must_use]
    pub fn backward(self) -> Self {
        Self { direction: Direction::Backward, ..self }
    }

    /// In pages of at most `limit` rows.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit: limit.max(1), ..self }
    }

    /// The page after the one that gave `token`.
    #[must_use]
    pub fn after(self, token: PageToken) -> Self {
        Self { after: Some(token), ..self }
    }
}

/// A row with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: String,
    /// The row.
    pub row: Json,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPage {
    /// The rows, in the order asked for.
    pub rows: Vec<Row>,
    /// Where the next page begins; none after the last.
    pub next: Option<PageToken>,
}

/// A value in an index, of one or more parts; sorted part by part, by bytes. A beginning of whole parts finds
/// all values that begin so: `["customer-1"]` finds `["customer-1", "2024-…"]`, not `["customer-10", …]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexValue(String);

impl IndexValue {
    /// A value of these parts.
    pub fn of<I: IntoIterator<Item = T>, T: fmt::Display>(parts: I) -> Self {
        let mut text = String::new();
        for part in parts {
            // Each part ends with U+001F; what is as low or lower is written as U+001E and a shifted character,
            // so that no part can end early. Order is kept among parts without control characters.
            for c in part.to_string().chars() {
                if c <= '\u{1f}' {
                    text.push('\u{1e}');
                    text.push(char::from_u32(u32::from(c) + 0x40).unwrap_or(char::REPLACEMENT_CHARACTER));
                } else {
                    text.push(c);
                }
            }
            text.push('\u{1f}');
        }
        Self(text)
    }

    /// The value as stores keep and compare it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A row's values in its view's declared indexes, by index name; an index without a value does not find the row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexValues(BTreeMap<&'static str, IndexValue>);

impl IndexValues {
    /// In no index.
    pub fn none() -> Self {
        Self::default()
    }

    /// With a value of these parts in index `name`.
    #[must_use]
    pub fn with<I: IntoIterator<Item = T>, T: fmt::Display>(mut self, name: &'static str, parts: I) -> Self {
        self.0.insert(name, IndexValue::of(parts));
        self
    }

    /// The values by index.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &IndexValue)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }
}
