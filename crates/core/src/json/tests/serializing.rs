//! Every shape that serde knows, and JSON text embedded in it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;

use super::super::{Json, MAX_DEPTH, NotPortable};
use super::{refusal, text_of};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Shape {
    Unit,
    Newtype(u8),
    Tuple(u8, String),
    Struct { z: bool, a: Option<u8> },
}

#[derive(Serialize)]
struct Newtype<T>(T);

#[derive(Serialize)]
struct Pair(u8, &'static str);

#[derive(Serialize)]
struct UnitStruct;

struct Bytes(&'static [u8]);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Displays as its inside, and serializes by its `Display`, as decimals and time stamps do.
struct Displayed(&'static str);

impl fmt::Display for Displayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| write!(f, "{character}"))
    }
}

impl Serialize for Displayed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Serialize)]
struct Everything {
    zeta: i8,
    unit: (),
    unit_struct: UnitStruct,
    shapes: Vec<Shape>,
    newtype: Newtype<Newtype<&'static str>>,
    pair: Pair,
    tuple: (u16, char, f32, f64),
    array: [i32; 3],
    empty: [u8; 0],
    bytes: Bytes,
    displayed: Displayed,
    some: Option<Newtype<u8>>,
    none: Option<u8>,
    wide: (i128, u128),
    integers: BTreeMap<i64, bool>,
    booleans: BTreeMap<bool, char>,
    characters: BTreeMap<char, u8>,
    variants: BTreeMap<Shape, u8>,
    newtypes: HashMap<String, u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<u8>,
    #[serde(flatten)]
    flat: BTreeMap<String, u8>,
    #[serde(rename = "\"quoted\"\n")]
    quoted: &'static str,
}

fn everything() -> Everything {
    Everything {
        zeta: -1,
        unit: (),
        unit_struct: UnitStruct,
        shapes: vec![
            Shape::Unit,
            Shape::Newtype(1),
            Shape::Tuple(2, "two".into()),
            Shape::Struct { z: true, a: None },
        ],
        newtype: Newtype(Newtype("in\tside")),
        pair: Pair(1, "é"),
        tuple: (65_535, '"', 0.1, 1e21),
        array: [i32::MIN, 0, i32::MAX],
        empty: [],
        bytes: Bytes(&[0, 9, 10, 99, 100, 255]),
        displayed: Displayed("12.\"50\"\u{1}"),
        some: Some(Newtype(1)),
        none: None,
        wide: (-5, 5),
        integers: [(-10, true), (9, false)].into(),
        booleans: [(true, 't'), (false, 'f')].into(),
        characters: [('"', 1), ('z', 2)].into(),
        variants: [(Shape::Unit, 1)].into(),
        newtypes: [("b".into(), 1), ("a".into(), 2)].into(),
        skipped: None,
        flat: [("another".into(), 1), ("zz".into(), 2)].into(),
        quoted: "/",
    }
}

#[test]
fn every_shape_is_the_one_that_serde_json_gives() {
    let value = everything();
    let through_text = Json::parse(&serde_json::to_string(&value).unwrap()).unwrap();
    assert_eq!(text_of(&value), through_text.as_str());
    assert!(text_of(&value).starts_with(r#"{"\"quoted\"\n":"/","another":1,"array":["#));
}

#[test]
fn variants_with_content_are_objects_themselves() {
    assert_eq!(text_of(&Shape::Newtype(1)), r#"{"Newtype":1}"#);
    assert_eq!(text_of(&Shape::Tuple(1, "x".into())), r#"{"Tuple":[1,"x"]}"#);
    assert_eq!(text_of(&Shape::Struct { z: true, a: Some(2) }), r#"{"Struct":{"a":2,"z":true}}"#);
    assert_eq!(refusal(&Shape::Unit), "top level: expected an object, found a string");
    assert_eq!(refusal(&()), "top level: expected an object, found null");
    assert_eq!(refusal(&Some(1.5)), "top level: expected an object, found a number");
    assert_eq!(refusal(&[1]), "top level: expected an object, found an array");
    assert_eq!(refusal(&json!(true)), "top level: expected an object, found a boolean");
}

#[test]
fn paths_lead_through_every_shape() {
    #[derive(Serialize)]
    enum Nested {
        Newtype(Newtype<f64>),
        Tuple(u8, f64),
        Struct { x: f64 },
    }
    let table = [
        (Nested::Newtype(Newtype(f64::NAN)), "a[1].Newtype: NaN is not a JSON number"),
        (Nested::Tuple(1, f64::NAN), "a[1].Tuple[1]: NaN is not a JSON number"),
        (Nested::Struct { x: f64::NAN }, "a[1].Struct.x: NaN is not a JSON number"),
    ];
    for (nested, message) in table {
        let value = HashMap::from([("a", (Some(1), nested))]);
        assert_eq!(refusal(&value), message);
    }
    assert_eq!(
        refusal(&HashMap::from([("a", HashMap::from([(7, f64::INFINITY)]))])),
        "a.7: inf is not a JSON number"
    );
    assert_eq!(
        refusal(&json!({"a": [{"\n": "\0"}]})),
        "a[0][\"\\n\"]: the string holds U+0000, which not every database can store"
    );
    assert_eq!(
        refusal(&json!({"a": [{"x\0": 1}]})),
        "a[0]: a key holds U+0000, which not every database can store"
    );
    assert_eq!(
        refusal(&HashMap::from([("a", Displayed("x\0y"))])),
        "a: the string holds U+0000, which not every database can store"
    );
}

#[test]
fn keys_that_are_no_strings_are_refused() {
    fn with_key<K: Serialize + Ord>(key: K) -> String {
        refusal(&BTreeMap::from([("a", BTreeMap::from([(key, 1)]))]))
    }
    struct Float(f64);
    impl Serialize for Float {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(self.0, 1)])
        }
    }
    assert_eq!(with_key((1, 2)), "a: expected a string as a key, found a tuple");
    assert_eq!(with_key(vec![1]), "a: expected a string as a key, found a sequence");
    assert_eq!(with_key(()), "a: expected a string as a key, found null");
    assert_eq!(with_key(None::<u8>), "a: expected a string as a key, found null");
    assert_eq!(refusal(&HashMap::from([("a", Float(1.5))])), "a: expected a string as a key, found a float");
    assert_eq!(
        with_key(Shape::Newtype(1)),
        "a: expected a string as a key, found an enum variant with content"
    );
    assert_eq!(with_key(BTreeMap::<u8, u8>::new()), "a: expected a string as a key, found a map");
    assert_eq!(text_of(&BTreeMap::from([(Some(i128::MAX), 1)])), format!("{{\"{}\":1}}", i128::MAX));
}

#[test]
fn keys_that_meet_are_refused() {
    #[derive(Serialize)]
    struct Flattened {
        a: u8,
        #[serde(flatten)]
        rest: BTreeMap<&'static str, u8>,
    }
    let value = Flattened { a: 1, rest: [("a", 2)].into() };
    assert_eq!(refusal(&HashMap::from([("x", value)])), "x.a: the key occurs more than once in its object");
}

#[test]
fn embedded_text_becomes_canonical() {
    #[derive(Serialize)]
    struct Envelope<'a> {
        raw: &'a RawValue,
        body: Json,
    }
    let raw = RawValue::from_string(r#"[ {"b" : 1e2, "a" : "\u0041"} , null ]"#.into()).unwrap();
    let envelope = Envelope { raw: &raw, body: Json::as_stored(r#"{"y": 1.0, "x": {}}"#) };
    assert_eq!(text_of(&envelope), r#"{"body":{"x":{},"y":1},"raw":[{"a":"A","b":100},null]}"#);
    assert_eq!(text_of(&envelope.body), r#"{"x":{},"y":1}"#);
    assert_eq!(
        serde_json::to_string(&envelope).unwrap(),
        r#"{"raw":[ {"b" : 1e2, "a" : "\u0041"} , null ],"body":{"y": 1.0, "x": {}}}"#
    );
    assert_eq!(serde_json::to_value(&envelope.body).unwrap(), json!({"x": {}, "y": 1.0}));

    let raw = RawValue::from_string(r#"{"p":[1,-0]}"#.into()).unwrap();
    let message = refusal(&Envelope { raw: &raw, body: Json::empty() });
    assert_eq!(message, "raw.p[1]: negative zero, which not every database can store");
    let message = refusal(&HashMap::from([("body", Json::as_stored("{"))]));
    assert_eq!(message, "body: cannot be serialized: EOF while parsing an object at line 1 column 1");
}

#[test]
fn embedded_text_counts_towards_the_depth() {
    let nested = |depth: usize| RawValue::from_string("[".repeat(depth) + &"]".repeat(depth)).unwrap();
    assert!(Json::from_serialize(&HashMap::from([("a", nested(MAX_DEPTH - 1))])).is_ok());
    let refused = Json::from_serialize(&HashMap::from([("a", nested(MAX_DEPTH))]));
    assert!(matches!(refused, Err(NotPortable::TooDeep { depth: 65, limit: 64, .. })));
}

#[test]
fn json_can_be_decoded_inside_a_struct() {
    #[derive(Debug, Deserialize)]
    struct Envelope {
        body: Json,
    }
    let decode = |text: &str| serde_json::from_str::<Envelope>(text);
    assert_eq!(decode(r#"{"body": {"b": 1, "a": 2.0}}"#).unwrap().body.as_str(), r#"{"a":2,"b":1}"#);
    let message = decode(r#"{"body": {"b": -0}}"#).unwrap_err().to_string();
    assert!(message.starts_with("b: negative zero"), "{message}");
    assert!(decode(r#"{"body": 1}"#).is_err());
    let from_value: Json = serde_json::from_value(json!({"b": 1, "a": 2})).unwrap();
    assert_eq!(from_value.as_str(), r#"{"a":2,"b":1}"#);
}

#[test]
fn a_key_that_stands_for_embedded_text_is_refused_unless_it_is_just_that() {
    for key in ["$serde_json::private::RawValue", "$serde_json::private::Number", "$serde_json::private::"] {
        for value in [json!({key: "[1]"}), json!({"a": [{"$": 0, key: "[1]"}]})] {
            let refused = Json::from_value(&value);
            assert!(matches!(refused, Err(NotPortable::ReservedKey { .. })), "{value}: {refused:?}");
        }
    }
    for key in [
        "$serde_json",
        "$serde_json::private",
        "$$serde_json::private::Number",
        "serde_json::private::Number",
    ] {
        let value = json!({"a": {key: "1"}});
        assert_eq!(Json::from_value(&value).unwrap().to_value().unwrap(), value);
    }
}

/// What `serde_json::Number` does once any crate switches on `arbitrary_precision`.
#[test]
fn numbers_carried_as_text_are_numbers() {
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::Number")]
    struct Number {
        #[serde(rename = "$serde_json::private::Number")]
        text: &'static str,
    }
    assert_eq!(text_of(&HashMap::from([("n", Number { text: "1.50E2" })])), r#"{"n":150}"#);
    let message = refusal(&HashMap::from([("n", Number { text: "1 2" })]));
    assert_eq!(message, "n: more text follows the JSON value, from byte 2 on");
}

#[test]
fn serializing_without_end_is_too_deep() {
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("a", [Endless])])
        }
    }
    assert!(matches!(Json::from_serialize(&Endless), Err(NotPortable::TooDeep { .. })));
}

#[test]
fn a_refusal_leaves_nothing_behind() {
    for _ in 0..3 {
        assert!(Json::parse(r#"{"a":{"b":[{"c":-0"#).is_err());
        assert!(Json::from_serialize(&json!({"a": {"b": ["\0"]}})).is_err());
        assert_eq!(super::canonical(r#"{"b":1,"a":2}"#), r#"{"a":2,"b":1}"#);
    }
}

#[test]
fn large_documents_are_ordered_too() {
    let large: HashMap<String, String> =
        (0..20_000).map(|n| (format!("key {n}\n"), "v".repeat(n % 40))).collect();
    let through_value = serde_json::to_string(&serde_json::to_value(&large).unwrap()).unwrap();
    assert_eq!(text_of(&large), through_value);
    assert_eq!(text_of(&json!({"a": 1})), r#"{"a":1}"#);
}
