//! One spelling a number, however it comes in: as a float, as text, or as a database respelt it.

use serde::{Deserialize, Serialize};

use super::super::{Json, NotPortable};
use super::{canonical, refused};

#[derive(Debug, Serialize, Deserialize)]
struct Wrapped<T> {
    n: T,
}

fn number(literal: &str) -> String {
    let text = canonical(&format!(r#"{{"n":{literal}}}"#));
    text[5..text.len() - 1].to_owned()
}

fn serialized<T: Serialize>(n: T) -> Result<String, NotPortable> {
    Json::from_serialize(&Wrapped { n }).map(|json| json.as_str()[5..json.len() - 1].to_owned())
}

#[test]
fn literals_have_one_spelling() {
    let table = [
        ("0", "0"),
        ("0.0", "0"),
        ("0e99", "0"),
        ("0E-5", "0"),
        ("1.0", "1"),
        ("-1.0", "-1"),
        ("1e2", "100"),
        ("1E+2", "100"),
        ("100", "100"),
        ("1.50", "1.5"),
        ("15e-1", "1.5"),
        ("0.1", "0.1"),
        ("0.10000000000000000555", "0.1"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("123456789012345680000", "123456789012345680000"),
        ("1.5e300", "1.5e+300"),
        ("5e-324", "5e-324"),
        ("3e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("1.7976931348623158e308", "1.7976931348623157e+308"),
        // Integers stay themselves, above 2^53 too.
        ("9007199254740992", "9007199254740992"),
        ("9007199254740993", "9007199254740993"),
        ("-9007199254740993", "-9007199254740993"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
        ("1234567890123456768", "1234567890123456768"),
        // A fraction or an exponent makes it a float, with the float's shortest digits.
        ("9007199254740993.0", "9007199254740992"),
        ("9007199254740993e0", "9007199254740992"),
        ("1.2345678901234568e18", "1234567890123456800"),
        ("1.2345678901234567e18", "1234567890123456800"),
        ("1234567890123456768.0", "1234567890123456800"),
        ("1234567890123456800", "1234567890123456800"),
        ("9223372036854775808.0", "9223372036854776000"),
        ("-9223372036854775808.0", "-9223372036854776000"),
        ("-9223372036854776000", "-9223372036854776000"),
        ("1.8446744073709552e19", "18446744073709552000"),
        ("18446744073709552000", "18446744073709552000"),
        ("-18446744073709552000", "-18446744073709552000"),
        ("1000000000000000000000", "1e+21"),
        ("-1234567890123456800000000", "-1.2345678901234568e+24"),
    ];
    for (literal, spelling) in table {
        assert_eq!(number(literal), spelling, "{literal}");
        assert_eq!(number(spelling), spelling, "{literal} again");
    }
}

#[test]
fn a_long_integer_is_accepted_only_as_a_floats_shortest_digits() {
    assert_eq!(number(&format!("1{}", "0".repeat(300))), "1e+300");
    assert_eq!(number(&format!("-17976931348623157{}", "0".repeat(292))), "-1.7976931348623157e+308");
    let refusals = [
        "18446744073709551616".to_owned(), // 2^64 itself: the f64's shortest digits are …552000
        "18446744073709551999".to_owned(),
        "18446744073709552001".to_owned(),
        "100000000000000000001".to_owned(),
        "-100000000000000000001".to_owned(),
        "1000000000000000000001".to_owned(),
        "1200000000000000000001".to_owned(),
        "12345678901234567890123".to_owned(),
        format!("1{}1", "0".repeat(299)),
        format!("17976931348623158{}", "0".repeat(292)), // rounds to f64::MAX, but is not its spelling
        format!("18{}", "0".repeat(307)),
        format!("1{}", "0".repeat(309)),
        format!("1{}", "0".repeat(100_000)),
    ];
    for literal in refusals {
        let reason = refused(&format!(r#"{{"n":{literal}}}"#));
        assert!(matches!(reason, NotPortable::IntegerOutOfRange { .. }), "{literal}: {reason}");
    }
}

#[test]
fn long_fractions_are_rounded_correctly() {
    // Half way between 1 and the next f64, and a hair more, 800 digits on.
    let tie = "1.00000000000000011102230246251565404236316680908203125";
    assert_eq!(number(tie), "1");
    assert_eq!(number(&format!("{tie}{}1", "0".repeat(800))), "1.0000000000000002");
}

#[test]
fn floats_come_out_the_same_however_they_enter() {
    let floats = [
        1.0,
        0.1,
        1e-7,
        1.234_567_890_123_456_8e18,
        9_007_199_254_740_992.0,
        -9_007_199_254_740_994.0,
        9_223_372_036_854_775_808.0,
        -9_223_372_036_854_775_808.0,
        18_446_744_073_709_551_616.0,
        18_446_744_073_709_549_568.0,
        1e20,
        123_456_789_012_345_680_000.0,
        999_999_999_999_999_900_000.0,
        1e21,
        1e300,
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
    ];
    for float in floats {
        let spelling = serialized(float).unwrap();
        assert_eq!(number(&format!("{float:e}")), spelling, "exponent form");
        assert_eq!(number(&format!("{float}")), spelling, "plain digits");
        assert_eq!(number(&serde_json::to_string(&float).unwrap()), spelling, "as serde_json spells it");
        let decoded: Wrapped<f64> = Json::parse(&format!(r#"{{"n":{spelling}}}"#)).unwrap().decode().unwrap();
        assert_eq!(decoded.n.to_bits(), float.to_bits(), "{spelling}");
    }
}

#[test]
fn integers_are_serialized_digit_by_digit() {
    assert_eq!(serialized(u64::MAX).unwrap(), "18446744073709551615");
    assert_eq!(serialized(i64::MIN).unwrap(), "-9223372036854775808");
    assert_eq!(serialized(9_007_199_254_740_993_u64).unwrap(), "9007199254740993");
    assert_eq!(serialized(u128::from(u64::MAX)).unwrap(), "18446744073709551615");
    assert_eq!(serialized(i128::from(i64::MIN)).unwrap(), "-9223372036854775808");
    assert_eq!(serialized(i128::from(u64::MAX)).unwrap(), "18446744073709551615");
    assert_eq!(
        serialized(u128::MAX).unwrap_err().to_string(),
        "n: integer 340282366920938463463374607431768211455 is outside -9223372036854775808 to 18446744073709551615"
    );
    assert!(matches!(serialized(i128::from(i64::MIN) - 1), Err(NotPortable::IntegerOutOfRange { .. })));
    assert!(matches!(serialized(u128::from(u64::MAX) + 1), Err(NotPortable::IntegerOutOfRange { .. })));
}

#[test]
fn single_precision_keeps_its_own_shortest_digits() {
    assert_eq!(serialized(0.1_f32).unwrap(), "0.1");
    assert_eq!(serialized(16_777_216_f32).unwrap(), "16777216");
    assert_eq!(serialized(123_456_792_f32).unwrap(), "123456790");
    assert_eq!(serialized(1_f32).unwrap(), "1");
    assert_eq!(serialized(f32::MAX).unwrap(), "3.4028235e+38");
    assert_eq!(serialized(f32::from_bits(1)).unwrap(), "1e-45");
}

#[test]
fn floats_that_json_cannot_spell_are_refused() {
    assert_eq!(serialized(f64::NAN).unwrap_err().to_string(), "n: NaN is not a JSON number");
    assert_eq!(serialized(f64::INFINITY).unwrap_err().to_string(), "n: inf is not a JSON number");
    assert_eq!(serialized(f32::NEG_INFINITY).unwrap_err().to_string(), "n: -inf is not a JSON number");
    assert!(matches!(serialized(f32::NAN), Err(NotPortable::NotFinite { .. })));
    assert!(matches!(serialized(-0.0_f64), Err(NotPortable::NegativeZero { .. })));
    assert!(matches!(serialized(-0.0_f32), Err(NotPortable::NegativeZero { .. })));
}
