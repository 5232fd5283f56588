//! Examples of every recorded schema version: today's events are written exactly so, older ones are upcast.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use annals_core::{
    CommitId, CommitPlace, DecodeReason, Decoded, Digest, DomainEvent, EventHeader, EventId, EventType, Json,
    RecordedEvent, StreamId, Timestamp, Version, decode_event,
};
use ordermaster_domain::{AccountEvent, InventoryEvent, OrderEvent, PaymentEvent};
use serde::Deserialize;

use crate::golden_examples::{account, inventory, order, payment};

/// An event as a golden file holds it.
#[derive(Deserialize)]
pub(crate) struct Example {
    #[serde(rename = "type")]
    event_type: String,
    schema_version: u16,
    recorded_at: Timestamp,
    payload: serde_json::Value,
}

impl Example {
    fn file_name(&self) -> String {
        format!("{}.v{}.json", self.event_type, self.schema_version)
    }

    /// The event as a store would hand it back, as the `version`th of a stream.
    pub(crate) fn recorded(&self, category: &str, version: u64) -> RecordedEvent {
        RecordedEvent {
            header: EventHeader {
                id: EventId::from_bytes([1; 16]),
                stream: StreamId::new(category, "golden").expect("a valid stream"),
                version: Version::new(version),
                event_type: EventType::new(&self.event_type).expect("a valid event type"),
                schema_version: self.schema_version,
                recorded_at: self.recorded_at,
                commit: CommitPlace { id: CommitId::from_bytes([2; 16]), index: 0, size: 1 },
                metadata: Json::empty(),
                digest: Digest::ORIGIN,
            },
            payload: Json::from_value(&self.payload).expect("portable JSON"),
        }
    }
}

/// The JSON files directly in `folder` of the golden folder, in order.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no golden files", folder.display());
    files
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(file: &Path) -> T {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Checks every golden file of a category against what it means today.
fn check<E: DomainEvent + PartialEq + Debug>(meanings: &[(&str, E)]) {
    let mut found = BTreeSet::new();
    for file in files(E::CATEGORY) {
        let example: Example = read(&file);
        let name = example.file_name();
        assert_eq!(
            file.file_name().and_then(|name| name.to_str()),
            Some(name.as_str()),
            "a file is named by its event"
        );
        let (_, meaning) = meanings
            .iter()
            .find(|(described, _)| format!("{described}.json") == name)
            .unwrap_or_else(|| panic!("golden_examples.rs does not say what {name} means"));
        let recorded = example.recorded(E::CATEGORY, 1);
        let decoded = decode_event::<E>(&recorded).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(decoded, Decoded::Event(meaning.clone()), "what {name} means");
        if meaning.kind().schema_version == example.schema_version {
            let written = meaning.encode().expect("every event can be recorded");
            assert_eq!(written.as_str(), recorded.payload.as_str(), "how {name} is written today");
        }
        found.insert(name);
    }
    let expected = E::KINDS.iter().flat_map(|kind| {
        (1..=kind.schema_version).map(move |version| format!("{}.v{version}.json", kind.name))
    });
    assert_eq!(found, expected.collect::<BTreeSet<_>>(), "each version of each event type has an example");
    assert_eq!(found.len(), meanings.len(), "each meaning has its file");
}

#[test]
fn recorded_orders_are_read_for_ever() {
    check::<OrderEvent>(&order());
}

#[test]
fn recorded_payments_are_read_for_ever() {
    check::<PaymentEvent>(&payment());
}

#[test]
fn recorded_stocks_are_read_for_ever() {
    check::<InventoryEvent>(&inventory());
}

#[test]
fn recorded_accounts_are_read_for_ever() {
    check::<AccountEvent>(&account());
}

#[test]
fn an_old_payload_that_is_no_object_is_an_error_and_no_panic() {
    for (category, event_type, versions) in [
        ("order", "OrderCreated", 1..=2),
        ("order", "OrderConfirmed", 1..=1),
        ("payment", "PaymentProcessed", 1..=1),
        ("account", "MoneyDeposited", 1..=2),
    ] {
        for schema_version in versions {
            let recorded_at = Timestamp::UNIX_EPOCH;
            let payload = serde_json::json!({});
            let example = Example { event_type: event_type.into(), schema_version, recorded_at, payload };
            let mut recorded = example.recorded(category, 1);
            recorded.payload = Json::as_stored("[]");
            let reason = match category {
                "order" => decode_event::<OrderEvent>(&recorded).expect_err("it is no object").reason,
                "payment" => decode_event::<PaymentEvent>(&recorded).expect_err("it is no object").reason,
                _ => decode_event::<AccountEvent>(&recorded).expect_err("it is no object").reason,
            };
            assert!(matches!(reason, DecodeReason::Upcast(_)), "{event_type} v{schema_version}: {reason}");
        }
    }
}

#[test]
fn a_recorded_order_with_too_many_decimals_is_an_error_that_says_so() {
    let file =
        files("order").into_iter().find(|file| file.ends_with("OrderCreated.v3.json")).expect("it is there");
    let mut example: Example = read(&file);
    example.payload["total"] = "26.505".into();
    let error = decode_event::<OrderEvent>(&example.recorded("order", 1)).expect_err("half a penny");
    assert!(error.to_string().contains("26.505 GBP has more decimals"), "{error}");
}
