//! Payloads whose fields have no names.

use annals_core::DomainEvent;

#[derive(Clone, DomainEvent)]
#[event(category = "order")]
enum OrderEvent {
    Placed(String, u64),
    Paid(),
}

fn main() {}
