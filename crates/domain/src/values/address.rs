//! Postal addresses. Each country writes them in its own way: lines of text, and a country.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidText;
use super::text::one_line;

/// Where parcels go: at most 6 lines, each of 1 to 200 characters, and a country.
///
/// As text its parts are divided by commas, the country last.
///
/// ```
/// use ordermaster_domain::Address;
///
/// let address: Address = "1 High Street, London, United Kingdom".parse()?;
/// assert_eq!(address.country(), "United Kingdom");
/// assert_eq!(address.lines().collect::<Vec<_>>(), ["1 High Street", "London"]);
/// # Ok::<(), ordermaster_domain::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RecordedAddress")]
pub struct Address {
    lines: Vec<Box<str>>,
    country: Box<str>,
}

#[derive(Deserialize)]
struct RecordedAddress {
    lines: Vec<String>,
    country: String,
}

/// What is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// More lines than fit.
    #[error("the address has {lines} lines besides the country: write at most {}", Address::LINES_MAX)]
    TooManyLines {
        /// How many.
        lines: usize,
    },
    /// A line or the country is not allowed.
    #[error(transparent)]
    Text(#[from] InvalidText),
}

impl Address {
    /// The most lines, not counting the country.
    pub const LINES_MAX: usize = 6;

    /// The address with these lines in this country. There may be no lines, where only the country is known.
    ///
    /// # Errors
    /// When there are too many lines, or one of them or the country is empty, too long, or holds a control
    /// character.
    pub fn new<'a>(lines: impl IntoIterator<Item = &'a str>, country: &str) -> Result<Self, InvalidAddress> {
        let lines: Result<Vec<_>, _> =
            lines.into_iter().map(|line| one_line("address line", line, 1, 200)).collect();
        let lines = lines?;
        if lines.len() > Self::LINES_MAX {
            return Err(InvalidAddress::TooManyLines { lines: lines.len() });
        }
        Ok(Self { lines, country: one_line("country", country, 1, 100)? })
    }

    /// The lines, from the top.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(AsRef::as_ref)
    }

    /// The country.
    pub fn country(&self) -> &str {
        &self.country
    }
}

impl TryFrom<RecordedAddress> for Address {
    type Error = InvalidAddress;

    fn try_from(recorded: RecordedAddress) -> Result<Self, Self::Error> {
        Self::new(recorded.lines.iter().map(String::as_str), &recorded.country)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.rsplit_once(',') {
            Some((lines, country)) => Self::new(lines.split(','), country),
            None => Self::new([], text),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| write!(f, "{line}, "))?;
        f.write_str(&self.country)
    }
}
