//! Differences between two JSON values, path by path: how a person sees what changed. Pure.
//!
//! Objects are compared member by member, arrays place by place; what is there on one side only, or is of another
//! kind, is one difference with the whole value.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::Value;

/// A place at which two values differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The place, such as `items[0].quantity`; empty for the whole value. A name that could be mistaken is
    /// quoted: `labels["a.b"]`.
    pub path: String,
    /// The value before; none when there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value after; none when there is nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "{before} → {after}"),
            (None, Some(after)) => write!(f, "added {after}"),
            (Some(before), None) => write!(f, "removed {before}"),
            (None, None) => f.write_str("nothing"),
        }
    }
}

/// What differs between `before` and `after`, in the order of their members.
///
/// ```
/// use annals_application::differences;
/// use serde_json::json;
///
/// let before = json!({ "items": [{ "sku": "A", "quantity": 1 }], "note": "gift" });
/// let after = json!({ "items": [{ "sku": "A", "quantity": 2 }, { "sku": "B", "quantity": 1 }] });
/// let found: Vec<String> = differences(&before, &after).iter().map(ToString::to_string).collect();
/// assert_eq!(found, [
///     "items[0].quantity: 1 → 2",
///     r#"items[1]: added {"quantity":1,"sku":"B"}"#,
///     r#"note: removed "gift""#,
/// ]);
/// ```
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(&mut String::new(), Some(before), Some(after), &mut found);
    found
}

fn compare(path: &mut String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let added = after.keys().filter(|name| !before.contains_key(*name));
            let mut names: Vec<&String> = before.keys().chain(added).collect();
            names.sort_unstable();
            for name in names {
                let outer = path.len();
                push_name(path, name);
                compare(path, before.get(name), after.get(name), found);
                path.truncate(outer);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for place in 0..before.len().max(after.len()) {
                let outer = path.len();
                // Writing to a String cannot fail.
                let _ = write!(path, "[{place}]");
                compare(path, before.get(place), after.get(place), found);
                path.truncate(outer);
            }
        }
        (before, after) if before == after => {}
        (before, after) => {
            found.push(Difference { path: path.clone(), before: before.cloned(), after: after.cloned() });
        }
    }
}

fn push_name(path: &mut String, name: &str) {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if !plain {
        // Writing to a String cannot fail.
        let _ = write!(path, "[{}]", Value::from(name));
    } else if path.is_empty() {
        path.push_str(name);
    } else {
        path.push('.');
        path.push_str(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Difference, differences};

    #[test]
    fn equal_values_have_no_differences() {
        let value = json!({ "a": [1, { "b": null }], "c": "d" });
        assert_eq!(differences(&value, &value), []);
    }

    #[test]
    fn null_is_a_value_and_absence_is_none() {
        let found = differences(&json!({ "a": null }), &json!({ "b": null }));
        let removed = Difference { path: "a".into(), before: Some(json!(null)), after: None };
        let added = Difference { path: "b".into(), before: None, after: Some(json!(null)) };
        assert_eq!(found, [removed, added]);
        assert_eq!(serde_json::to_value(&found[1]).unwrap(), json!({ "path": "b", "after": null }));
    }

    #[test]
    fn another_kind_of_value_is_one_difference() {
        let found = differences(&json!({ "phase": "open" }), &json!({ "phase": { "closed": { "at": 3 } } }));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), r#"phase: "open" → {"closed":{"at":3}}"#);
    }

    #[test]
    fn a_shorter_array_loses_its_last_places() {
        let found = differences(&json!([[1, 2], [3]]), &json!([[1], [4]]));
        let paths: Vec<_> = found.iter().map(|difference| difference.path.as_str()).collect();
        assert_eq!(paths, ["[0][1]", "[1][0]"]);
    }

    #[test]
    fn names_that_could_be_mistaken_are_quoted() {
        let found =
            differences(&json!({ "labels": { "a.b": 1, "": 1, "c[0]": 1 } }), &json!({ "labels": {} }));
        let paths: Vec<_> = found.iter().map(|difference| difference.path.as_str()).collect();
        assert_eq!(paths, [r#"labels[""]"#, r#"labels["a.b"]"#, r#"labels["c[0]"]"#]);
    }

    #[test]
    fn a_whole_value_has_no_path() {
        let found = differences(&json!(1), &json!(2));
        assert_eq!(found[0].path, "");
        assert_eq!(found[0].to_string(), "1 → 2");
    }
}
