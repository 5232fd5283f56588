//! Tax rates, and the tax that they give.
//!
//! The one place where the domain rounds: a tax is rounded once, over the whole sum, to the currency's smallest
//! unit, halves away from zero, as invoices do.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::decimal;
use super::{InvalidDecimal, Money, MoneyError};

/// A tax rate as a fraction from 0 to 1 with at most 6 decimals: 0.2 is 20 %.
///
/// ```
/// use ordermaster_domain::{Money, TaxRate};
///
/// let rate: TaxRate = "0.077".parse()?;
/// let net: Money = "12.50 CHF".parse()?;
/// assert_eq!(rate.on(net)?.to_string(), "0.96 CHF"); // 0.9625
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "RecordedRate")]
pub struct TaxRate(#[serde(with = "decimal")] Decimal);

#[derive(Deserialize)]
struct RecordedRate(#[serde(with = "decimal")] Decimal);

/// What is no tax rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTaxRate {
    /// Not a decimal number.
    #[error(transparent)]
    Decimal(#[from] InvalidDecimal),
    /// Below 0 or above 1.
    #[error("the tax rate {rate} is not between 0 and 1: write 0.2 for 20 %")]
    OutOfRange {
        /// The rate.
        rate: Decimal,
    },
    /// More than 6 decimals.
    #[error("the tax rate {rate} has more than {} decimals: round it first", TaxRate::DECIMALS)]
    TooManyDecimals {
        /// The rate.
        rate: Decimal,
    },
}

impl TaxRate {
    /// No tax.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// The most decimals that a rate has.
    pub const DECIMALS: u32 = 6;

    /// The rate with this fraction.
    ///
    /// # Errors
    /// When it is not between 0 and 1, or has more than 6 decimals.
    pub fn new(fraction: Decimal) -> Result<Self, InvalidTaxRate> {
        let rate = fraction.normalize();
        if rate < Decimal::ZERO || rate > Decimal::ONE {
            Err(InvalidTaxRate::OutOfRange { rate })
        } else if rate.scale() > Self::DECIMALS {
            Err(InvalidTaxRate::TooManyDecimals { rate })
        } else {
            Ok(Self(rate))
        }
    }

    /// The fraction, without trailing zeros.
    pub const fn fraction(self) -> Decimal {
        self.0
    }

    /// The tax on `net`, rounded to the currency's smallest unit, halves away from zero.
    ///
    /// # Errors
    /// When the tax is out of money's range.
    pub fn on(self, net: Money) -> Result<Money, MoneyError> {
        let currency = net.currency();
        let tax = net.amount().checked_mul(self.0).ok_or(MoneyError::Overflow { currency })?;
        Money::rounded(tax, currency)
    }
}

impl TryFrom<RecordedRate> for TaxRate {
    type Error = InvalidTaxRate;

    fn try_from(recorded: RecordedRate) -> Result<Self, Self::Error> {
        Self::new(recorded.0)
    }
}

impl FromStr for TaxRate {
    type Err = InvalidTaxRate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(decimal::parse(text)?)
    }
}

impl fmt::Display for TaxRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TaxRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
