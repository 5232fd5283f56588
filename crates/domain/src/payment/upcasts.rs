//! How payments that were recorded years ago are read today.
//!
//! - `PaymentProcessed` v1 had no gateway response: what the gateway answered is not known.

use annals_core::{EventHeader, Upcast, UpcastError, Upcasters};
use serde_json::Value;

use crate::upcasting::{fields, next};

pub(super) fn upcasters() -> Upcasters {
    Upcasters::new().step("PaymentProcessed", 1, processed_with_response)
}

fn processed_with_response(_: &EventHeader, payload: Value) -> Result<Upcast, UpcastError> {
    let mut payload = fields(payload)?;
    payload.insert("gateway_response".into(), "".into());
    next(payload)
}
