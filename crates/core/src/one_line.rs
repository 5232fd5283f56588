//! Text of an error that may quote what was stored: one line, whatever is in it.
//!
//! A control character that is passed on could forge a second line of a log, or steer a terminal.

/// The text with its control characters escaped.
pub(crate) fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut line = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}
