//! Events without a category.

use annals_core::DomainEvent;

#[derive(Clone, DomainEvent)]
enum OrderEvent {
    Placed,
}

#[derive(Clone, DomainEvent)]
#[event(prefix = "Order")]
enum PrefixedEvent {
    Placed,
}

fn main() {}
