//! Properties over random values and texts: one canonical form a value, agreement with `serde_json`, no
//! panic.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

use super::super::{Json, NotPortable};
use super::respell::{Choices, any_spelling, jsonb};
use super::same_value;

fn any_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        8 => prop::char::range(' ', '~'),
        2 => prop::sample::select(vec!['"', '\\', '/', '\n', '\t', '\u{8}', '\u{c}', '\u{1}', '\u{1f}', '\u{7f}']),
        2 => prop::sample::select(vec!['é', 'ﬁ', '\u{2028}', '😀', '\u{ffff}', '\u{10ffff}', '\u{d7ff}', '\u{e000}']),
        1 => any::<char>().prop_filter("portable", |character| *character != '\0'),
    ];
    vec(character, 0..12).prop_map(|characters| characters.into_iter().collect())
}

fn any_finite() -> impl Strategy<Value = f64> {
    const EDGES: [f64; 12] = [
        1e20,
        1e21,
        1e22,
        1e-6,
        1e-7,
        9_007_199_254_740_992.0,
        9_223_372_036_854_775_808.0,
        18_446_744_073_709_551_616.0,
        1.234_567_890_123_456_8e18,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
    ];
    #[expect(clippy::cast_precision_loss, reason = "any whole float will do")]
    let whole = any::<i64>().prop_map(|integer| integer as f64);
    let near_edge = (prop::sample::select(EDGES.to_vec()), -3_i64..4, any::<bool>()).prop_map(
        |(edge, steps, negative)| {
            let float = f64::from_bits(edge.to_bits().saturating_add_signed(steps));
            if negative { -float } else { float }
        },
    );
    prop_oneof![any::<u64>().prop_map(f64::from_bits), whole, near_edge, -1000.0..1000.0_f64]
        .prop_filter("portable", |float| float.is_finite() && (*float != 0.0 || float.is_sign_positive()))
}

fn any_integer() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        (-1000..1000_i64).prop_map(Number::from),
        ((1_u64 << 53) - 3..(1 << 53) + 4).prop_map(Number::from),
        (u64::MAX - 3..=u64::MAX).prop_map(Number::from),
        (i64::MIN..i64::MIN + 3).prop_map(Number::from),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any_integer().prop_map(Value::Number),
        any_finite().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![vec(inner.clone(), 0..6).prop_map(Value::from), members(inner).prop_map(Value::Object)]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![3 => any_text(), 1 => "[a-c]{0,3}", 1 => "long_shared_prefix_[a-c]{0,2}"];
    btree_map(key, value, 0..6).prop_map(|members| members.into_iter().collect())
}

fn any_object() -> impl Strategy<Value = Value> {
    members(any_value()).prop_map(Value::Object)
}

/// Values that may hold what is not portable, besides.
fn any_object_or_worse() -> impl Strategy<Value = Value> {
    let bad = prop_oneof![Just(Value::from(-0.0)), Just(Value::from("a\0b")), Just(Value::from("\0"))];
    (any_object(), any_text(), prop::option::of(bad)).prop_map(|(mut object, key, bad)| {
        if let (Some(bad), Some(members)) = (bad, object.as_object_mut()) {
            members.insert(key, bad);
        }
        object
    })
}

/// How a database was told a number: by its canonical spelling.
fn canonical_number(number: &Number) -> String {
    let json = Json::from_value(&serde_json::json!({ "n": number })).unwrap();
    json.as_str()[5..json.len() - 1].to_owned()
}

/// Our answer to `text` and `serde_json`'s must not contradict each other.
fn assert_agreement(text: &str) -> Result<(), TestCaseError> {
    match (Json::parse(text), serde_json::from_str::<Value>(text)) {
        (Ok(json), Ok(value)) => {
            prop_assert!(same_value(&json.to_value().unwrap(), &value), "{text} became {json:?}");
            let again = Json::parse(json.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), json.as_str());
        }
        (Ok(json), Err(error)) => prop_assert!(false, "{text} became {json:?}, but serde_json says {error}"),
        (
            Err(
                reason @ (NotPortable::Syntax { .. }
                | NotPortable::TrailingText { .. }
                | NotPortable::LoneSurrogate { .. }
                | NotPortable::NumberTooLarge { .. }),
            ),
            Ok(_),
        ) => prop_assert!(false, "{text} is JSON, but we say {reason}"),
        (Err(NotPortable::NotAnObject { .. }), Err(error)) => {
            prop_assert!(false, "{text} passed our grammar, but serde_json says {error}");
        }
        (Err(_), _) => {}
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_spelling_has_the_same_canonical_form(value in any_object(), choices in vec(any::<u8>(), 1..64)) {
        let expected = Json::from_value(&value).unwrap();
        let mut text = String::new();
        any_spelling(&value, &mut Choices { bytes: &choices, at: 0 }, &mut text);
        let parsed = Json::parse(&text).unwrap();
        prop_assert_eq!(parsed.as_str(), expected.as_str(), "from {}", text);
        prop_assert_eq!(&Json::as_stored(&text), &expected);
        prop_assert_eq!(&expected, &Json::as_stored(&text));
        prop_assert!(same_value(&serde_json::from_str(&text).unwrap(), &parsed.to_value().unwrap()));
        prop_assert!(same_value(&value, &parsed.to_value().unwrap()));
    }

    #[test]
    fn the_canonical_form_is_its_own(value in any_object()) {
        let json = Json::from_value(&value).unwrap();
        let again = Json::parse(json.as_str()).unwrap();
        let stored = Json::as_stored(json.as_str()).canonical().unwrap();
        prop_assert_eq!(again.as_str(), json.as_str());
        prop_assert_eq!(stored.as_str(), json.as_str());
    }

    #[test]
    fn serializing_is_what_serde_json_writes_made_canonical(value in any_object_or_worse()) {
        let through_text = Json::parse(&serde_json::to_string(&value).unwrap());
        match (Json::from_serialize(&value), through_text) {
            (Ok(direct), Ok(through_text)) => prop_assert_eq!(direct.as_str(), through_text.as_str()),
            (direct, through_text) => prop_assert_eq!(direct.unwrap_err(), through_text.unwrap_err()),
        }
    }

    #[test]
    fn what_jsonb_hands_back_equals_what_it_was_given(value in any_object()) {
        let committed = Json::from_value(&value).unwrap();
        let handed_back = Json::as_stored(&jsonb(&value, &canonical_number));
        prop_assert_eq!(&handed_back, &committed);
        let canonical = handed_back.canonical().unwrap();
        prop_assert_eq!(canonical.as_str(), committed.as_str());
        prop_assert!(same_value(&handed_back.to_value().unwrap(), &value));
    }

    #[test]
    fn another_value_is_not_equal(left in any_object(), right in any_object()) {
        let (one, other) = (Json::from_value(&left).unwrap(), Json::from_value(&right).unwrap());
        prop_assert_eq!(one == other, same_value(&left, &right));
        prop_assert_eq!(Json::as_stored(&right.to_string()) == one, same_value(&left, &right));
    }

    #[test]
    fn floats_read_back_to_the_same_bits(float in any_finite()) {
        let spelling = canonical_number(&Number::from_f64(float).unwrap());
        prop_assert_eq!(serde_json::from_str::<f64>(&spelling).unwrap().to_bits(), float.to_bits());
        let written_out = super::respell::plain_decimal(&spelling);
        prop_assert_eq!(serde_json::from_str::<f64>(&written_out).unwrap().to_bits(), float.to_bits());
    }

    #[test]
    fn single_floats_read_back_to_the_same_bits(bits in any::<u32>()) {
        let float = f32::from_bits(bits);
        prop_assume!(float.is_finite() && (float != 0.0 || float.is_sign_positive()));
        let json = Json::from_serialize(&std::collections::BTreeMap::from([("n", float)])).unwrap();
        let through_text = Json::parse(&format!(r#"{{"n":{}}}"#, serde_json::to_string(&float).unwrap())).unwrap();
        prop_assert_eq!(json.as_str(), through_text.as_str());
        let decoded: std::collections::BTreeMap<String, f32> = json.decode().unwrap();
        prop_assert_eq!(decoded["n"].to_bits(), bits);
    }

    #[test]
    fn decimal_literals_agree_with_serde_json(literal in r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
        assert_agreement(&format!(r#"{{"n":{literal}}}"#))?;
    }

    #[test]
    fn damaged_texts_agree_with_serde_json(
        value in any_object(),
        choices in vec(any::<u8>(), 1..64),
        damage in vec((any::<prop::sample::Index>(), 0..3, prop::sample::select(" {}[]\",:\\u0019-+.eEtnaf\u{1}\0é".chars().collect::<Vec<_>>())), 1..4),
    ) {
        let mut text = String::new();
        any_spelling(&value, &mut Choices { bytes: &choices, at: 0 }, &mut text);
        for (place, kind, character) in damage {
            let mut characters: Vec<_> = text.chars().collect();
            let at = place.index(characters.len());
            match kind {
                0 => characters[at] = character,
                1 => characters.insert(at, character),
                _ => drop(characters.remove(at)),
            }
            text = characters.into_iter().collect();
            prop_assume!(!text.is_empty());
        }
        assert_agreement(&text)?;
    }

    #[test]
    fn token_soup_agrees_with_serde_json(tokens in vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"", "\\u", "\\ud83d", "\\ude00", "\\u0000", "\\", "0", "1", "-", ".", "e",
        "E+", "true", "false", "null", "nul", " ", "\n", "1.5", "1e400", "99999999999999999999", "é", "{\"a\":", "{\"a\":[",
    ]), 0..12)) {
        assert_agreement(&tokens.concat())?;
        assert_agreement(&format!("{{\"a\":{}}}", tokens.concat()))?;
        assert_agreement(&format!("{{\"a\":\"{}\"}}", tokens.concat()))?;
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        assert_agreement(&text)?;
        let stored = Json::as_stored(&text);
        let _ = (stored.canonical(), stored.to_value(), stored.is_empty_object(), serde_json::to_string(&stored));
        prop_assert_eq!(&stored, &stored.clone());
    }
}
