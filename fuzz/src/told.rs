//! What every error's text must be: one line that a person can read, whatever was in the input (law E01).

/// Checks the text of an error and hands it back.
pub(crate) fn told(error: &impl std::error::Error) -> String {
    let text = error.to_string();
    assert!(!text.trim().is_empty(), "an error says nothing: {error:?}");
    // A control character from the input could forge a second line, or steer a terminal.
    assert!(!text.chars().any(char::is_control), "an error carries control characters: {text:?}");
    text
}
