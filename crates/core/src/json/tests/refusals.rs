//! Every refusal, in its words.

use std::collections::BTreeSet;

use super::super::{Json, MAX_DEPTH, NotPortable};
use super::{canonical, refused};

/// Compiles only while it knows every variant.
fn variant(reason: &NotPortable) -> &'static str {
    match reason {
        NotPortable::Syntax { .. } => "syntax",
        NotPortable::TrailingText { .. } => "trailing text",
        NotPortable::NotAnObject { .. } => "not an object",
        NotPortable::TooDeep { .. } => "too deep",
        NotPortable::NulInString { .. } => "nul in string",
        NotPortable::NulInKey { .. } => "nul in key",
        NotPortable::LoneSurrogate { .. } => "lone surrogate",
        NotPortable::DuplicateKey { .. } => "duplicate key",
        NotPortable::ReservedKey { .. } => "reserved key",
        NotPortable::IntegerOutOfRange { .. } => "integer out of range",
        NotPortable::NumberTooLarge { .. } => "number too large",
        NotPortable::NumberTooSmall { .. } => "number too small",
        NotPortable::NegativeZero { .. } => "negative zero",
        NotPortable::KeyNotString { .. }
        | NotPortable::NotFinite { .. }
        | NotPortable::Unserializable { .. } => "only from a serializer; see the tests there",
    }
}

const TABLE: &[(&str, &str)] = &[
    // Not JSON.
    ("", "top level: not valid JSON at byte 0: expected a value, found the end of the text"),
    (" ", "top level: not valid JSON at byte 1: expected a value, found the end of the text"),
    ("\u{feff}{}", "top level: not valid JSON at byte 0: expected a value, found '\\u{feff}'"),
    ("{", "top level: not valid JSON at byte 1: expected a key in double quotes, found the end of the text"),
    ("{a:1}", "top level: not valid JSON at byte 1: expected a key in double quotes, found 'a'"),
    ("{'a':1}", "top level: not valid JSON at byte 1: expected a key in double quotes, found '\\''"),
    (r#"{"a"}"#, "a: not valid JSON at byte 4: expected `:` after the key, found '}'"),
    (r#"{"a":}"#, "a: not valid JSON at byte 5: expected a value, found '}'"),
    (r#"{"a":1,}"#, "top level: not valid JSON at byte 7: expected a key in double quotes, found '}'"),
    (r#"{"a":1 "b":2}"#, "top level: not valid JSON at byte 7: expected `,` or `}`, found '\"'"),
    (r#"{"a":[1,]}"#, "a[1]: not valid JSON at byte 8: expected a value, found ']'"),
    (r#"{"a":[1}"#, "a: not valid JSON at byte 7: expected `,` or `]`, found '}'"),
    (r#"{"a":[1"#, "a: not valid JSON at byte 7: expected `,` or `]`, found the end of the text"),
    (r#"{"a":nul}"#, "a: not valid JSON at byte 5: expected `null`, found 'n'"),
    (r#"{"a":True}"#, "a: not valid JSON at byte 5: expected a value, found 'T'"),
    (r#"{"a":tru"#, "a: not valid JSON at byte 5: expected `true`, found 't'"),
    (r#"{"a":false_}"#, "top level: not valid JSON at byte 10: expected `,` or `}`, found '_'"),
    (r#"{"a":NaN}"#, "a: not valid JSON at byte 5: expected a value, found 'N'"),
    (r#"{"a":01}"#, "a: not valid JSON at byte 6: expected no digit after a leading zero, found '1'"),
    (r#"{"a":-}"#, "a: not valid JSON at byte 6: expected a digit, found '}'"),
    (r#"{"a":+1}"#, "a: not valid JSON at byte 5: expected a value, found '+'"),
    (r#"{"a":.5}"#, "a: not valid JSON at byte 5: expected a value, found '.'"),
    (r#"{"a":1.}"#, "a: not valid JSON at byte 7: expected a digit after the point, found '}'"),
    (r#"{"a":1.e5}"#, "a: not valid JSON at byte 7: expected a digit after the point, found 'e'"),
    (r#"{"a":1e}"#, "a: not valid JSON at byte 7: expected a digit of the exponent, found '}'"),
    (r#"{"a":1e+}"#, "a: not valid JSON at byte 8: expected a digit of the exponent, found '}'"),
    (r#"{"a":"b"#, "a: not valid JSON at byte 7: expected the end of the string, found the end of the text"),
    (
        "{\"a\":\"b\n\"}",
        "a: not valid JSON at byte 7: expected an escape instead of a control character, found '\\n'",
    ),
    (
        "{\"a\":\"\0\"}",
        "a: not valid JSON at byte 6: expected an escape instead of a control character, found '\\0'",
    ),
    (
        r#"{"a":"\x"}"#,
        "a: not valid JSON at byte 7: expected one of the escapes \" \\ / b f n r t u, found 'x'",
    ),
    (
        r#"{"a":"\u00é0"}"#,
        "a: not valid JSON at byte 10: expected four hexadecimal digits after \\u, found 'é'",
    ),
    (
        r#"{"a":"\u12"#,
        "a: not valid JSON at byte 10: expected four hexadecimal digits after \\u, found the end of the text",
    ),
    (
        r#"{"a":"\ud800\u+dc0"}"#,
        "a: not valid JSON at byte 14: expected four hexadecimal digits after \\u, found '+'",
    ),
    (r#"{"a":1}/*c*/"#, "top level: more text follows the JSON value, from byte 7 on"),
    ("{} {}", "top level: more text follows the JSON value, from byte 3 on"),
    // Not an object.
    ("[1]", "top level: expected an object, found an array"),
    (r#" "{}" "#, "top level: expected an object, found a string"),
    ("12", "top level: expected an object, found a number"),
    ("-1.5", "top level: expected an object, found a number"),
    ("true", "top level: expected an object, found a boolean"),
    ("false", "top level: expected an object, found a boolean"),
    ("null", "top level: expected an object, found null"),
    // Strings and keys.
    (r#"{"a":["\u0000"]}"#, "a[0]: the string holds U+0000, which not every database can store"),
    (r#"{"a":{"b\u0000":1}}"#, "a: a key holds U+0000, which not every database can store"),
    (r#"{"a":"x\ud800"}"#, "a: \\ud800 at byte 7 is a lone surrogate, not a Unicode character"),
    (r#"{"a":"\udc00\ud800"}"#, "a: \\udc00 at byte 6 is a lone surrogate, not a Unicode character"),
    (r#"{"a":"\ud800\u0041"}"#, "a: \\ud800 at byte 6 is a lone surrogate, not a Unicode character"),
    (r#"{"a":"\uD83D\uD83D"}"#, "a: \\ud83d at byte 6 is a lone surrogate, not a Unicode character"),
    (r#"{"a":{"\uDFFF":1}}"#, "a: \\udfff at byte 7 is a lone surrogate, not a Unicode character"),
    (r#"{"a":1,"a":1}"#, "a: the key occurs more than once in its object"),
    (r#"{"a":[{"b":1,"c":2,"\u0062":1}]}"#, "a[0].b: the key occurs more than once in its object"),
    (r#"{"\n":1,"":2,"\u000a":3}"#, "[\"\\n\"]: the key occurs more than once in its object"),
    (
        r#"{"a":[{"b":1,"\u0024serde_json::private::RawValue":"[1]"}]}"#,
        "a[0][\"$serde_json::private::RawValue\"]: the key is one that not every program reads as a key; give it another \
         name",
    ),
    (
        r#"{"$serde_json::private::Number":"1"}"#,
        "[\"$serde_json::private::Number\"]: the key is one that not every program reads as a key; give it another name",
    ),
    // Numbers.
    (
        r#"{"items":[1,2,{"price":18446744073709551616}]}"#,
        "items[2].price: integer 18446744073709551616 is outside -9223372036854775808 to 18446744073709551615",
    ),
    (
        r#"{"a":-9223372036854775809}"#,
        "a: integer -9223372036854775809 is outside -9223372036854775808 to 18446744073709551615",
    ),
    (r#"{"a":1e309}"#, "a: 1e309 is beyond the largest f64, 1.7976931348623157e308"),
    (r#"{"a":-1.8e308}"#, "a: -1.8e308 is beyond the largest f64, 1.7976931348623157e308"),
    (r#"{"a":1e-400}"#, "a: 1e-400 is not zero but would be read as zero; the smallest f64 is 5e-324"),
    (r#"{"a":-2e-324}"#, "a: -2e-324 is not zero but would be read as zero; the smallest f64 is 5e-324"),
    (r#"{"a":-0}"#, "a: negative zero, which not every database can store"),
    (r#"{"a":-0.0}"#, "a: negative zero, which not every database can store"),
    (r#"{"a":-0e7}"#, "a: negative zero, which not every database can store"),
    // Paths.
    (r#"{"in EUR":{"":[-0]}}"#, "[\"in EUR\"][\"\"][0]: negative zero, which not every database can store"),
    (r#"{"größe":{"$x_y-1":-0}}"#, "größe.$x_y-1: negative zero, which not every database can store"),
];

#[test]
fn every_refusal_names_the_place_and_the_thing() {
    let mut seen = BTreeSet::from(["too deep"]);
    for (text, message) in TABLE {
        let reason = refused(text);
        assert_eq!(reason.to_string(), *message, "{text}");
        seen.insert(variant(&reason));
    }
    assert_eq!(seen.len(), 13, "a variant has no line in the table; seen: {seen:?}");
}

#[test]
fn depth_is_at_most_64() {
    let arrays = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    let objects = |depth: usize| format!("{}{}", r#"{"a":"#.repeat(depth - 1) + "{", "}".repeat(depth));
    assert_eq!(canonical(&arrays(MAX_DEPTH)), arrays(MAX_DEPTH));
    assert_eq!(canonical(&objects(MAX_DEPTH)), objects(MAX_DEPTH));

    let reason = refused(&arrays(MAX_DEPTH + 1));
    assert_eq!(variant(&reason), "too deep");
    assert_eq!(reason.to_string(), format!("a{}: nested 65 levels deep, the limit is 64", "[0]".repeat(63)));
    let reason = refused(&objects(MAX_DEPTH + 1));
    assert_eq!(reason.to_string(), format!("a{}: nested 65 levels deep, the limit is 64", ".a".repeat(63)));
}

#[test]
fn siblings_do_not_add_to_the_depth() {
    let text = format!(r#"{{"a":[{}],"b":[{}]}}"#, ["[]"; 100].join(","), ["{}"; 100].join(","));
    assert_eq!(canonical(&text), text);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(Json::from_value(&value).unwrap().as_str(), text);
}

#[test]
fn no_depth_exhausts_the_stack() {
    for unit in ["[", r#"{"a":"#, r#"[{"a":"#] {
        let text = unit.repeat(1_000_000);
        assert_eq!(variant(&refused(&text)), "too deep");
        assert!(Json::as_stored(&text).to_value().is_err());
    }
}

#[test]
fn long_keys_and_numbers_are_shortened_in_messages() {
    let long_key = "k".repeat(1000);
    assert_eq!(
        refused(&format!(r#"{{"{long_key}":-0}}"#)).to_string(),
        format!("{}…: negative zero, which not every database can store", &long_key[..48])
    );
    assert_eq!(
        refused(&format!(r#"{{"a":{}}}"#, "9".repeat(1000))).to_string(),
        format!(
            "a: integer {}… (1000 characters) is outside -9223372036854775808 to 18446744073709551615",
            "9".repeat(40)
        )
    );
}

#[test]
fn the_path_is_also_a_field() {
    assert_eq!(
        refused(r#"{"items":[1,{"price":-0}]}"#).path().map(ToString::to_string),
        Some("items[1].price".into())
    );
    assert_eq!(refused("x").path().map(|path| path.as_str().to_owned()), Some(String::new()));
    assert_eq!(refused("[]").path(), None);
}
