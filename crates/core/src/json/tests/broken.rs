//! `Serialize` implementations that break serde's rules, pass over errors, or make JSON on the way: they get
//! an error or the right text, and never text that is not canonical.

use std::fmt;

use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::super::Json;
use super::{refusal, text_of};

/// Displays as the function says.
struct By<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for By<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

#[derive(Serialize)]
struct Under<T> {
    x: T,
}

macro_rules! serialize_by {
    ($name:ident, |$serializer:ident| $body:expr) => {
        struct $name;
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, $serializer: S) -> Result<S::Ok, S::Error> {
                $body
            }
        }
    };
}

#[test]
fn an_error_that_is_passed_over_still_refuses() {
    serialize_by!(InSeq, |serializer| {
        let mut seq = serializer.serialize_seq(None)?;
        let _ = seq.serialize_element(&json!({"b": 1, "a": [-0.0]}));
        let _ = seq.serialize_element(&json!({"b": 1, "a": 2}));
        seq.serialize_element(&1)?;
        seq.end()
    });
    serialize_by!(InMap, |serializer| {
        let mut map = serializer.serialize_map(None)?;
        let _ = map.serialize_entry("z", &json!({"b": 1, "a": {"y": 1, "x": "\0"}}));
        let _ = map.serialize_entry(&(1, 2), &1);
        let _ = map.serialize_entry("\0", &1);
        let _ = map.serialize_entry("a", &1);
        map.end()
    });
    serialize_by!(InStruct, |serializer| {
        let mut object = serializer.serialize_struct("S", 2)?;
        let _ = object.serialize_field("z", &json!({"b": 1, "a": {"y": 1, "x": "\0"}}));
        let _ = object.serialize_field("a", &1);
        object.end()
    });
    let message = "cannot be serialized: its Serialize implementation passed over an error";
    assert_eq!(refusal(&Under { x: InSeq }), format!("x: {message}"));
    assert_eq!(refusal(&InMap), format!("top level: {message}"));
    assert_eq!(refusal(&InStruct), format!("top level: {message}"));
}

#[test]
fn broken_implementations_get_errors() {
    serialize_by!(NoValue, |serializer| {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_key("a")?;
        map.end()
    });
    serialize_by!(TwoKeys, |serializer| {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_key("a")?;
        map.serialize_key("b")?;
        map.serialize_value(&1)?;
        map.end()
    });
    serialize_by!(NoKey, |serializer| {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_value(&1)?;
        map.end()
    });
    serialize_by!(NoText, |serializer| {
        serializer.serialize_struct("$serde_json::private::RawValue", 1)?.end()
    });
    serialize_by!(Custom, |_serializer| Err(serde::ser::Error::custom("the safe is locked")));
    serialize_by!(FailingDisplay, |serializer| serializer
        .collect_str(&By(|_: &mut fmt::Formatter<'_>| Err(fmt::Error))));
    serialize_by!(DisplayPassingOverNul, |serializer| serializer.collect_str(&By(
        |f: &mut fmt::Formatter<'_>| {
            let _ = f.write_str("\0");
            Ok(())
        }
    )));

    let inside = |message: String| message.replace("x: cannot be serialized: ", "");
    assert_eq!(inside(refusal(&Under { x: NoValue })), "a map's key has no value");
    assert_eq!(inside(refusal(&Under { x: TwoKeys })), "a map's key has no value");
    assert_eq!(inside(refusal(&Under { x: NoKey })), "a map's value has no key");
    assert_eq!(inside(refusal(&Under { x: NoText })), "JSON text must be one field");
    assert_eq!(inside(refusal(&Under { x: Custom })), "the safe is locked");
    assert_eq!(inside(refusal(&Under { x: FailingDisplay })), "its Display implementation failed");
    assert_eq!(
        refusal(&Under { x: DisplayPassingOverNul }),
        "x: the string holds U+0000, which not every database can store"
    );
}

#[test]
fn json_can_be_made_while_json_is_being_made() {
    serialize_by!(Nested, |serializer| {
        let inner = Json::from_serialize(&json!({"b": 1, "a": 2})).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(inner.as_str())
    });
    assert_eq!(text_of(&json!({"z": 1})), r#"{"z":1}"#);
    assert_eq!(text_of(&Under { x: Nested }), r#"{"x":"{\"a\":2,\"b\":1}"}"#);
}
