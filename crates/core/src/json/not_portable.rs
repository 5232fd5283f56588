//! Why a text or a value is not portable JSON, and where in it.
//!
//! [`NotPortable`] has one variant for each rule of law A09; each message names the place as a [`JsonPath`].
//! Paths cost nothing until something is refused: the error collects them on its way out.

use std::fmt;

/// Why a text or a value is not a portable JSON object (law A09).
///
/// ```
/// use annals_core::json::NotPortable;
/// use annals_core::Json;
///
/// let refused = Json::parse(r#"{"items":[{"price":1},{"price":1e999}]}"#).unwrap_err();
/// assert!(matches!(refused, NotPortable::NumberTooLarge { .. }));
/// assert_eq!(
///     refused.to_string(),
///     "items[1].price: 1e999 is beyond the largest f64, 1.7976931348623157e308"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotPortable {
    /// The text is not JSON.
    #[error("{path}: not valid JSON at byte {offset}: expected {expected}, found {}", FoundText(*found))]
    Syntax {
        /// Where.
        path: JsonPath,
        /// The byte of the text, from 0.
        offset: usize,
        /// What would have been JSON there.
        expected: &'static str,
        /// What stands there instead; `None` is the text's end.
        found: Option<char>,
    },
    /// The text goes on after the JSON value.
    #[error("{path}: more text follows the JSON value, from byte {offset} on")]
    TrailingText {
        /// Where.
        path: JsonPath,
        /// The first byte of what follows, from 0.
        offset: usize,
    },
    /// The outermost value is not an object.
    #[error("top level: expected an object, found {found}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// Objects and arrays lie too deep in each other; the outermost object has depth 1.
    #[error("{path}: nested {depth} levels deep, the limit is {limit}")]
    TooDeep {
        /// The first value beyond the limit.
        path: JsonPath,
        /// Its depth.
        depth: usize,
        /// The limit, [`MAX_DEPTH`](super::MAX_DEPTH).
        limit: usize,
    },
    /// A string holds U+0000, which `PostgreSQL` cannot hold.
    #[error("{path}: the string holds U+0000, which not every database can store")]
    NulInString {
        /// Where.
        path: JsonPath,
    },
    /// An object's key holds U+0000, which `PostgreSQL` cannot hold.
    #[error("{path}: a key holds U+0000, which not every database can store")]
    NulInKey {
        /// The object.
        path: JsonPath,
    },
    /// A `\u` escape of half a surrogate pair: no Unicode character.
    #[error("{path}: \\u{escape:04x} at byte {offset} is a lone surrogate, not a Unicode character")]
    LoneSurrogate {
        /// The string; for a key, its object.
        path: JsonPath,
        /// The escape's number.
        escape: u16,
        /// The escape's first byte in the text, from 0.
        offset: usize,
    },
    /// An object has a key twice.
    #[error("{path}: the key occurs more than once in its object")]
    DuplicateKey {
        /// The key, in full.
        path: JsonPath,
    },
    /// An object's key begins with `$serde_json::private::`, which programs built with some features of `serde_json` read
    /// as something other than a key.
    #[error("{path}: the key is one that not every program reads as a key; give it another name")]
    ReservedKey {
        /// The key, in full.
        path: JsonPath,
    },
    /// An object's key is not a string, nor anything that is written as one.
    #[error("{path}: expected a string as a key, found {found}")]
    KeyNotString {
        /// The object.
        path: JsonPath,
        /// What the key is.
        found: &'static str,
    },
    /// An integer that neither `i64`, `u64` nor `f64` holds as it is written.
    #[error("{path}: integer {literal} is outside {} to {}", i64::MIN, u64::MAX)]
    IntegerOutOfRange {
        /// Where.
        path: JsonPath,
        /// The number, shortened when it is very long.
        literal: String,
    },
    /// A number beyond the largest `f64`.
    #[error("{path}: {literal} is beyond the largest f64, {:e}", f64::MAX)]
    NumberTooLarge {
        /// Where.
        path: JsonPath,
        /// The number, shortened when it is very long.
        literal: String,
    },
    /// A number other than zero that is zero as an `f64`.
    #[error(
        "{path}: {literal} is not zero but would be read as zero; the smallest f64 is {:e}",
        f64::from_bits(1)
    )]
    NumberTooSmall {
        /// Where.
        path: JsonPath,
        /// The number, shortened when it is very long.
        literal: String,
    },
    /// Zero with a minus sign, which not every database can tell from zero.
    #[error("{path}: negative zero, which not every database can store")]
    NegativeZero {
        /// Where.
        path: JsonPath,
    },
    /// A float that JSON cannot spell.
    #[error("{path}: {value} is not a JSON number")]
    NotFinite {
        /// Where.
        path: JsonPath,
        /// `NaN`, `inf` or `-inf`.
        value: &'static str,
    },
    /// A `Serialize` implementation refused its value, or broke serde's rules.
    #[error("{path}: cannot be serialized: {message}")]
    Unserializable {
        /// Where.
        path: JsonPath,
        /// What it said.
        message: String,
    },
}

impl NotPortable {
    /// Where in the JSON the refused thing stands.
    ///
    /// ```
    /// let refused = annals_core::Json::parse(r#"{"a":{"b":-0}}"#).unwrap_err();
    /// assert_eq!(refused.path().map(|path| path.as_str()), Some("a.b"));
    /// ```
    pub fn path(&self) -> Option<&JsonPath> {
        match self {
            Self::NotAnObject { .. } => None,
            Self::Syntax { path, .. }
            | Self::TrailingText { path, .. }
            | Self::TooDeep { path, .. }
            | Self::NulInString { path }
            | Self::NulInKey { path }
            | Self::LoneSurrogate { path, .. }
            | Self::DuplicateKey { path }
            | Self::ReservedKey { path }
            | Self::KeyNotString { path, .. }
            | Self::IntegerOutOfRange { path, .. }
            | Self::NumberTooLarge { path, .. }
            | Self::NumberTooSmall { path, .. }
            | Self::NegativeZero { path }
            | Self::NotFinite { path, .. }
            | Self::Unserializable { path, .. } => Some(path),
        }
    }

    fn path_mut(&mut self) -> Option<&mut JsonPath> {
        match self {
            Self::NotAnObject { .. } => None,
            Self::Syntax { path, .. }
            | Self::TrailingText { path, .. }
            | Self::TooDeep { path, .. }
            | Self::NulInString { path }
            | Self::NulInKey { path }
            | Self::LoneSurrogate { path, .. }
            | Self::DuplicateKey { path }
            | Self::ReservedKey { path }
            | Self::KeyNotString { path, .. }
            | Self::IntegerOutOfRange { path, .. }
            | Self::NumberTooLarge { path, .. }
            | Self::NumberTooSmall { path, .. }
            | Self::NegativeZero { path }
            | Self::NotFinite { path, .. }
            | Self::Unserializable { path, .. } => Some(path),
        }
    }
}

struct FoundText(Option<char>);

impl fmt::Display for FoundText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(found) => write!(f, "{found:?}"),
            None => f.write_str("the end of the text"),
        }
    }
}

/// A place in a JSON text, such as `items[2].price`; empty for the outermost value.
///
/// Keys other than letters, digits, `_`, `-` and `$` are quoted: `prices["in EUR"]`. Long keys are shortened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonPath(String);

/// Characters of a key that a path shows.
const KEY_SHOWN: usize = 48;

impl JsonPath {
    /// The path as text; empty for the outermost value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn prepend(&mut self, segment: &str) {
        if !self.0.is_empty() && !self.0.starts_with('[') {
            self.0.insert(0, '.');
        }
        self.0.insert_str(0, segment);
    }

    fn prepend_key(&mut self, key: &str) {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$');
        let shown = match key.char_indices().nth(KEY_SHOWN) {
            Some((end, _)) => format!("{}…", &key[..end]),
            None => key.to_owned(),
        };
        if !key.is_empty() && key.chars().take(KEY_SHOWN).all(is_plain) {
            self.prepend(&shown);
        } else {
            self.prepend(&format!("[{shown:?}]"));
        }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "top level" } else { &self.0 })
    }
}

/// A refusal on its way out: one word wide, so that results stay in registers.
#[derive(Debug)]
pub(super) struct Failure(Box<NotPortable>);

impl Failure {
    #[cold]
    pub(super) fn new(reason: NotPortable) -> Self {
        Self(Box::new(reason))
    }

    #[cold]
    pub(super) fn unserializable(message: impl Into<String>) -> Self {
        Self::new(NotPortable::Unserializable { path: JsonPath::default(), message: message.into() })
    }

    #[cold]
    pub(super) fn under_key(mut self, key: &str) -> Self {
        if let Some(path) = self.0.path_mut() {
            path.prepend_key(key);
        }
        self
    }

    #[cold]
    pub(super) fn under_index(mut self, index: usize) -> Self {
        if let Some(path) = self.0.path_mut() {
            path.prepend(&format!("[{index}]"));
        }
        self
    }

    pub(super) fn into_not_portable(self) -> NotPortable {
        *self.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl serde::ser::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::unserializable(message.to_string())
    }
}
