//! Decimals as text: how amounts and rates stand in JSON, and how they are typed in.
//!
//! Only plain notation is read, and only what a `Decimal` holds exactly: nothing is ever rounded in silence, and
//! a JSON number is refused, for it may have been a float on its way.

use rust_decimal::Decimal;
use serde::{Deserializer, Serializer};

use super::from_text;

/// A text that is no decimal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no decimal number: write digits with at most one point, for example 12.50")]
pub struct InvalidDecimal {
    text: String,
}

/// Reads a decimal in plain notation, exactly.
pub(crate) fn parse(text: &str) -> Result<Decimal, InvalidDecimal> {
    let invalid = || InvalidDecimal { text: text.chars().take(64).collect() };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    if plain { Decimal::from_str_exact(text).map_err(|_| invalid()) } else { Err(invalid()) }
}

pub(crate) fn serialize<S: Serializer>(decimal: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(decimal)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    from_text::read(deserializer, parse)
}
