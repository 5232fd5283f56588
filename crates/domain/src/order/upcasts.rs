//! How orders that were recorded years ago are read today.
//!
//! - `OrderCreated` v1 had no currency, which meant US dollars, and no tax; v2 brought the currency; v3 brought
//!   tax amount, tax rate and `placed_at`. Older ones had no tax, and were placed when they were recorded.
//! - `OrderConfirmed` v1 had no `confirmed_at`: it was confirmed when it was recorded.

use annals_core::{EventHeader, Upcast, UpcastError, Upcasters};
use serde_json::Value;

use crate::upcasting::{fields, next};

pub(super) fn upcasters() -> Upcasters {
    Upcasters::new()
        .step("OrderCreated", 1, created_with_currency)
        .step("OrderCreated", 2, created_with_tax)
        .step("OrderConfirmed", 1, confirmed_with_time)
}

fn created_with_currency(_: &EventHeader, payload: Value) -> Result<Upcast, UpcastError> {
    let mut payload = fields(payload)?;
    payload.insert("currency".into(), "USD".into());
    next(payload)
}

fn created_with_tax(header: &EventHeader, payload: Value) -> Result<Upcast, UpcastError> {
    let mut payload = fields(payload)?;
    payload.insert("tax_amount".into(), "0".into());
    payload.insert("tax_rate".into(), "0".into());
    payload.insert("placed_at".into(), header.recorded_at.to_string().into());
    next(payload)
}

fn confirmed_with_time(header: &EventHeader, payload: Value) -> Result<Upcast, UpcastError> {
    let mut payload = fields(payload)?;
    payload.insert("confirmed_at".into(), header.recorded_at.to_string().into());
    next(payload)
}
