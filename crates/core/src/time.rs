//! The one notion of time: UTC in whole microseconds, which every store can hold and compare alike.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant in UTC, in whole microseconds, between the years 1 and 9999.
///
/// As text it is RFC 3339 with six decimals and `Z`, of fixed width, so that texts sort as instants do.
///
/// ```
/// use annals_core::Timestamp;
///
/// let noon: Timestamp = "2024-02-29T12:00:00Z".parse()?;
/// assert_eq!(noon.to_string(), "2024-02-29T12:00:00.000000Z");
/// assert_eq!(noon.date(), "2024-02-29");
/// # Ok::<(), annals_core::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "std::borrow::Cow<'_, str>", into = "String")]
pub struct Timestamp(i64);

/// Why a text is no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no instant: write RFC 3339, for example 2024-02-29T12:00:00Z ({reason})")]
pub struct InvalidTimestamp {
    text: String,
    reason: String,
}

impl Timestamp {
    /// The first instant, 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// The last instant, 9999-12-30T22:00:00Z, jiff's own bound.
    pub const MAX: Self = Self(253_402_207_200_000_000);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The instant so many microseconds after 1970-01-01T00:00:00Z; what lies outside [`Self::MIN`] and
    /// [`Self::MAX`] becomes the nearer of them.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The instant `duration` later, in whole microseconds.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// The instant `duration` earlier, in whole microseconds.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The calendar day in UTC, as `2024-02-29`.
    pub fn date(self) -> String {
        let mut text = self.to_string();
        text.truncate(10);
        text
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("MIN and MAX lie within jiff's range")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_jiff())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason: String| InvalidTimestamp { text: text.to_owned(), reason };
        let parsed: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| fail(error.to_string()))?;
        let micros = parsed.as_nanosecond().div_euclid(1_000);
        let micros = i64::try_from(micros).map_err(|error| fail(error.to_string()))?;
        if (Self::MIN.0..=Self::MAX.0).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(fail("the year must be between 1 and 9999".to_owned()))
        }
    }
}

impl TryFrom<std::borrow::Cow<'_, str>> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: std::borrow::Cow<'_, str>) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}
