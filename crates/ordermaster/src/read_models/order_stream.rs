//! What several read models ask of an order's events.

use annals::EventHeader;
use ordermaster_domain::{OrderEvent, OrderId, OrderPhase};

/// The order whose stream holds the event. Always there: a stream's id and an order's id keep the same rule.
pub(super) fn order_of(header: &EventHeader) -> Option<OrderId> {
    OrderId::new(header.stream.id()).ok()
}

/// The phase that the event brings an order into; none when it leaves the phase as it is.
pub(super) fn phase_after(event: &OrderEvent) -> Option<OrderPhase> {
    match event {
        OrderEvent::Created(_) => Some(OrderPhase::Created),
        OrderEvent::Confirmed { .. } => Some(OrderPhase::Confirmed),
        OrderEvent::Paid { .. } => Some(OrderPhase::Paid),
        OrderEvent::Shipped(_) => Some(OrderPhase::Shipped),
        OrderEvent::Delivered => Some(OrderPhase::Delivered),
        OrderEvent::Cancelled { .. } => Some(OrderPhase::Cancelled),
        OrderEvent::Returned { .. } => Some(OrderPhase::Returned),
        OrderEvent::ItemAdded { .. } | OrderEvent::ItemRemoved { .. } | OrderEvent::TaxCorrected { .. } => {
            None
        }
    }
}
