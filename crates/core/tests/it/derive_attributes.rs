//! `#[derive(DomainEvent)]`: serde's attributes count for payloads, and names of the user's own never collide.

use annals_core::{DomainEvent, Json};
use serde::{Deserialize, Serialize};

/// Whole cents in the program, text in the payload.
#[derive(Clone, Debug, PartialEq)]
struct Cents(u64);

/// Not generic on purpose: takes exactly the field's type.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Cents;

    pub(super) fn serialize<S: Serializer>(cents: &Cents, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&cents.0.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
        String::deserialize(deserializer)?.parse().map(Cents).map_err(serde::de::Error::custom)
    }
}

/// Generic on purpose: a reference to the field would be another type, without a default.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Generic on purpose, as above.
fn doubled<T: Copy + std::ops::Add<Output = T> + Serialize, S: serde::Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    (*value + *value).serialize(serializer)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    city: String,
}

fn seven() -> u32 {
    7
}

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "shop")]
#[serde(rename_all_fields = "camelCase")]
enum ShopEvent {
    Sold {
        #[serde(with = "as_text")]
        unit_price: Cents,
        #[serde(rename = "sku", alias = "article")]
        article_number: String,
        #[serde(default, skip_serializing_if = "is_default")]
        discount_percent: u8,
        #[serde(default = "seven")]
        return_days: u32,
        #[serde(flatten)]
        place: Place,
        #[serde(skip)]
        cached: Option<u64>,
    },
    #[serde(rename_all(serialize = "SCREAMING_SNAKE_CASE", deserialize = "SCREAMING_SNAKE_CASE"))]
    Counted {
        #[serde(serialize_with = "doubled")]
        half_total: u64,
    },
    Wrapped(#[serde(with = "in_an_object")] Cents),
}

mod in_an_object {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Cents;

    #[derive(Serialize, Deserialize)]
    struct Object {
        cents: u64,
    }

    pub(super) fn serialize<S: Serializer>(cents: &Cents, serializer: S) -> Result<S::Ok, S::Error> {
        Object { cents: cents.0 }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
        Object::deserialize(deserializer).map(|object| Cents(object.cents))
    }
}

fn sold(discount_percent: u8) -> ShopEvent {
    ShopEvent::Sold {
        unit_price: Cents(950),
        article_number: "A-1".into(),
        discount_percent,
        return_days: 7,
        place: Place { city: "Oslo".into() },
        cached: None,
    }
}

#[test]
fn field_attributes_shape_the_payload() {
    let payload = sold(10).encode().unwrap();
    assert_eq!(
        payload.as_str(),
        r#"{"city":"Oslo","discountPercent":10,"returnDays":7,"sku":"A-1","unitPrice":"950"}"#
    );
    assert_eq!(ShopEvent::decode("Sold", &payload).unwrap(), sold(10));
}

#[test]
fn skipped_and_defaulted_fields_come_back() {
    let payload = sold(0).encode().unwrap();
    assert!(!payload.as_str().contains("discountPercent"));
    assert_eq!(ShopEvent::decode("Sold", &payload).unwrap(), sold(0));
    let oldest = Json::parse(r#"{"article":"A-1","city":"Oslo","unitPrice":"950"}"#).unwrap();
    assert_eq!(ShopEvent::decode("Sold", &oldest).unwrap(), sold(0));
    let cached = match sold(0) {
        ShopEvent::Sold { unit_price, article_number, discount_percent, return_days, place, .. } => {
            let cached = Some(1);
            ShopEvent::Sold { unit_price, article_number, discount_percent, return_days, place, cached }
        }
        other => other,
    };
    assert_eq!(cached.encode().unwrap(), payload);
}

#[test]
fn a_variants_rename_all_precedes_the_enums() {
    let payload = ShopEvent::Counted { half_total: 4 }.encode().unwrap();
    assert_eq!(payload.as_str(), r#"{"HALF_TOTAL":8}"#);
    assert_eq!(ShopEvent::decode("Counted", &payload).unwrap(), ShopEvent::Counted { half_total: 8 });
}

#[test]
fn an_unnamed_fields_attributes_count_too() {
    let event = ShopEvent::Wrapped(Cents(5));
    let payload = event.encode().unwrap();
    assert_eq!(payload.as_str(), r#"{"cents":5}"#);
    assert_eq!(ShopEvent::decode("Wrapped", &payload).unwrap(), event);
}

#[test]
fn an_enums_own_serialize_is_another_matter() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DomainEvent)]
    #[serde(tag = "type", rename_all = "snake_case")]
    #[event(category = "door")]
    enum DoorEvent {
        #[serde(rename = "shut")]
        Closed {
            softly: bool,
        },
        Opened,
    }
    let event = DoorEvent::Closed { softly: true };
    assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"type":"shut","softly":true}"#);
    assert_eq!(event.encode().unwrap().as_str(), r#"{"softly":true}"#);
    assert_eq!(event.kind().name, "Closed");
    assert_eq!(DoorEvent::decode("Opened", &Json::empty()).unwrap(), DoorEvent::Opened);
}

#[test]
fn names_of_the_users_own_never_collide_with_the_expansions() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Payload {
        n: u8,
    }

    /// Shadows what an expansion must not rely on.
    #[allow(dead_code, clippy::items_after_statements)]
    mod shadows {
        pub(super) enum Result {}
        pub(super) enum Option {}
    }
    #[allow(unused_imports)]
    use shadows::{Option, Result};

    #[derive(Clone, Debug, PartialEq, DomainEvent)]
    #[event(category = "clash")]
    enum Json {
        Ok { payload: Payload, event_type: String, serializer: u8, r#type: u8, category: u8 },
        Err(Payload),
        Some,
    }
    let events = [
        Json::Ok { payload: Payload { n: 1 }, event_type: "e".into(), serializer: 2, r#type: 3, category: 4 },
        Json::Err(Payload { n: 5 }),
        Json::Some,
    ];
    for event in events {
        let payload = event.encode().unwrap();
        assert_eq!(Json::decode(event.kind().name, &payload).unwrap(), event);
    }
}

#[test]
fn a_raw_identifier_is_recorded_without_its_mark() {
    #[derive(Clone, Debug, PartialEq, DomainEvent)]
    #[event(category = "raw")]
    #[allow(non_camel_case_types)]
    enum Raw {
        r#move { r#type: u8 },
    }
    let event = Raw::r#move { r#type: 1 };
    assert_eq!(event.kind().name, "move");
    assert_eq!(event.encode().unwrap().as_str(), r#"{"type":1}"#);
}
