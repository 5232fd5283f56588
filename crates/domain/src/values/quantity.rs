//! Quantities: how many pieces, at least one.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number of pieces, from 1 to 4,294,967,295.
///
/// ```
/// use ordermaster_domain::Quantity;
///
/// assert_eq!(Quantity::new(3)?.get(), 3);
/// assert!(Quantity::new(0).is_err());
/// # Ok::<(), ordermaster_domain::InvalidQuantity>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(NonZeroU32);

/// What is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no quantity: write a whole number from 1 to {}", u32::MAX)]
pub struct InvalidQuantity {
    found: String,
}

impl Quantity {
    /// One piece.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// So many pieces.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(number: u32) -> Result<Self, InvalidQuantity> {
        NonZeroU32::new(number).map(Self).ok_or_else(|| InvalidQuantity { found: number.to_string() })
    }

    /// How many.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = || InvalidQuantity { found: text.chars().take(32).collect() };
        text.parse().map(Self).map_err(|_| found())
    }
}

impl From<Quantity> for u64 {
    fn from(quantity: Quantity) -> Self {
        Self::from(quantity.get())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
