//! The lines of an order. An article may stand on several lines, at several prices, as it does on real invoices:
//! lines are told apart by their number, which is never given twice.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::values::{Description, Money, MoneyError, Quantity, Sku};

/// A line's number in its order, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineNumber(NonZeroU32);

/// A text that is no line number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no line number: write a whole number from 1")]
pub struct InvalidLineNumber {
    text: String,
}

impl LineNumber {
    /// The first line.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The line after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// All numbers, from the first.
    pub fn from_first() -> impl Iterator<Item = Self> {
        std::iter::successors(Some(Self::FIRST), |number| Some(number.next()))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl FromStr for LineNumber {
    type Err = InvalidLineNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidLineNumber { text: text.chars().take(32).collect() })
    }
}

impl fmt::Display for LineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for LineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Its number in the order.
    pub number: LineNumber,
    /// The article.
    pub sku: Sku,
    /// What the article is called.
    pub description: Description,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece, without tax; never negative.
    pub unit_price: Money,
}

impl OrderLine {
    /// The price of all pieces, without tax.
    ///
    /// # Errors
    /// When it is out of money's range.
    pub fn price(&self) -> Result<Money, MoneyError> {
        self.unit_price.times(self.quantity)
    }
}

/// Pieces of an article that came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedItem {
    /// The article.
    pub sku: Sku,
    /// How many pieces.
    pub quantity: Quantity,
}
