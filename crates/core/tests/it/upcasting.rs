//! Old events become today's, and what cannot is an error that names it (law E03).

use annals_core::{
    DecodeError, DecodeReason, Decoded, DomainEvent, EventKind, EventSet, Upcast, UpcastError, Upcasters,
    decode_event,
};

use crate::recording::recorded;

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "account", upcasters = upcasters)]
enum AccountEvent {
    #[event(version = 3)]
    Opened {
        owner: String,
        currency: String,
        opened_on: String,
    },
    #[event(name = "MoneyDeposited", version = 2)]
    Deposited {
        cents: u64,
    },
    #[event(version = 3)]
    Closed {},
    Graded {
        grade: Grade,
    },
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Grade {
    Good,
}

const DEPOSITED: EventKind = EventKind { name: "MoneyDeposited", schema_version: 1 };

fn upcasters() -> Upcasters {
    Upcasters::new()
        .step("Opened", 1, |_, mut payload| {
            payload["currency"] = "USD".into(); // version 1 knew no other
            Ok(Upcast::Next(payload))
        })
        .step("Opened", 2, |header, mut payload| {
            payload["opened_on"] = header.recorded_at.date().into();
            Ok(Upcast::Next(payload))
        })
        .step("Deposited", 1, |_, payload| Ok(Upcast::Renamed(DEPOSITED, payload)))
        .step("MoneyDeposited", 1, |_, payload| {
            let dollars =
                payload["dollars"].as_u64().ok_or_else(|| UpcastError::new("dollars is no number"))?;
            Ok(Upcast::Next(serde_json::json!({ "cents": dollars * 100 })))
        })
        .step("Refused", 1, |_, payload| {
            Err(UpcastError::new(format!("{} is no name", payload["name"].as_str().unwrap_or_default())))
        })
        .step("Greeted", 1, |_, _| Ok(Upcast::Retired))
        .step("Closed", 1, |_, payload| Ok(Upcast::Next(payload)))
        .step("Ping", 1, |_, payload| {
            Ok(Upcast::Renamed(EventKind { name: "Pong", schema_version: 1 }, payload))
        })
        .step("Pong", 1, |_, payload| {
            Ok(Upcast::Renamed(EventKind { name: "Ping", schema_version: 1 }, payload))
        })
        .step("Blown", 1, |_, _| Ok(Upcast::Renamed(DEPOSITED, serde_json::json!([]))))
        .step("Moved", 1, |_, payload| {
            Ok(Upcast::Renamed(EventKind { name: "Opened", schema_version: 9 }, payload))
        })
}

fn read(event_type: &str, schema_version: u16, payload: &str) -> Result<Decoded<AccountEvent>, DecodeError> {
    decode_event(&recorded("account-7", event_type, schema_version, payload))
}

/// The error's reason, after a look at the rest of its message.
fn refusal(event_type: &str, schema_version: u16, payload: &str) -> DecodeReason {
    let error = read(event_type, schema_version, payload).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("event 3 of account-7 ({event_type} v{schema_version}) cannot be decoded: {}", error.reason)
    );
    error.reason
}

fn opened(currency: &str) -> Decoded<AccountEvent> {
    Decoded::Event(AccountEvent::Opened {
        owner: "Ada".into(),
        currency: currency.into(),
        opened_on: "2024-02-29".into(),
    })
}

#[test]
fn every_older_version_becomes_the_newest() {
    assert_eq!(read("Opened", 1, r#"{"owner":"Ada"}"#).unwrap(), opened("USD"));
    assert_eq!(read("Opened", 2, r#"{"owner":"Ada","currency":"EUR"}"#).unwrap(), opened("EUR"));
    let newest = r#"{"owner":"Ada","currency":"EUR","opened_on":"2024-02-29"}"#;
    assert_eq!(read("Opened", 3, newest).unwrap(), opened("EUR"));
}

#[test]
fn a_renamed_type_goes_on_under_its_new_name() {
    let deposited = Decoded::Event(AccountEvent::Deposited { cents: 700 });
    assert_eq!(read("Deposited", 1, r#"{"dollars":7}"#).unwrap(), deposited);
    assert_eq!(read("MoneyDeposited", 1, r#"{"dollars":7}"#).unwrap(), deposited);
    assert_eq!(read("MoneyDeposited", 2, r#"{"cents":700}"#).unwrap(), deposited);
}

#[test]
fn a_retired_type_means_nothing_any_more() {
    assert_eq!(read("Greeted", 1, r#"{"whatever":1}"#).unwrap(), Decoded::Retired);
    assert_eq!(read("Greeted", 1, "{}").unwrap().event(), None);
}

#[test]
fn e03_a_version_from_the_future_is_refused() {
    let reason = refusal("Opened", 4, "{}");
    assert!(matches!(&reason, DecodeReason::FutureSchema { newest: 3, found: 4, .. }), "{reason}");
    assert_eq!(
        reason.to_string(),
        "this program knows Opened up to schema version 3; run a release that knows version 4"
    );
    let renamed = refusal("Moved", 1, "{}");
    assert!(matches!(renamed, DecodeReason::FutureSchema { newest: 3, found: 9, .. }));
}

#[test]
fn e03_an_unknown_type_is_refused() {
    let reason = refusal("Exploded", 1, "gone");
    assert!(matches!(&reason, DecodeReason::UnknownType { event_type } if event_type == "Exploded"));
    assert!(matches!(refusal("Greeted", 2, "{}"), DecodeReason::UnknownType { .. }));
}

#[test]
fn e03_a_chain_that_ends_early_is_refused_where_it_ends() {
    let reason = refusal("Closed", 1, "{}");
    assert!(matches!(&reason, DecodeReason::NoUpcaster { schema_version: 2, .. }), "{reason}");
    assert_eq!(reason.to_string(), "no upcaster leads on from Closed v2; add one");
}

#[test]
fn e03_renaming_in_a_circle_is_refused() {
    assert!(matches!(refusal("Ping", 1, "{}"), DecodeReason::EndlessUpcast));
    assert!(matches!(refusal("Pong", 1, "{}"), DecodeReason::EndlessUpcast));
}

#[test]
fn e03_a_payload_that_does_not_fit_is_refused_at_every_version() {
    for (event_type, schema_version, payload) in [
        ("Opened", 3, r#"{"owner":"Ada"}"#),
        ("Opened", 3, r#"["Ada","EUR","2024-02-29"]"#),
        ("Opened", 3, "gone"),
        ("Opened", 1, "gone"),
        ("Opened", 1, r#"{"owner":7}"#),
        ("Closed", 3, "[]"),
        ("Closed", 3, "null"),
    ] {
        let reason = refusal(event_type, schema_version, payload);
        assert!(matches!(reason, DecodeReason::Payload(_)), "{payload}: {reason}");
    }
}

#[test]
fn e03_what_an_upcaster_refuses_or_spoils_is_refused() {
    let reason = refusal("Deposited", 1, r#"{"dollars":"seven"}"#);
    assert_eq!(reason.to_string(), "its old payload cannot be upcast: dollars is no number");
    assert!(matches!(refusal("Blown", 1, "{}"), DecodeReason::Upcast(_)));
}

#[test]
fn e03_what_the_payload_holds_cannot_forge_a_second_line() {
    let reason = refusal("Graded", 1, r#"{"grade":"x\nevent 4 is fine\u001b[2J\u009b"}"#);
    let text = "its payload does not fit: unknown variant `x\\nevent 4 is fine\\u{1b}[2J\\u{9b}`, expected `Good` at line 1 \
                column 44";
    assert_eq!(reason.to_string(), text);
    let source = std::error::Error::source(&reason).expect("the payload's error").to_string();
    assert_eq!(format!("its payload does not fit: {source}"), text);
    let reason = refusal("Refused", 1, r#"{"name":"\r\nx"}"#);
    assert_eq!(reason.to_string(), r"its old payload cannot be upcast: \r\nx is no name");
}

#[test]
fn an_event_of_another_category_is_not_read_by_chance() {
    let foreign = recorded("order-7", "Closed", 3, "{}");
    let error = <AccountEvent as EventSet>::decode(&foreign).unwrap_err();
    assert_eq!(
        error.to_string(),
        "event 3 of order-7 (Closed v3) cannot be decoded: its category is none of [\"account\"]"
    );
}

#[test]
fn of_two_steps_for_one_version_the_later_counts() {
    let upcasters = Upcasters::new()
        .step("A", 1, |_, _| Ok(Upcast::Retired))
        .step("A", 1, |_, payload| Ok(Upcast::Next(payload)));
    let step = upcasters.step_from("A", 1).unwrap();
    let header = recorded("account-7", "A", 1, "{}").header;
    assert_eq!(step(&header, serde_json::json!({})), Ok(Upcast::Next(serde_json::json!({}))));
    assert!(upcasters.step_from("A", 2).is_none());
    assert!(upcasters.step_from("B", 1).is_none());
}
