//! Two variants that would be recorded as one type, and a key given twice.

use annals_core::DomainEvent;

#[derive(Clone, DomainEvent)]
#[event(category = "order", prefix = "Order")]
enum OrderEvent {
    Placed,
    #[event(name = "OrderPlaced", version = 2)]
    PlacedAgain,
}

#[derive(Clone, DomainEvent)]
#[event(category = "order", category = "orders")]
enum TwiceEvent {
    Placed,
}

fn main() {}
