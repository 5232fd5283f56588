//! Event types at their edges.

use annals_core::{EventKind, EventType, InvalidEventType};
use proptest::prelude::*;

#[test]
fn a08_an_event_type_is_1_to_100_characters() {
    assert!(EventType::new("E").is_ok());
    assert_eq!(EventType::new(&"E".repeat(100)).unwrap().as_str().len(), 100);
    for (length, message) in [
        (0, "event type length is 0 characters, allowed are 1 to 100"),
        (101, "event type length is 101 characters, allowed are 1 to 100"),
    ] {
        let refusal = EventType::new(&"E".repeat(length)).unwrap_err();
        assert!(matches!(refusal, InvalidEventType::Length(_)));
        assert_eq!(refusal.to_string(), message);
    }
}

proptest! {
    #[test]
    fn a08_an_event_type_holds_only_visible_ascii(c: char, low in 0_u8..=0x7f) {
        for c in [c, char::from(low)] {
            prop_assert_eq!(EventType::new(&format!("E{c}")).is_ok(), ('!'..='~').contains(&c));
        }
    }
}

#[test]
fn an_event_type_is_a_plain_string_in_json_and_checked_when_read() {
    let event_type = EventType::new("OrderPlaced").unwrap();
    assert_eq!(serde_json::to_string(&event_type).unwrap(), "\"OrderPlaced\"");
    assert_eq!(serde_json::from_str::<EventType>("\"OrderPlaced\"").unwrap(), event_type);
    assert!(serde_json::from_str::<EventType>("\"Order placed\"").is_err());
}

#[test]
fn a_kind_shows_its_name_and_schema_version() {
    assert_eq!(EventKind { name: "OrderPlaced", schema_version: 2 }.to_string(), "OrderPlaced v2");
}
