//! Portable JSON: the canonical form is one for equal values, is its own canonical form, and keeps the value (laws A09,
//! A14).

use annals::{Json, Value};

use crate::told::told;

/// Reads a text as portable JSON, and as what a store handed back.
///
/// # Panics
/// When a property breaks.
pub fn canonical_json(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let stored = Json::as_stored(&text);
    assert_eq!(stored, stored.clone());
    let json = match Json::parse(&text) {
        Ok(json) => json,
        Err(error) => {
            told(&error);
            assert!(stored.canonical().is_err(), "{text:?} is refused, and has a canonical form");
            return;
        }
    };
    let again = Json::parse(json.as_str()).expect("the canonical form is portable");
    assert_eq!(again.as_str(), json.as_str(), "the canonical form is its own");
    assert_eq!(stored, json, "{text:?} is not equal to its canonical form");
    assert_eq!(json.is_empty_object(), stored.is_empty_object());

    // Another reader sees the same value in both, and writing that gives the same text.
    let value: Value = serde_json::from_str(&text).expect("portable JSON is JSON");
    let canonical = json.to_value().expect("the canonical form is JSON");
    let of_value = Json::from_value(&value).expect("the value of portable JSON is portable");
    let of_canonical = Json::from_value(&canonical).expect("the value of portable JSON is portable");
    assert_eq!(of_value.as_str(), json.as_str());
    assert_eq!(of_canonical.as_str(), json.as_str());
}
