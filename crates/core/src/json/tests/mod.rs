//! Tests of portable JSON: what is refused and in which words, what serializes to what, and the properties
//! that digests and stores rest on.

mod broken;
mod numbers;
mod properties;
mod refusals;
mod respell;
mod serializing;

use serde::Serialize;
use serde_json::Value;

use super::{Json, NotPortable};

fn refused(text: &str) -> NotPortable {
    match Json::parse(text) {
        Ok(json) => panic!("{text} was accepted as {json:?}"),
        Err(reason) => reason,
    }
}

fn canonical(text: &str) -> String {
    match Json::parse(text) {
        Ok(json) => json.as_str().to_owned(),
        Err(reason) => panic!("{text} was refused: {reason}"),
    }
}

fn text_of<T: Serialize>(value: &T) -> String {
    match Json::from_serialize(value) {
        Ok(json) => json.as_str().to_owned(),
        Err(reason) => panic!("refused: {reason}"),
    }
}

fn refusal<T: Serialize>(value: &T) -> String {
    match Json::from_serialize(value) {
        Ok(json) => panic!("accepted: {json:?}"),
        Err(reason) => reason.to_string(),
    }
}

/// Equality of values where `1.0` is `1`; `serde_json` keeps integers and floats apart.
fn same_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (left.as_i128(), right.as_i128()) {
            (Some(left), Some(right)) => left == right,
            _ => left.as_f64() == right.as_f64(),
        },
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_value(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| left.0 == right.0 && same_value(left.1, right.1))
        }
        _ => left == right,
    }
}

#[test]
fn keys_are_sorted_by_their_utf_8_bytes() {
    // By UTF-16 units U+1F600 would come before U+FB01; by escaped text `"` (\") would come after `a`.
    assert_eq!(
        canonical(
            "{\"\u{1f600}\":1,\"\u{fb01}\":2,\"b\":3,\"B\":4,\"\":5,\"a\\u0022\":6,\"\\\"\":7,\"aa\":8,\"a!\":9}"
        ),
        "{\"\":5,\"\\\"\":7,\"B\":4,\"a!\":9,\"a\\\"\":6,\"aa\":8,\"b\":3,\"\u{fb01}\":2,\"\u{1f600}\":1}"
    );
    assert_eq!(
        canonical(r#"{"longer_key_2":1,"longer_key_10":2,"longer_k":3,"longer_key":4}"#),
        r#"{"longer_k":3,"longer_key":4,"longer_key_10":2,"longer_key_2":1}"#
    );
    assert_eq!(canonical("{\"\\n\":1,\"\\u0001\":2}"), "{\"\\u0001\":2,\"\\n\":1}");
}

#[test]
fn objects_are_ordered_at_every_level() {
    assert_eq!(
        canonical(r#" { "b" : [ { "d" : { "z" : 1 , "y" : [ ] } , "c" : { } } ] , "a" : null } "#),
        r#"{"a":null,"b":[{"c":{},"d":{"y":[],"z":1}}]}"#
    );
}

#[test]
fn strings_keep_only_the_escapes_they_need() {
    assert_eq!(
        canonical(r#"{"s":"\u0041\/\"\\\b\f\n\r\t\u0001\u001F\u007f\u00e9\ud83d\ude00\u2028"}"#),
        "{\"s\":\"A/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}é😀\u{2028}\"}"
    );
}

#[test]
fn equality_is_of_values() {
    let committed = Json::parse(r#"{"a":1,"b":[1.5,"é"]}"#).unwrap();
    let equal = [
        r#"{"a":1,"b":[1.5,"é"]}"#,
        r#"{"b": [1.50, "\u00e9"], "a": 1.0}"#,
        r#" {"a":10e-1,"b":[15E-1,"é"]} "#,
    ];
    for text in equal {
        assert_eq!(Json::as_stored(text), committed, "{text}");
        assert_eq!(committed, Json::as_stored(text), "{text}");
    }
    for text in [r#"{"a":1,"b":[1.5,"e"]}"#, r#"{"a":2,"b":[1.5,"é"]}"#, r#"{"a":1}"#, "{}", "", "gone"] {
        assert_ne!(Json::as_stored(text), committed, "{text}");
        assert_ne!(committed, Json::as_stored(text), "{text}");
    }
}

#[test]
fn texts_that_are_not_portable_are_equal_when_they_are_the_same_text() {
    assert_eq!(Json::as_stored("gone"), Json::as_stored("gone"));
    assert_ne!(Json::as_stored("gone"), Json::as_stored(" gone"));
    assert_ne!(Json::as_stored("[1]"), Json::as_stored("[1.0]"));
}

#[test]
fn canonical_checks_what_a_store_handed_back() {
    let stored = Json::as_stored(r#"{"b": 1, "a": 2}"#);
    assert_eq!(stored.as_str(), r#"{"b": 1, "a": 2}"#);
    assert_eq!(stored.len(), 16);
    assert_eq!(stored.canonical().unwrap().as_str(), r#"{"a":2,"b":1}"#);
    assert!(matches!(Json::as_stored(r#"{"a":1,"a":1}"#).canonical(), Err(NotPortable::DuplicateKey { .. })));
    assert!(matches!(Json::as_stored("[]").canonical(), Err(NotPortable::NotAnObject { .. })));
}

#[test]
fn the_empty_object_is_the_default() {
    assert_eq!(Json::default().as_str(), "{}");
    assert_eq!(Json::empty(), Json::as_stored(" { } "));
    for (text, empty) in
        [("{}", true), ("\n{\t}\r ", true), ("{\"a\":1}", false), ("", false), ("{", false), ("[]", false)]
    {
        assert_eq!(Json::as_stored(text).is_empty_object(), empty, "{text:?}");
    }
}

#[test]
fn debug_prints_the_text() {
    assert_eq!(format!("{:?}", Json::parse("{ \"a\" : 1 }").unwrap()), "{\"a\":1}");
}

#[test]
fn decoding_reads_the_text_itself() {
    let json = Json::parse(r#"{"owner":"Ada","large":18446744073709551615}"#).unwrap();
    let borrowed: std::collections::BTreeMap<&str, Value> = json.decode_borrowed().unwrap();
    assert_eq!(borrowed["owner"], "Ada");
    assert_eq!(json.to_value().unwrap()["large"], u64::MAX);
    assert!(Json::as_stored("{").decode::<Value>().is_err());
    assert!(json.decode::<Vec<u8>>().is_err());
}
