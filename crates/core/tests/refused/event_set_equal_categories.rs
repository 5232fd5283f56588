//! Two variants of an event set with one category.

use annals_core::{DomainEvent, EventSet};

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
enum OrderEvent {
    Placed,
}

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
enum OldOrderEvent {
    Placed,
}

#[derive(EventSet)]
enum Sales {
    Order(OrderEvent),
    OldOrder(OldOrderEvent),
}

fn main() {}
