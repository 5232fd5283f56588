//! Folding a stream: every event moves the head, only those that mean something move the state.

use annals_core::{
    Aggregate, Context, Decoded, Digest, DomainEvent, Rehydrated, StreamHead, Timestamp, Upcast, Upcasters,
    Version,
};

use crate::recording::recorded;

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "counter", upcasters = upcasters)]
enum CounterEvent {
    Counted { by: u32 },
}

fn upcasters() -> Upcasters {
    Upcasters::new().step("Polished", 1, |_, _| Ok(Upcast::Retired))
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Counter(u32);

impl Aggregate for Counter {
    type Id = u64;
    type Event = CounterEvent;
    type Command = u32;
    type Rejection = std::fmt::Error;

    fn evolve(&mut self, event: &CounterEvent) {
        let CounterEvent::Counted { by } = event;
        self.0 += by;
    }

    fn decide(&self, by: &u32, _: &Context) -> Result<Vec<CounterEvent>, std::fmt::Error> {
        Ok(vec![CounterEvent::Counted { by: *by }])
    }
}

#[test]
fn an_event_moves_state_and_head() {
    let mut counter = Rehydrated::<Counter>::default();
    let event = recorded("counter-1", "Counted", 1, r#"{"by":2}"#);
    let decoded = counter.apply(&event).unwrap();
    assert_eq!(decoded, Decoded::Event(CounterEvent::Counted { by: 2 }));
    assert_eq!(counter.state, Counter(2));
    assert_eq!(counter.version(), Version::new(3));
    let head = counter.head.unwrap();
    assert_eq!((head.digest, head.recorded_at), (event.header.digest, event.header.recorded_at));
}

#[test]
fn a_retired_event_moves_the_head_alone() {
    let mut counter = Rehydrated::new(Counter(5), None);
    assert_eq!(counter.apply(&recorded("counter-1", "Polished", 1, "{}")).unwrap(), Decoded::Retired);
    assert_eq!(counter.state, Counter(5));
    assert_eq!(counter.version(), Version::new(3));
}

#[test]
fn e03_an_event_that_cannot_be_decoded_leaves_all_as_it_was() {
    let head = StreamHead {
        version: Version::new(2),
        recorded_at: Timestamp::UNIX_EPOCH,
        digest: Digest::from_bytes([7; 32]),
    };
    let before = Rehydrated::new(Counter(5), Some(head));
    let mut counter = before.clone();
    counter.apply(&recorded("counter-1", "Counted", 1, r#"{"by":-2}"#)).unwrap_err();
    assert_eq!(counter, before);
}
