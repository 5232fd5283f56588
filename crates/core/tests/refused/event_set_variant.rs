//! Variants of an event set that do not hold one category's events.

use annals_core::{DomainEvent, EventSet};

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
enum OrderEvent {
    Placed,
}

#[derive(EventSet)]
enum Sales {
    Order(OrderEvent),
    Payment { paid: u64 },
}

#[derive(EventSet)]
struct Orders(OrderEvent);

#[derive(EventSet)]
enum Nothing {}

fn main() {}
