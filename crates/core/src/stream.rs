//! Streams and places in them.
//!
//! A stream is named `category-id`: the category tells which aggregate it holds, the id which one of them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::{self, LimitExceeded};

/// The name of a stream, `category-id`. Cheap to clone; ordered by bytes.
///
/// ```
/// use annals_core::StreamId;
///
/// let stream: StreamId = "order-2024-0042".parse()?;
/// assert_eq!(stream.category(), "order");
/// assert_eq!(stream.id(), "2024-0042");
/// # Ok::<(), annals_core::InvalidStreamId>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamId {
    text: Arc<str>,
    category_len: usize,
}

/// Why a text names no stream or category.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStreamId {
    /// A part is too short or too long.
    #[error("stream {text:?}: {exceeded}")]
    Length {
        /// The whole text.
        text: String,
        /// The limit and the value.
        #[source]
        exceeded: LimitExceeded,
    },
    /// A character that the category must not hold.
    #[error("category {text:?} holds {found:?}: only a-z, 0-9 and _ are allowed")]
    CategoryCharacter {
        /// The category.
        text: String,
        /// The first character that is not allowed.
        found: char,
    },
    /// A character that the id must not hold.
    #[error("id {text:?} holds {found:?}: only visible ASCII characters are allowed")]
    IdCharacter {
        /// The id.
        text: String,
        /// The first character that is not allowed.
        found: char,
    },
    /// No hyphen between category and id.
    #[error("{text:?} names no stream: write category-id, for example order-42")]
    NoHyphen {
        /// The whole text.
        text: String,
    },
}

impl StreamId {
    /// The stream of `id` in `category`.
    ///
    /// # Errors
    /// When the category is not 1 to 64 of `a-z 0-9 _`, or the id not 1 to 128 visible ASCII characters (law A08).
    pub fn new(category: &str, id: &str) -> Result<Self, InvalidStreamId> {
        let text = format!("{category}-{id}");
        let length = |exceeded| InvalidStreamId::Length { text: text.clone(), exceeded };
        check_category(category)?;
        if let Some(found) = id.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(InvalidStreamId::IdCharacter { text: id.to_owned(), found });
        }
        limits::between("stream id length", "characters", id.len(), 1, limits::STREAM_ID_MAX)
            .map_err(length)?;
        Ok(Self { text: text.into(), category_len: category.len() })
    }

    /// The part before the first hyphen.
    pub fn category(&self) -> &str {
        &self.text[..self.category_len]
    }

    /// The part after the first hyphen.
    pub fn id(&self) -> &str {
        &self.text[self.category_len + 1..]
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn check_category(category: &str) -> Result<(), InvalidStreamId> {
    if let Some(found) = category.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_')) {
        return Err(InvalidStreamId::CategoryCharacter { text: category.to_owned(), found });
    }
    limits::between("category length", "characters", category.len(), 1, limits::CATEGORY_MAX)
        .map_err(|exceeded| InvalidStreamId::Length { text: category.to_owned(), exceeded })
}

impl FromStr for StreamId {
    type Err = InvalidStreamId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (category, id) =
            text.split_once('-').ok_or_else(|| InvalidStreamId::NoHyphen { text: text.to_owned() })?;
        Self::new(category, id)
    }
}

impl TryFrom<String> for StreamId {
    type Error = InvalidStreamId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<StreamId> for String {
    fn from(stream: StreamId) -> Self {
        stream.text.as_ref().to_owned()
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The first part of a stream's name: 1 to 64 characters of `a-z 0-9 _`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Category(Arc<str>);

impl Category {
    /// A category of this name.
    ///
    /// # Errors
    /// When it is not 1 to 64 of `a-z 0-9 _` (law A08).
    pub fn new(name: &str) -> Result<Self, InvalidStreamId> {
        check_category(name)?;
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Category {
    type Error = InvalidStreamId;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(&name)
    }
}

impl From<Category> for String {
    fn from(category: Category) -> Self {
        category.0.as_ref().to_owned()
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event's place in its stream, from 1; as the version of a stream, how many events it holds.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Version(u64);

impl Version {
    /// The version of a stream without events.
    pub const NONE: Self = Self(0);
    /// The first event's place.
    pub const FIRST: Self = Self(1);
    /// The last place that every store can count to.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// The place `number`; numbers beyond [`Version::MAX`] become it.
    pub const fn new(number: u64) -> Self {
        if number > Self::MAX.0 { Self::MAX } else { Self(number) }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::new(self.0 + 1)
    }

    /// The place `count` further on.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self::new(self.0.saturating_add(count))
    }

    /// The place before this one; none before the first.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self::new(number)
    }
}

impl From<Version> for u64 {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}
