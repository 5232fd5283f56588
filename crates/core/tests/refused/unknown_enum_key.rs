//! A misspelt key on the enum.

use annals_core::DomainEvent;

#[derive(Clone, DomainEvent)]
#[event(category = "order", perfix = "Order")]
enum OrderEvent {
    Placed,
}

fn main() {}
