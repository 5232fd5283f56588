//! Types that are no enum of events.

use annals_core::DomainEvent;

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
struct OrderPlaced {
    total: u64,
}

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
enum GenericEvent<T> {
    Placed { total: T },
}

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
enum NoEvent {}

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
enum FieldEvent {
    Placed {
        #[event(name = "sum")]
        total: u64,
    },
}

fn main() {}
