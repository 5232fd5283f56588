//! Texts that people write: bounded, on one line, without surrounding blanks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not allowed where it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidText {
    /// Too short or too long.
    #[error("the {what} has {actual} characters: write {least} to {most}")]
    Length {
        /// What the text is.
        what: &'static str,
        /// How many characters it has, without surrounding blanks.
        actual: usize,
        /// The least that is allowed.
        least: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// A character that is not allowed.
    #[error("the {what} holds {found:?}: leave control characters out")]
    Character {
        /// What the text is.
        what: &'static str,
        /// The first character that is not allowed.
        found: char,
    },
    /// A card number, which must never be recorded (law X03).
    #[error("the {what} holds a card number: send it to the payment gateway alone, and leave it out here")]
    CardNumber {
        /// What the text is.
        what: &'static str,
    },
}

/// The text without surrounding blanks, when it is of a length from `least` to `most` and on one line.
pub(crate) fn one_line(
    what: &'static str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<Box<str>, InvalidText> {
    let text = text.trim();
    if let Some(found) = text.chars().find(|c| c.is_control()) {
        return Err(InvalidText::Character { what, found });
    }
    let actual = text.chars().count();
    if (least..=most).contains(&actual) {
        Ok(text.into())
    } else {
        Err(InvalidText::Length { what, actual, least, most })
    }
}

macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $what:literal, $least:literal, $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// This text, without surrounding blanks.
            ///
            /// # Errors
            /// When it is too short or too long, or holds a control character.
            pub fn new(text: &str) -> Result<Self, InvalidText> {
                one_line($what, text, $least, $most).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(&text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

text_value!(
    /// Why something was done, in 1 to 500 characters.
    Reason,
    "reason",
    1,
    500
);
text_value!(
    /// What an article is called, in at most 200 characters; it may be empty, as catalogues are never complete.
    Description,
    "description",
    0,
    200
);
text_value!(
    /// Who carries a parcel, in 1 to 100 characters.
    Carrier,
    "carrier",
    1,
    100
);
text_value!(
    /// The carrier's number of a parcel, in 1 to 100 characters.
    TrackingNumber,
    "tracking number",
    1,
    100
);
text_value!(
    /// The payment gateway's name for a transaction, in 1 to 128 characters.
    TransactionId,
    "transaction id",
    1,
    128
);
text_value!(
    /// Who owns an account, in 1 to 200 characters.
    Owner,
    "owner",
    1,
    200
);
