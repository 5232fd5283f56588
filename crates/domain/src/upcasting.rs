//! What the aggregates' upcasts share: a payload taken apart into its fields, and put together again.

use annals_core::{Upcast, UpcastError};
use serde_json::{Map, Value};

/// The fields of an old payload.
pub(crate) fn fields(payload: Value) -> Result<Map<String, Value>, UpcastError> {
    match payload {
        Value::Object(fields) => Ok(fields),
        _ => Err(UpcastError::new("a payload must be a JSON object")),
    }
}

/// The payload one schema version on.
#[expect(clippy::unnecessary_wraps, reason = "every upcast ends with it")]
pub(crate) fn next(fields: Map<String, Value>) -> Result<Upcast, UpcastError> {
    Ok(Upcast::Next(Value::Object(fields)))
}
