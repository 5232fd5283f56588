//! How deposits that were recorded years ago are read today.
//!
//! - `MoneyDeposited` v1 had no currency, which meant US dollars; v2 brought the currency; v3 brought the method,
//!   which is unknown for older ones.

use annals_core::{EventHeader, Upcast, UpcastError, Upcasters};
use serde_json::Value;

use crate::upcasting::{fields, next};

pub(super) fn upcasters() -> Upcasters {
    Upcasters::new().step("MoneyDeposited", 1, deposited_with_currency).step(
        "MoneyDeposited",
        2,
        deposited_with_method,
    )
}

fn deposited_with_currency(_: &EventHeader, payload: Value) -> Result<Upcast, UpcastError> {
    let mut payload = fields(payload)?;
    payload.insert("currency".into(), "USD".into());
    next(payload)
}

fn deposited_with_method(_: &EventHeader, payload: Value) -> Result<Upcast, UpcastError> {
    let mut payload = fields(payload)?;
    payload.insert("method".into(), "unknown".into());
    next(payload)
}
