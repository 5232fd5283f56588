//! Names and versions that cannot be recorded.

use annals_core::DomainEvent;

#[derive(Clone, DomainEvent)]
#[event(category = "order", prefix = "Order ")]
enum OrderEvent {
    Placed,
    #[event(name = "")]
    Paid,
    #[event(name = "OrderSent", version = 0)]
    Sent,
    #[event(name = "OrderLost", version = 32768)]
    Lost,
}

fn main() {}
