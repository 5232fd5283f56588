//! JSON string escapes: what must be escaped, and the one spelling that canonical text uses.
//!
//! The spelling is `serde_json`'s: `\"`, `\\`, the five short escapes, `\u00xx` in lower case for the other
//! control characters, and everything else as raw UTF-8. U+0000 is never written (law A09).

/// A string that holds U+0000.
#[derive(Debug)]
pub(super) struct Nul;

/// How many leading bytes of `bytes` stand for themselves in a JSON string: up to the first quote, backslash
/// or control character. Eight bytes at a time.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_BITS: u64 = ONES << 7;
    // The high bit of each byte that is zero, exact for the lowest such byte: borrows only move upwards.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;

    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let hits =
            (control | zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))))
                & HIGH_BITS;
        if hits != 0 {
            return index * 8 + hits.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |byte: &u8| matches!(byte, 0..=0x1f | b'"' | b'\\');
    bytes.len() - rest.len() + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Appends `text` as the inside of a JSON string; answers whether anything had to be escaped.
pub(super) fn push_escaped(out: &mut String, text: &str) -> Result<bool, Nul> {
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_prefix(rest.as_bytes()));
        out.push_str(plain);
        let Some(byte) = special.bytes().next() else {
            return Ok(rest.len() != text.len());
        };
        push_escape(out, byte)?;
        rest = &special[1..];
    }
}

/// Appends one character as the inside of a JSON string; answers whether it had to be escaped.
pub(super) fn push_char(out: &mut String, character: char) -> Result<bool, Nul> {
    if let Ok(byte @ (0..=0x1f | b'"' | b'\\')) = u8::try_from(character) {
        return push_escape(out, byte).map(|()| true);
    }
    out.push(character);
    Ok(false)
}

fn push_escape(out: &mut String, byte: u8) -> Result<(), Nul> {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    out.push_str(match byte {
        0 => return Err(Nul),
        b'"' => "\\\"",
        b'\\' => "\\\\",
        0x08 => "\\b",
        b'\t' => "\\t",
        b'\n' => "\\n",
        0x0c => "\\f",
        b'\r' => "\\r",
        _ => {
            out.push_str("\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 0xf)]);
            return Ok(());
        }
    });
    Ok(())
}
