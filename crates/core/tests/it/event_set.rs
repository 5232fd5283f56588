//! `#[derive(EventSet)]`: several categories as one type.

use annals_core::{Decoded, DomainEvent, EventSet, Upcast, Upcasters};

use crate::recording::recorded;

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "order", upcasters = upcasters)]
enum OrderEvent {
    Placed { total: u64 },
}

fn upcasters() -> Upcasters {
    Upcasters::new().step("Printed", 1, |_, _| Ok(Upcast::Retired))
}

// The same event type as an order's: only the category tells them apart.
#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "bet")]
enum BetEvent {
    Placed { stake: u64 },
}

#[derive(Debug, PartialEq, EventSet)]
enum Sales {
    Order(OrderEvent),
    Bet(BetEvent),
}

#[test]
fn the_categories_are_those_of_the_variants() {
    assert_eq!(Sales::categories(), ["order", "bet"]);
    assert_eq!(OrderEvent::categories(), ["order"]);
}

#[test]
fn an_event_is_read_as_one_of_its_category() {
    let order = Sales::decode(&recorded("order-1", "Placed", 1, r#"{"total":7}"#)).unwrap();
    assert_eq!(order, Decoded::Event(Sales::Order(OrderEvent::Placed { total: 7 })));
    let bet = Sales::decode(&recorded("bet-1", "Placed", 1, r#"{"stake":7}"#)).unwrap();
    assert_eq!(bet, Decoded::Event(Sales::Bet(BetEvent::Placed { stake: 7 })));
}

#[test]
fn a_retired_event_is_retired_in_the_set_too() {
    assert_eq!(Sales::decode(&recorded("order-1", "Printed", 1, "{}")).unwrap(), Decoded::Retired);
}

#[test]
fn e03_an_event_of_another_category_is_refused() {
    let error = Sales::decode(&recorded("payment-1", "Placed", 1, r#"{"total":7}"#)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "event 3 of payment-1 (Placed v1) cannot be decoded: its category is none of [\"order\", \"bet\"]"
    );
}

#[test]
fn an_event_becomes_one_of_the_set() {
    assert_eq!(Sales::from(BetEvent::Placed { stake: 7 }), Sales::Bet(BetEvent::Placed { stake: 7 }));
}

/// The derives that the facade re-exports, whose expansions name `::annals`.
mod facade {
    use annals_core::{Decoded, DomainEvent as _, EventSet as _};
    use annals_macros::{FacadeDomainEvent, FacadeEventSet};

    use crate::recording::recorded;

    #[derive(Clone, Debug, PartialEq, FacadeDomainEvent)]
    #[event(category = "light", prefix = "Light")]
    enum LightEvent {
        SwitchedOn,
        Dimmed { to: u8 },
    }

    #[derive(Debug, PartialEq, FacadeEventSet)]
    enum House {
        Light(LightEvent),
    }

    #[test]
    fn the_facades_derives_do_the_same() {
        assert_eq!(LightEvent::SwitchedOn.encode().unwrap().as_str(), "{}");
        assert_eq!(LightEvent::Dimmed { to: 3 }.encode().unwrap().as_str(), r#"{"to":3}"#);
        let read = House::decode(&recorded("light-1", "LightDimmed", 1, r#"{"to":3}"#)).unwrap();
        assert_eq!(read, Decoded::Event(House::Light(LightEvent::Dimmed { to: 3 })));
    }
}
