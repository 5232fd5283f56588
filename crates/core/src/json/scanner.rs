//! The scanner: reads JSON text once, refuses what is not portable, and writes canonical text as it goes.
//!
//! Recursive descent whose depth the writer bounds; no input can make it panic or exhaust the stack. It knows
//! JSON's grammar only: order, duplicates and depth are the writer's, numbers are [`number`]'s.

use super::escape::{self, Nul};
use super::not_portable::{Failure, JsonPath, NotPortable};
use super::number;
use super::writer::{self, CanonicalWriter};

/// Reads `text`, which must hold one JSON value and nothing else, into `writer`.
pub(super) fn scan(text: &str, writer: &mut CanonicalWriter) -> Result<(), Failure> {
    let mut scanner = Scanner { text, at: 0, writer };
    scanner.value()?;
    scanner.skip_whitespace();
    if scanner.at < text.len() {
        return Err(Failure::new(NotPortable::TrailingText {
            path: JsonPath::default(),
            offset: scanner.at,
        }));
    }
    Ok(())
}

struct Scanner<'t, 'w> {
    text: &'t str,
    /// The next byte; always on a character's boundary when something is sliced.
    at: usize,
    writer: &'w mut CanonicalWriter,
}

impl Scanner<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips white space and answers the byte that follows.
    fn next_token(&mut self) -> Option<u8> {
        self.skip_whitespace();
        self.peek()
    }

    #[cold]
    fn expected(&self, expected: &'static str) -> Failure {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        Failure::new(NotPortable::Syntax { path: JsonPath::default(), offset: self.at, expected, found })
    }

    fn value(&mut self) -> Result<(), Failure> {
        match self.next_token() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(self.expected("a value")),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<(), Failure> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.expected(match word {
                "true" => "`true`",
                "false" => "`false`",
                _ => "`null`",
            }));
        }
        self.at += word.len();
        self.writer.out.push_str(word);
        Ok(())
    }

    fn array(&mut self) -> Result<(), Failure> {
        self.writer.open_array()?;
        self.at += 1;
        if self.next_token() == Some(b']') {
            self.at += 1;
            return self.writer.close_array();
        }
        for index in 0_usize.. {
            if index > 0 {
                self.writer.out.push(',');
            }
            self.value().map_err(|failure| failure.under_index(index))?;
            match self.next_token() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.expected("`,` or `]`")),
            }
        }
        self.at += 1;
        self.writer.close_array()
    }

    fn object(&mut self) -> Result<(), Failure> {
        let mut object = self.writer.open_object()?;
        self.at += 1;
        if self.next_token() == Some(b'}') {
            self.at += 1;
            return self.writer.close_object(&object);
        }
        loop {
            if self.next_token() != Some(b'"') {
                return Err(self.expected("a key in double quotes"));
            }
            let (text, at) = (self.text, &mut self.at);
            self.writer.key_with(&mut object, |out| string_inside(text, at, out, writer::nul_in_key))?;
            if self.next_token() != Some(b':') {
                let failure = self.expected("`:` after the key");
                return Err(self.writer.fail_under_key(&object, failure));
            }
            self.at += 1;
            self.value().map_err(|failure| self.writer.fail_under_key(&object, failure))?;
            match self.next_token() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.expected("`,` or `}`")),
            }
        }
        self.at += 1;
        self.writer.close_object(&object)
    }

    fn string(&mut self) -> Result<(), Failure> {
        self.writer.out.push('"');
        string_inside(self.text, &mut self.at, &mut self.writer.out, writer::nul_in_string)?;
        self.writer.out.push('"');
        Ok(())
    }

    fn digits(&mut self, expected: &'static str) -> Result<(), Failure> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.expected(expected));
        }
        self.at += count;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Failure> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.at;
        self.digits("a digit")?;
        if leading_zero && self.at > whole + 1 {
            self.at = whole + 1;
            return Err(self.expected("no digit after a leading zero"));
        }
        let end_of_integer = self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("a digit after the point")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits("a digit of the exponent")?;
        }
        let literal = &self.text[start..self.at];
        if self.at == end_of_integer {
            number::push_integer_literal(&mut self.writer.out, literal)
        } else {
            number::push_float_literal(&mut self.writer.out, literal)
        }
    }
}

/// Reads the string whose opening quote is at `at`, appends its canonical inside, and moves behind its
/// closing quote. Answers whether the canonical inside holds escapes.
fn string_inside(
    text: &str,
    at: &mut usize,
    out: &mut String,
    nul: fn() -> Failure,
) -> Result<bool, Failure> {
    let bytes = text.as_bytes();
    let mut escaped = false;
    *at += 1;
    loop {
        let end = *at + escape::plain_prefix(&bytes[*at..]);
        out.push_str(&text[*at..end]);
        *at = end;
        match bytes.get(end) {
            Some(b'"') => {
                *at += 1;
                return Ok(escaped);
            }
            Some(b'\\') => {
                let character = escaped_character(text, at)?;
                escaped |= escape::push_char(out, character).map_err(|Nul| nul())?;
            }
            Some(_) => return Err(syntax(text, end, "an escape instead of a control character")),
            None => return Err(syntax(text, end, "the end of the string")),
        }
    }
}

/// Reads the escape whose backslash is at `at`, and moves behind it.
fn escaped_character(text: &str, at: &mut usize) -> Result<char, Failure> {
    let backslash = *at;
    let character = match text.as_bytes().get(backslash + 1) {
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(text, at),
        _ => return Err(syntax(text, backslash + 1, "one of the escapes \" \\ / b f n r t u")),
    };
    *at += 2;
    Ok(character)
}

fn unicode_escape(text: &str, at: &mut usize) -> Result<char, Failure> {
    let first_at = *at;
    let first = hex_escape(text, at)?;
    let lone = |escape: u16, offset: usize| {
        Failure::new(NotPortable::LoneSurrogate { path: JsonPath::default(), escape, offset })
    };
    match first {
        0xd800..=0xdbff if text.as_bytes()[*at..].starts_with(b"\\u") => {
            let second = hex_escape(text, at)?;
            char::decode_utf16([first, second])
                .next()
                .and_then(Result::ok)
                .ok_or_else(|| lone(first, first_at))
        }
        _ => char::from_u32(u32::from(first)).ok_or_else(|| lone(first, first_at)),
    }
}

/// Reads `\uXXXX` at `at`, and moves behind it.
fn hex_escape(text: &str, at: &mut usize) -> Result<u16, Failure> {
    let mut value = 0;
    for offset in *at + 2..*at + 6 {
        let digit = text.as_bytes().get(offset).and_then(|byte| char::from(*byte).to_digit(16));
        let Some(digit) = digit else {
            return Err(syntax(text, offset, "four hexadecimal digits after \\u"));
        };
        value = value * 16 + digit;
    }
    *at += 6;
    Ok(u16::try_from(value).expect("four hexadecimal digits fit into 16 bits"))
}

#[cold]
fn syntax(text: &str, offset: usize, expected: &'static str) -> Failure {
    let found = text.get(offset..).and_then(|rest| rest.chars().next());
    Failure::new(NotPortable::Syntax { path: JsonPath::default(), offset, expected, found })
}
