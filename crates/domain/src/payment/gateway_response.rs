//! What a payment gateway answered, kept as it came, for disputes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::values::InvalidText;
use crate::values::card_number::holds_card_number;

/// What a payment gateway answered: a text of at most 4,000 characters, often JSON; empty when it is not known.
///
/// A response that holds a card number is refused (law X03): have the gateway mask it.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct GatewayResponse(Box<str>);

impl GatewayResponse {
    /// The most characters.
    pub const MAX: usize = 4_000;

    /// This response.
    ///
    /// # Errors
    /// When it is too long, or holds a card number or a control character other than tabs and line ends.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let what = "gateway response";
        let actual = text.chars().count();
        if let Some(found) = text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
            Err(InvalidText::Character { what, found })
        } else if actual > Self::MAX {
            Err(InvalidText::Length { what, actual, least: 0, most: Self::MAX })
        } else if holds_card_number(text) {
            Err(InvalidText::CardNumber { what })
        } else {
            Ok(Self(text.into()))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GatewayResponse {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for GatewayResponse {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl fmt::Display for GatewayResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for GatewayResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
