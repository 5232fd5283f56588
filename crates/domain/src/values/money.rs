//! Money: an exact amount of one currency.
//!
//! It refuses to mix currencies, to carry more decimals than its currency has, and to leave its range. Two equal
//! amounts have equal text, for the amount always carries all decimals of its currency. Nothing here rounds
//! except [`Money::rounded`], which says so.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::decimal;
use super::{Currency, InvalidDecimal, Quantity, UnknownCurrency};

/// An exact amount of one currency, between minus and plus one quadrillion (10¹⁵), both excluded.
///
/// In JSON it is `{"amount": "12.50", "currency": "GBP"}`, as text `12.50 GBP`.
///
/// ```
/// use ordermaster_domain::{Currency, Money};
///
/// let price: Money = "2.5 GBP".parse()?;
/// assert_eq!(price.to_string(), "2.50 GBP");
/// assert_eq!(price.checked_add(price)?.to_string(), "5.00 GBP");
/// assert!(price.checked_add(Money::zero(Currency::USD)).is_err());
/// assert!("1.5 JPY".parse::<Money>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RecordedMoney")]
pub struct Money {
    #[serde(with = "decimal")]
    amount: Decimal,
    currency: Currency,
}

#[derive(Deserialize)]
struct RecordedMoney {
    #[serde(with = "decimal")]
    amount: Decimal,
    currency: Currency,
}

/// Why there is no such amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Amounts of two currencies do not add up.
    #[error("{right} cannot be combined with {left}: convert one of them first")]
    MixedCurrencies {
        /// The currency on the left.
        left: Currency,
        /// The other one.
        right: Currency,
    },
    /// More decimals than the currency has.
    #[error("{amount} {currency} has more decimals than the {allowed} that {currency} has: round it first")]
    TooManyDecimals {
        /// The amount.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
        /// How many decimals the currency has.
        allowed: u32,
    },
    /// Beyond the range of amounts.
    #[error("the amount in {currency} is beyond a quadrillion: split it")]
    Overflow {
        /// The currency.
        currency: Currency,
    },
}

/// Why a text is no money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMoney {
    /// Not an amount and a currency.
    #[error("{text:?} is no money: write amount and currency, for example 12.50 GBP")]
    Shape {
        /// The text.
        text: String,
    },
    /// The amount is no decimal.
    #[error(transparent)]
    Amount(#[from] InvalidDecimal),
    /// The currency is not known.
    #[error(transparent)]
    Currency(#[from] UnknownCurrency),
    /// The currency has no such amount.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Money {
    /// The first amount that is out of range. Within it, every product with a quantity or a tax rate is exact.
    const BOUND: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

    /// Exactly this amount.
    ///
    /// # Errors
    /// When the currency has fewer decimals, or the amount is out of range.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let allowed = currency.minor_units();
        if amount.abs() >= Self::BOUND {
            return Err(MoneyError::Overflow { currency });
        }
        let mut exact = amount.normalize();
        if exact.scale() > allowed {
            return Err(MoneyError::TooManyDecimals { amount, currency, allowed });
        }
        exact.rescale(allowed);
        Ok(Self { amount: exact, currency })
    }

    /// The amount with as many decimals as the currency has, halves rounded away from zero, as invoices do.
    ///
    /// # Errors
    /// When the amount is out of range.
    pub fn rounded(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let strategy = RoundingStrategy::MidpointAwayFromZero;
        Self::new(amount.round_dp_with_strategy(currency.minor_units(), strategy), currency)
    }

    /// No money, of this currency.
    pub fn zero(currency: Currency) -> Self {
        Self { amount: Decimal::new(0, currency.minor_units()), currency }
    }

    /// The amount, with all decimals of the currency.
    pub const fn amount(self) -> Decimal {
        self.amount
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.amount.is_zero()
    }

    /// Whether it is more than nothing.
    pub fn is_positive(self) -> bool {
        self.amount > Decimal::ZERO
    }

    /// Whether it is less than nothing.
    pub fn is_negative(self) -> bool {
        self.amount < Decimal::ZERO
    }

    /// The sum.
    ///
    /// # Errors
    /// When the currencies differ, or the sum is out of range.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combined(other, Decimal::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// When the currencies differ, or the difference is out of range.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combined(other, Decimal::checked_sub)
    }

    /// The price of `quantity` pieces.
    ///
    /// # Errors
    /// When the product is out of range.
    pub fn times(self, quantity: Quantity) -> Result<Self, MoneyError> {
        let product = self.amount.checked_mul(Decimal::from(quantity.get()));
        Self::new(product.ok_or(MoneyError::Overflow { currency: self.currency })?, self.currency)
    }

    /// Whether this is more than `other`.
    ///
    /// # Errors
    /// When the currencies differ.
    pub fn exceeds(self, other: Self) -> Result<bool, MoneyError> {
        other.same_currency(self).map(|()| self.amount > other.amount)
    }

    /// Checks that `other` is of the same currency.
    ///
    /// # Errors
    /// When it is not.
    pub fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::MixedCurrencies { left: self.currency, right: other.currency })
        }
    }

    /// Adds what history says was added. For `evolve`, which trusts history: whether currencies fit and the sum
    /// is in range was decided before the event was recorded.
    pub(crate) fn accumulate(&mut self, recorded: Self) {
        self.amount = self.amount.saturating_add(recorded.amount);
    }

    /// Subtracts what history says was taken away; see [`Self::accumulate`].
    pub(crate) fn deduct(&mut self, recorded: Self) {
        self.amount = self.amount.saturating_sub(recorded.amount);
    }

    fn combined(
        self,
        other: Self,
        combine: fn(Decimal, Decimal) -> Option<Decimal>,
    ) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let amount = combine(self.amount, other.amount);
        Self::new(amount.ok_or(MoneyError::Overflow { currency: self.currency })?, self.currency)
    }
}

impl TryFrom<RecordedMoney> for Money {
    type Error = MoneyError;

    fn try_from(recorded: RecordedMoney) -> Result<Self, Self::Error> {
        Self::new(recorded.amount, recorded.currency)
    }
}

impl FromStr for Money {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || InvalidMoney::Shape { text: text.chars().take(64).collect() };
        let (amount, currency) = text.trim().split_once(' ').ok_or_else(shape)?;
        Ok(Self::new(decimal::parse(amount)?, currency.trim_start().parse()?)?)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
