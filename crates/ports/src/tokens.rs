//! Places in page tokens: fields written as one text of visible ASCII, and read back.
//!
//! Fields are joined by `.`; within one, every byte but letters, digits, `_` and `-` is written `%XX`.

use std::fmt::Write as _;

/// The fields as one text.
pub fn join(fields: &[&str]) -> String {
    let mut text = String::new();
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            text.push('.');
        }
        for byte in field.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
                text.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

/// The fields of a text that [`join`] made of `N` of them.
pub fn split<const N: usize>(text: &str) -> Option<[String; N]> {
    let fields: Option<Vec<_>> = text.split('.').map(decode).collect();
    fields?.try_into().ok()
}

/// A text without its `%XX` escapes; none when one is broken.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let (digits, tail) = rest.split_at_checked(2)?;
            rest = tail;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_back_whatever_they_hold() {
        let fields = ["plain", "", "with.dot%and\u{1f}more", "größer\u{0}"];
        let text = join(&fields);
        assert!(text.is_ascii() && !text.contains('\u{1f}'));
        assert_eq!(split::<4>(&text).unwrap(), fields);
    }

    #[test]
    fn a_text_of_other_fields_is_none() {
        assert_eq!(split::<2>("one"), None);
        assert_eq!(split::<1>("broken%4"), None);
        assert_eq!(split::<1>("%zz"), None);
    }
}
