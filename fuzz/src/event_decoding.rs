//! Decoding a recorded event: an event that comes back the same after encoding, or an error that names it (law E03).

use std::fmt::Debug;

use annals::{Aggregate, DecodeError, DomainEvent, EventSet, Json, RecordedEvent, Rehydrated, verify_link};
use ordermaster_domain::{
    Account, AccountEvent, Inventory, InventoryEvent, Order, OrderEvent, Payment, PaymentEvent,
};

use crate::recorded::{digest_of, event_in};
use crate::told::told;

/// Decodes an event as one of each category, folds it into a state, and checks its digest.
///
/// # Panics
/// When a property breaks.
pub fn event_decoding(bytes: &[u8]) {
    let recorded = event_in(bytes);
    decoding_is_faithful::<OrderEvent>(&recorded);
    decoding_is_faithful::<PaymentEvent>(&recorded);
    decoding_is_faithful::<InventoryEvent>(&recorded);
    decoding_is_faithful::<AccountEvent>(&recorded);
    folding_agrees_with_decoding::<Order>(&recorded);
    folding_agrees_with_decoding::<Payment>(&recorded);
    folding_agrees_with_decoding::<Inventory>(&recorded);
    folding_agrees_with_decoding::<Account>(&recorded);
    a_digest_holds_for_its_own_contents_alone(recorded);
}

/// Decoded, encoded and decoded again it is the same event; what is refused is named.
pub(crate) fn decoding_is_faithful<E: DomainEvent + PartialEq + Debug>(recorded: &RecordedEvent) {
    match E::decode_recorded(recorded) {
        Ok(None) => {}
        Ok(Some(event)) => encoding_comes_back(&event, recorded),
        Err(error) => names_the_event(&error, recorded),
    }
}

/// Reads an event of the enum's own category.
trait DecodeRecorded: Sized {
    fn decode_recorded(recorded: &RecordedEvent) -> Result<Option<Self>, DecodeError>;
}

impl<E: DomainEvent> DecodeRecorded for E {
    fn decode_recorded(recorded: &RecordedEvent) -> Result<Option<Self>, DecodeError> {
        <E as EventSet>::decode(recorded).map(annals::Decoded::event)
    }
}

fn encoding_comes_back<E: DomainEvent + PartialEq + Debug>(event: &E, recorded: &RecordedEvent) {
    let encoded = match event.encode() {
        Ok(encoded) => encoded,
        Err(error) => {
            let portable = recorded.payload.canonical().is_ok();
            assert!(!portable, "{event:?} was read from portable JSON, and cannot be written: {error}");
            return;
        }
    };
    assert_eq!(Json::parse(encoded.as_str()).as_ref().map(Json::as_str), Ok(encoded.as_str()));
    let again = E::decode(event.kind().name, &encoded);
    assert_eq!(again.as_ref().ok(), Some(event), "{encoded:?} reads back as {again:?}");
    assert!(E::KINDS.contains(&event.kind()), "{:?} is no kind of its enum", event.kind());
}

pub(crate) fn names_the_event(error: &DecodeError, recorded: &RecordedEvent) {
    let text = told(error);
    let header = &recorded.header;
    for name in [header.stream.as_str(), header.event_type.as_str(), &header.version.to_string()] {
        assert!(text.contains(name), "{text:?} does not name {name:?}");
    }
}

fn folding_agrees_with_decoding<A: Aggregate + PartialEq + Debug>(recorded: &RecordedEvent) {
    let mut folded = Rehydrated::<A>::default();
    // Twice: the second finds a state that the event has already changed.
    for _ in 0..2 {
        let before = folded.clone();
        if folded.apply(recorded).is_err() {
            assert_eq!(folded, before, "an event that cannot be decoded changed the state");
        }
    }
}

fn a_digest_holds_for_its_own_contents_alone(mut recorded: RecordedEvent) {
    let origin = annals::Digest::ORIGIN;
    if let Some(digest) = digest_of(&recorded) {
        recorded.header.digest = digest;
        assert_eq!(verify_link(&origin, &recorded), Ok(()));
        recorded.header.schema_version ^= 1;
    }
    let refused = verify_link(&origin, &recorded).expect_err("another content has another digest");
    assert!(told(&refused).contains(recorded.header.stream.as_str()));
}
