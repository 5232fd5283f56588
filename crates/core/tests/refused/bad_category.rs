//! Categories that no stream may have.

use annals_core::DomainEvent;

#[derive(Clone, DomainEvent)]
#[event(category = "pre-order")]
enum HyphenEvent {
    Placed,
}

#[derive(Clone, DomainEvent)]
#[event(category = "")]
enum EmptyEvent {
    Placed,
}

#[derive(Clone, DomainEvent)]
#[event(category = "a2345678901234567890123456789012345678901234567890123456789012345")]
enum LongEvent {
    Placed,
}

fn main() {}
