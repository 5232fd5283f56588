//! A misspelt key on a variant.

use annals_core::DomainEvent;

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
enum OrderEvent {
    #[event(nmae = "OrderPlaced")]
    Placed,
    #[event(version = 2, schema = 2)]
    Paid,
}

fn main() {}
