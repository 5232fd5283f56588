//! Metadata: three known names, and whatever else.

use annals_core::{EventId, Json, Metadata, NotPortable};
use serde_json::json;

#[test]
fn metadata_comes_back_as_it_was_recorded() {
    let cause = EventId::new();
    let metadata = Metadata::correlated("request-7").by("ada").caused_by(cause).with("attempt", 3);
    let again = Metadata::from_json(&metadata.to_json().unwrap()).unwrap();
    assert_eq!(again, metadata);
    assert_eq!(again.correlation_id(), Some("request-7"));
    assert_eq!(again.causation_id(), Some(cause.to_string().as_str()));
    assert_eq!(again.actor(), Some("ada"));
    assert_eq!(again.get("attempt"), Some(&json!(3)));
    let names: Vec<_> = again.entries().map(|(name, _)| name).collect();
    assert_eq!(names, ["actor", "attempt", "causation_id", "correlation_id"]);
}

#[test]
fn no_metadata_is_an_empty_object() {
    assert_eq!(Metadata::new().to_json().unwrap(), Json::empty());
    assert_eq!(Metadata::from_json(&Json::empty()).unwrap(), Metadata::new());
    assert_eq!(Metadata::new().actor(), None);
}

#[test]
fn a_later_entry_replaces_an_earlier_one() {
    assert_eq!(Metadata::new().by("ada").by("grace").actor(), Some("grace"));
}

#[test]
fn a_known_name_that_holds_no_text_reads_as_absent() {
    assert_eq!(Metadata::new().with("actor", 7).actor(), None);
}

#[test]
fn a09_what_not_every_store_holds_is_refused() {
    let refusal = Metadata::new().by("a\0da").to_json().unwrap_err();
    assert!(matches!(refusal, NotPortable::NulInString { .. }), "{refusal}");
}

#[test]
fn what_is_no_object_is_no_metadata() {
    for text in ["[]", "null", "\"ada\"", "gone"] {
        assert!(Metadata::from_json(&Json::as_stored(text)).is_err(), "{text} was read");
    }
}
