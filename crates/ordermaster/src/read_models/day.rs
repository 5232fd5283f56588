//! A calendar day in UTC, as sales are booked by it and as people write it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use annals::Timestamp;
use serde::{Deserialize, Serialize};

/// A calendar day in UTC, as text `2024-02-29`.
///
/// ```
/// use ordermaster::read_models::Day;
///
/// let day: Day = "2024-02-29".parse()?;
/// assert_eq!(day.begin().to_string(), "2024-02-29T00:00:00.000000Z");
/// assert_eq!(day.end().to_string(), "2024-02-29T23:59:59.999999Z");
/// assert!("2023-02-29".parse::<Day>().is_err());
/// # Ok::<(), ordermaster::read_models::InvalidDay>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day {
    begin: Timestamp,
}

/// A text that is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no day: write YYYY-MM-DD, for example 2024-02-29")]
pub struct InvalidDay {
    text: String,
}

impl Day {
    /// The day in which `instant` lies.
    pub fn of(instant: Timestamp) -> Self {
        const MICROS: i64 = 86_400_000_000;
        let micros = instant.as_micros();
        Self { begin: Timestamp::from_micros(micros - micros.rem_euclid(MICROS)) }
    }

    /// Its first instant.
    pub fn begin(self) -> Timestamp {
        self.begin
    }

    /// Its last instant.
    pub fn end(self) -> Timestamp {
        self.begin.plus(Duration::from_micros(86_399_999_999))
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidDay { text: text.chars().take(40).collect() };
        if text.len() != "2024-02-29".len() {
            return Err(invalid());
        }
        let begin = format!("{text}T00:00:00Z").parse().map_err(|_| invalid())?;
        Ok(Self { begin })
    }
}

impl TryFrom<String> for Day {
    type Error = InvalidDay;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.begin.date()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.begin.date())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
