//! Tables and values for people: plain columns that also suit `awk`, and JSON values in words.
//!
//! What comes from a store is shown without control characters, so that no recorded text can steer a terminal.

use annals::Value;
use comfy_table::{Table, presets};

/// A table without lines, the heads in capitals.
pub(super) fn of(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !heads.is_empty() {
        table.set_header(heads.iter().map(|head| head.replace('_', " ").to_uppercase()));
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// The text without control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A JSON value in words: texts without quotes, money as `12.50 GBP`, lists divided by semicolons.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join("; "),
        Value::Object(_) => money(value).unwrap_or_else(|| value.to_string()),
        value => value.to_string(),
    }
}

/// The leaves of a JSON value with their paths: `lines[0].sku`. Money is a leaf.
pub(super) fn leaves(value: &Value) -> Vec<(String, String)> {
    leaves_at("", value)
}

/// The same of a value that stands at `path`.
pub(super) fn leaves_at(path: &str, value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect_leaves(path, value, &mut found);
    found
}

fn collect_leaves(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if money(value).is_none() && !fields.is_empty() => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                collect_leaves(&format!("{path}{dot}{name}"), value, found);
            }
        }
        Value::Array(values) if !values.is_empty() => {
            for (place, value) in values.iter().enumerate() {
                collect_leaves(&format!("{path}[{place}]"), value, found);
            }
        }
        value => found.push((path.to_owned(), words(value))),
    }
}

fn money(value: &Value) -> Option<String> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    Some(format!("{} {}", fields.get("amount")?.as_str()?, fields.get("currency")?.as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{leaves, of, plain, words};

    #[test]
    fn columns_line_up_and_lines_do_not_end_in_blanks() {
        let text =
            of(&["key", "placed_at"], [vec!["a".into(), "now".into()], vec!["long".into(), "x".into()]]);
        assert_eq!(text, "KEY   PLACED AT\na     now\nlong  x");
    }

    #[test]
    fn no_recorded_text_steers_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }

    #[test]
    fn money_is_one_leaf() {
        let state = json!({ "total": { "amount": "1.50", "currency": "GBP" }, "lines": [{ "sku": "A" }], "none": [] });
        let found = leaves(&state);
        let texts: Vec<_> = found.iter().map(|(path, text)| format!("{path}={text}")).collect();
        assert_eq!(texts, ["lines[0].sku=A", "none=", "total=1.50 GBP"]);
    }

    #[test]
    fn lists_are_divided_by_semicolons() {
        assert_eq!(words(&json!(["a", 1, null])), "a; 1; -");
    }
}
