//! `#[derive(DomainEvent)]`: each shape of variant is named, encoded and decoded.

use std::collections::BTreeMap;

use annals_core::{DomainEvent, EventKind, Json, NotPortable, Upcasters};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Deposit {
    cents: i64,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "account", prefix = "Account")]
enum AccountEvent {
    Opened {
        owner: String,
        limits: BTreeMap<String, f64>,
        tags: Vec<Option<u64>>,
    },
    #[event(name = "MoneyDeposited", version = 3)]
    Deposited(Deposit),
    #[event(version = 32_767)]
    Moved(Box<Deposit>),
    #[event(name = "account.closed")]
    Closed,
    Checked {},
}

fn deposit(cents: i64) -> Deposit {
    Deposit { cents, note: None }
}

#[test]
fn kinds_are_the_variants_in_their_order() {
    let kinds: Vec<String> = AccountEvent::KINDS.iter().map(ToString::to_string).collect();
    assert_eq!(
        kinds,
        [
            "AccountOpened v1",
            "MoneyDeposited v3",
            "AccountMoved v32767",
            "account.closed v1",
            "AccountChecked v1"
        ]
    );
    assert_eq!(AccountEvent::CATEGORY, "account");
}

#[test]
fn each_event_is_of_its_variants_kind() {
    let event = AccountEvent::Deposited(deposit(1));
    assert_eq!(event.kind(), EventKind { name: "MoneyDeposited", schema_version: 3 });
    assert_eq!(AccountEvent::Closed.kind(), EventKind { name: "account.closed", schema_version: 1 });
}

#[test]
fn payloads_are_objects_of_the_fields() {
    for (event, payload) in [
        (
            AccountEvent::Opened {
                owner: "Ada".into(),
                limits: [("day".to_owned(), 0.5)].into(),
                tags: vec![Some(1), None],
            },
            r#"{"limits":{"day":0.5},"owner":"Ada","tags":[1,null]}"#,
        ),
        (AccountEvent::Deposited(deposit(-1)), r#"{"cents":-1,"note":null}"#),
        (AccountEvent::Moved(Box::new(deposit(2))), r#"{"cents":2,"note":null}"#),
        (AccountEvent::Closed, "{}"),
        (AccountEvent::Checked {}, "{}"),
    ] {
        let encoded = event.encode().unwrap();
        assert_eq!(encoded.as_str(), payload);
        assert_eq!(AccountEvent::decode(event.kind().name, &encoded).unwrap(), event);
    }
}

#[test]
fn members_that_nobody_reads_are_passed_over() {
    let payload = Json::parse(r#"{"reason":"moved away"}"#).unwrap();
    assert_eq!(AccountEvent::decode("account.closed", &payload).unwrap(), AccountEvent::Closed);
    assert_eq!(AccountEvent::decode("AccountChecked", &payload).unwrap(), AccountEvent::Checked {});
}

#[test]
fn what_is_no_object_is_refused_for_every_shape() {
    for kind in AccountEvent::KINDS {
        for payload in ["[]", "[1,null]", "null", "7", "\"\"", ""] {
            let read = AccountEvent::decode(kind.name, &Json::as_stored(payload));
            assert!(read.is_err(), "{} was read from {payload:?}", kind.name);
        }
    }
}

#[test]
fn leading_white_space_is_no_matter() {
    assert!(AccountEvent::decode("account.closed", &Json::as_stored("\n {}")).is_ok());
}

#[test]
fn a_missing_member_is_refused_by_name() {
    let error = AccountEvent::decode("AccountOpened", &Json::empty()).unwrap_err();
    assert!(error.to_string().starts_with("missing field `owner`"), "{error}");
}

#[test]
fn a_type_of_another_enum_is_refused() {
    let error = AccountEvent::decode("Opened", &Json::empty()).unwrap_err();
    assert_eq!(error.to_string(), "the enum has no event type \"Opened\"");
}

#[test]
fn an_enum_without_upcasters_has_none() {
    assert!(std::ptr::eq(AccountEvent::upcasters(), Upcasters::none()));
}

#[test]
fn a09_a_payload_that_not_every_store_holds_is_refused() {
    let event = AccountEvent::Opened { owner: "A\0".into(), limits: BTreeMap::new(), tags: vec![] };
    let refusal = event.encode().unwrap_err();
    assert_eq!(refusal.path().map(annals_core::json::JsonPath::as_str), Some("owner"));
    assert!(matches!(refusal, NotPortable::NulInString { .. }));
}

#[test]
fn a09_a_variant_whose_inner_value_is_no_object_is_refused() {
    #[derive(Clone, DomainEvent)]
    #[event(category = "odd")]
    enum Odd {
        Number(u64),
    }
    assert!(matches!(Odd::Number(7).encode(), Err(NotPortable::NotAnObject { .. })));
}

fn any_text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

fn any_float() -> impl Strategy<Value = f64> {
    // A09: finite, and not negative zero.
    any::<f64>().prop_map(|float| if float.is_finite() && float != 0.0 { float } else { 0.0 })
}

fn any_deposit() -> impl Strategy<Value = Deposit> {
    (any::<i64>(), proptest::option::of(any_text())).prop_map(|(cents, note)| Deposit { cents, note })
}

fn any_event() -> impl Strategy<Value = AccountEvent> {
    let limits = proptest::collection::btree_map(any_text(), any_float(), 0..5);
    let tags = proptest::collection::vec(any::<Option<u64>>(), 0..5);
    prop_oneof![
        4 => (any_text(), limits, tags).prop_map(|(owner, limits, tags)| AccountEvent::Opened { owner, limits, tags }),
        2 => any_deposit().prop_map(AccountEvent::Deposited),
        2 => any_deposit().prop_map(|deposit| AccountEvent::Moved(Box::new(deposit))),
        1 => Just(AccountEvent::Closed),
        1 => Just(AccountEvent::Checked {}),
    ]
}

proptest! {
    #[test]
    fn every_event_is_decoded_as_it_was_encoded(event in any_event()) {
        let payload = event.encode().unwrap();
        let stored = Json::as_stored(payload.as_str());
        prop_assert_eq!(&AccountEvent::decode(event.kind().name, &payload).unwrap(), &event);
        prop_assert_eq!(&AccountEvent::decode(event.kind().name, &stored).unwrap(), &event);
    }
}
