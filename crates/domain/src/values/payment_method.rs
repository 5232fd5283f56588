//! Payment methods: the gateway's token for a way to pay, never a card number (law X03).

use std::fmt;
use std::str::FromStr;

use annals_core::limits::STREAM_ID_MAX;
use serde::{Deserialize, Serialize};

use super::card_number::holds_card_number;

/// A token that the payment gateway issued, of 1 to 128 visible ASCII characters.
///
/// ```
/// use ordermaster_domain::PaymentMethod;
///
/// assert!("pm_7f3c".parse::<PaymentMethod>().is_ok());
/// assert!("4111111111111111".parse::<PaymentMethod>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PaymentMethod(Box<str>);

/// What is no payment method. The text is not shown, for it may be a card number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPaymentMethod {
    /// A card number.
    #[error("the payment method is a card number: give the token that the payment gateway issued for it")]
    CardNumber,
    /// Not 1 to 128 visible ASCII characters.
    #[error("the payment method is no token: write 1 to 128 visible ASCII characters")]
    NoToken,
}

impl PaymentMethod {
    /// The method with this token.
    ///
    /// # Errors
    /// When it is a card number, or not 1 to 128 visible ASCII characters.
    pub fn new(token: &str) -> Result<Self, InvalidPaymentMethod> {
        // X03: a card number is refused by that name, whatever else is wrong with it.
        if holds_card_number(token) {
            return Err(InvalidPaymentMethod::CardNumber);
        }
        if (1..=STREAM_ID_MAX).contains(&token.len()) && token.chars().all(|c| c.is_ascii_graphic()) {
            Ok(Self(token.into()))
        } else {
            Err(InvalidPaymentMethod::NoToken)
        }
    }

    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PaymentMethod {
    type Err = InvalidPaymentMethod;

    fn from_str(token: &str) -> Result<Self, Self::Err> {
        Self::new(token)
    }
}

impl TryFrom<String> for PaymentMethod {
    type Error = InvalidPaymentMethod;

    fn try_from(token: String) -> Result<Self, Self::Error> {
        Self::new(&token)
    }
}

impl fmt::Display for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PaymentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
