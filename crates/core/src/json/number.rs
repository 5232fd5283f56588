//! Numbers: which are portable (law A09), and the one spelling of each.
//!
//! An integer within `i64` or `u64` keeps its digits. Every other number is an `f64`, spelt as ECMAScript
//! spells it (RFC 8785). Where that spelling is an integer (`1e20`), the digits are those of the shortest
//! spelling, so a number comes out the same whether it entered as a float, as canonical text, or as a
//! database respelt it.

use super::not_portable::{Failure, JsonPath, NotPortable};

/// The most digits before the point that any `f64` has.
const LONGEST_INTEGER: usize = 309;
/// Characters of a refused number that an error shows.
const LITERAL_SHOWN: usize = 40;
/// Below this, every integer is an `f64` and its ECMAScript spelling is its digits.
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;

pub(super) fn push_u64(out: &mut String, value: u64) {
    let mut buffer = [0; 20];
    let mut start = buffer.len();
    let mut rest = value;
    loop {
        start -= 1;
        buffer[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push_str(str::from_utf8(&buffer[start..]).expect("decimal digits are ASCII"));
}

pub(super) fn push_i64(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    push_u64(out, value.unsigned_abs());
}

pub(super) fn push_f64(out: &mut String, value: f64) -> Result<(), Failure> {
    refuse_special(value)?;
    if value.fract() == 0.0 && value.abs() < EXACT_INTEGERS {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
        push_i64(out, value as i64);
    } else {
        out.push_str(ryu_js::Buffer::new().format_finite(value));
    }
    Ok(())
}

/// Like `serde_json`, an `f32` is spelt by its own shortest digits: `0.1`, not `0.10000000149011612`.
pub(super) fn push_f32(out: &mut String, value: f32) -> Result<(), Failure> {
    refuse_special(f64::from(value))?;
    out.push_str(ryu_js::Buffer::new().format_finite(value));
    Ok(())
}

fn refuse_special(value: f64) -> Result<(), Failure> {
    if value == 0.0 && value.is_sign_negative() {
        return Err(negative_zero());
    }
    if value.is_finite() {
        return Ok(());
    }
    let value = match value {
        f64::INFINITY => "inf",
        f64::NEG_INFINITY => "-inf",
        _ => "NaN",
    };
    Err(Failure::new(NotPortable::NotFinite { path: JsonPath::default(), value }))
}

/// Appends the canonical spelling of an integer literal: JSON's digits with an optional minus, no fraction
/// and no exponent.
pub(super) fn push_integer_literal(out: &mut String, literal: &str) -> Result<(), Failure> {
    const ALWAYS_WITHIN: usize = 18;
    if literal == "-0" {
        return Err(negative_zero());
    }
    if literal.len() <= ALWAYS_WITHIN || literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok() {
        out.push_str(literal);
        return Ok(());
    }
    match float_spelt_by(literal) {
        Some(value) => push_f64(out, value),
        None => Err(integer_out_of_range(literal)),
    }
}

/// Appends the canonical spelling of a literal with a fraction or an exponent.
pub(super) fn push_float_literal(out: &mut String, literal: &str) -> Result<(), Failure> {
    let path = JsonPath::default();
    let value: f64 = literal.parse().map_err(|_| Failure::unserializable("a number that f64 cannot read"))?;
    if value.is_infinite() {
        return Err(Failure::new(NotPortable::NumberTooLarge { path, literal: shortened(literal) }));
    }
    if value == 0.0 {
        let significand = literal.split(['e', 'E']).next().unwrap_or(literal);
        if significand.bytes().any(|byte| matches!(byte, b'1'..=b'9')) {
            return Err(Failure::new(NotPortable::NumberTooSmall { path, literal: shortened(literal) }));
        }
    }
    push_f64(out, value)
}

/// The `f64` whose shortest spelling, written out, is exactly this integer. That is how `PostgreSQL` hands
/// back `1e300`; any other integer this long would lose digits as an `f64`, and is refused.
fn float_spelt_by(integer: &str) -> Option<f64> {
    let digits = integer.strip_prefix('-').unwrap_or(integer);
    if digits.len() > LONGEST_INTEGER {
        return None;
    }
    let value = integer.parse::<f64>().ok().filter(|value| value.is_finite())?;
    let mut buffer = ryu_js::Buffer::new();
    let shortest = buffer.format_finite(value.abs());
    let spelt = match shortest.split_once("e+") {
        None => shortest == digits,
        Some((significand, exponent)) => {
            let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
            let zeros = digits.strip_prefix(whole).and_then(|rest| rest.strip_prefix(fraction));
            exponent.parse() == Ok(digits.len() - 1)
                && zeros.is_some_and(|zeros| zeros.bytes().all(|byte| byte == b'0'))
        }
    };
    spelt.then_some(value)
}

#[cold]
fn negative_zero() -> Failure {
    Failure::new(NotPortable::NegativeZero { path: JsonPath::default() })
}

#[cold]
pub(super) fn integer_out_of_range(literal: &str) -> Failure {
    Failure::new(NotPortable::IntegerOutOfRange { path: JsonPath::default(), literal: shortened(literal) })
}

/// The literal itself, or its beginning and its length: an error is no place for a megabyte of digits.
fn shortened(literal: &str) -> String {
    match literal.get(..LITERAL_SHOWN) {
        Some(shown) if literal.len() > LITERAL_SHOWN => {
            format!("{shown}… ({} characters)", literal.len())
        }
        _ => literal.to_owned(),
    }
}
