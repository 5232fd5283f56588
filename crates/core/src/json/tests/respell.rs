//! Other texts for the same value: any spelling that JSON allows, and the one of `PostgreSQL`'s `jsonb`.
//!
//! Written without the code under test, so that both can be wrong only in different ways.

use serde_json::{Number, Value};

/// A string of choices, reused when it is used up; proptest shrinks it.
pub(super) struct Choices<'c> {
    pub(super) bytes: &'c [u8],
    pub(super) at: usize,
}

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        self.at += 1;
        let byte = self.bytes.get(self.at % self.bytes.len().max(1)).copied().unwrap_or(0);
        (usize::from(byte) + self.at / self.bytes.len().max(1)) % count
    }
}

/// One of the many texts of `value`.
pub(super) fn any_spelling(value: &Value, choices: &mut Choices<'_>, out: &mut String) {
    whitespace(choices, out);
    match value {
        Value::String(text) => string(text, choices, out),
        Value::Number(number) => out.push_str(&any_number(number, choices)),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                any_spelling(item, choices, out);
            }
            whitespace(choices, out);
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            for last in (1..members.len()).rev() {
                members.swap(last, choices.below(last + 1));
            }
            out.push('{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                whitespace(choices, out);
                string(key, choices, out);
                whitespace(choices, out);
                out.push(':');
                any_spelling(member, choices, out);
            }
            whitespace(choices, out);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
    whitespace(choices, out);
}

fn whitespace(choices: &mut Choices<'_>, out: &mut String) {
    out.push_str(["", "", "", " ", "\n", "\t \r\n"][choices.below(6)]);
}

fn string(text: &str, choices: &mut Choices<'_>, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        let must = character < ' ' || matches!(character, '"' | '\\');
        if !must && choices.below(4) != 0 {
            out.push(character);
        } else if character == '/' {
            out.push_str("\\/");
        } else if let Some(short) = "\"\\\n\t\r".find(character).filter(|_| choices.below(2) == 0) {
            out.push_str([r#"\""#, r"\\", r"\n", r"\t", r"\r"][short]);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let hex = format!("{unit:04x}");
                out.push_str("\\u");
                out.push_str(&if choices.below(2) == 0 { hex } else { hex.to_uppercase() });
            }
        }
    }
    out.push('"');
}

fn any_number(number: &Number, choices: &mut Choices<'_>) -> String {
    const EXACT: u64 = 1 << 53;
    let exponent_form = match number.as_i128() {
        // Beyond 2^53 a fraction or an exponent would make it another number.
        Some(integer) if integer.unsigned_abs() > u128::from(EXACT) => return integer.to_string(),
        _ if number.as_f64() == Some(0.0) => {
            return ["0", "0.0", "0e0", "0.000e-12"][choices.below(4)].to_owned();
        }
        Some(integer) => format!("{integer}e0"),
        None => format!("{:e}", number.as_f64().unwrap()),
    };
    let (digits, power) = exponent_form.split_once('e').unwrap();
    let power: i32 = power.parse().unwrap();
    match choices.below(7) {
        0 => exponent_form,
        1 => exponent_form.replace('e', "E"),
        2 => format!("{digits}E{power:+}"),
        3 if digits.contains('.') => format!("{digits}000e{power}"),
        3 => format!("{digits}.000e{power}"),
        4 if !digits.contains('.') => format!("{digits}00e{}", power - 2),
        5 if plain_decimal(&exponent_form).contains('.') => plain_decimal(&exponent_form) + "00",
        6 => number.to_string(),
        _ => plain_decimal(&exponent_form),
    }
}

/// The number written out without an exponent, as `PostgreSQL`'s `numeric` prints it.
pub(super) fn plain_decimal(literal: &str) -> String {
    let (sign, unsigned) = literal.strip_prefix('-').map_or(("", literal), |rest| ("-", rest));
    let (significand, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = significand.split_once('.').unwrap_or((significand, ""));
    let point = i64::try_from(whole.len()).unwrap() + exponent.parse::<i64>().unwrap();
    let digits = format!("{whole}{fraction}");
    let length = i64::try_from(digits.len()).unwrap();
    let repeat = |count: i64| "0".repeat(usize::try_from(count).unwrap());
    if point <= 0 {
        return format!("{sign}0.{}{digits}", repeat(-point));
    }
    if point >= length {
        let padded = digits + &repeat(point - length);
        let trimmed = padded.trim_start_matches('0');
        return format!("{sign}{}", if trimmed.is_empty() { "0" } else { trimmed });
    }
    let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap());
    format!("{sign}{whole}.{fraction}")
}

/// What `jsonb` hands back for the text of `value`: keys by length and then bytes, a space after `:` and
/// `,`, and numbers written out. `spelling` is the text that was given to the database for a number.
pub(super) fn jsonb(value: &Value, spelling: &dyn Fn(&Number) -> String) -> String {
    match value {
        Value::Number(number) => plain_decimal(&spelling(number)),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| jsonb(item, spelling)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| (key.len(), key.as_bytes()));
            let members: Vec<_> = members
                .into_iter()
                .map(|(key, member)| format!("{}: {}", Value::from(key.as_str()), jsonb(member, spelling)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn numbers_are_written_out() {
    let table = [
        ("1e2", "100"),
        ("1e+21", "1000000000000000000000"),
        ("-1.5e3", "-1500"),
        ("1.25e1", "12.5"),
        ("1.5e-7", "0.00000015"),
        ("0.001e3", "1"),
        ("0", "0"),
        ("42", "42"),
        ("0.5", "0.5"),
    ];
    for (literal, plain) in table {
        assert_eq!(plain_decimal(literal), plain);
    }
}
