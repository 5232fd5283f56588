//! Upcasting: what an old payload becomes can be written at the newest version and reads back the same; the newest
//! needs no step; renaming, retiring and circles end.

use annals::{Decoded, DomainEvent, EventKind, EventType, RecordedEvent, Upcast, Upcasters, decode_event};
use ordermaster_domain::{AccountEvent, InventoryEvent, OrderEvent, PaymentEvent};
use std::fmt::Debug;

use crate::event_decoding::{decoding_is_faithful, names_the_event};
use crate::recorded::event_in;
use crate::told::told;

/// A made-up enum whose upcasters do all that upcasters may.
#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "order", upcasters = upcasters)]
enum Renamed {
    /// Once called `Filed`; its text was called `name`.
    #[event(version = 2)]
    Noted { text: String },
}

fn upcasters() -> Upcasters {
    const NOTED: EventKind = EventKind { name: "Noted", schema_version: 1 };
    const ROUND: EventKind = EventKind { name: "Round", schema_version: 1 };
    const AND_ROUND: EventKind = EventKind { name: "AndRound", schema_version: 1 };
    Upcasters::new()
        .step("Filed", 1, |_, payload| Ok(Upcast::Renamed(NOTED, payload)))
        .step("Noted", 1, |_, mut payload| {
            if let Some(fields) = payload.as_object_mut()
                && let Some(name) = fields.remove("name")
            {
                fields.insert("text".to_owned(), name);
            }
            Ok(Upcast::Next(payload))
        })
        .step("Forgotten", 1, |_, _| Ok(Upcast::Retired))
        .step("Round", 1, |_, payload| Ok(Upcast::Renamed(AND_ROUND, payload)))
        .step("AndRound", 1, |_, payload| Ok(Upcast::Renamed(ROUND, payload)))
}

/// Upcasts an event through the domain's steps, from each version that may hold it, and through made-up ones.
///
/// # Panics
/// When a property breaks.
pub fn upcasting(bytes: &[u8]) {
    let mut recorded = event_in(bytes);
    for schema_version in [recorded.header.schema_version, 0, 1, 2, 3, 4, u16::MAX] {
        recorded.header.schema_version = schema_version;
        old_ones_become_the_newest::<OrderEvent>(&recorded);
        old_ones_become_the_newest::<PaymentEvent>(&recorded);
        old_ones_become_the_newest::<InventoryEvent>(&recorded);
        old_ones_become_the_newest::<AccountEvent>(&recorded);
        old_ones_become_the_newest::<Renamed>(&recorded);
    }
    recorded.header.schema_version = 1;
    for name in ["Filed", "Noted", "Forgotten"] {
        recorded.header.event_type = EventType::new(name).expect("a plain name is a type");
        old_ones_become_the_newest::<Renamed>(&recorded);
        if name == "Forgotten" && recorded.payload.to_value().is_ok() {
            assert_eq!(decode_event::<Renamed>(&recorded).ok(), Some(Decoded::Retired));
        }
    }
    // Once, for it takes as many steps as there may be.
    recorded.header.event_type = EventType::new("Round").expect("a plain name is a type");
    match decode_event::<Renamed>(&recorded) {
        Ok(decoded) => panic!("a circle ended in {decoded:?}"),
        Err(error) => names_the_event(&error, &recorded),
    }
}

fn old_ones_become_the_newest<E: DomainEvent + PartialEq + Debug>(recorded: &RecordedEvent) {
    decoding_is_faithful::<E>(recorded);
    let decoded = decode_event::<E>(recorded);
    match &decoded {
        Err(error) => drop(told(error)),
        Ok(Decoded::Retired) => {}
        Ok(Decoded::Event(event)) => {
            let kind = event.kind();
            let steps = E::upcasters().step_from(kind.name, kind.schema_version);
            assert!(steps.is_none(), "{kind} is the newest, and a step leads on from it");
            let Ok(payload) = event.encode() else { return };
            let mut newest = recorded.clone();
            newest.payload = payload;
            newest.header.event_type = EventType::new(kind.name).expect("an event's name is a type");
            newest.header.schema_version = kind.schema_version;
            let again = decode_event::<E>(&newest);
            assert_eq!(again.as_ref().ok(), Some(&Decoded::Event(event.clone())), "{newest:?}");
        }
    }
    // The same event read twice is the same.
    assert_eq!(decode_event::<E>(recorded).ok(), decoded.ok());
}
