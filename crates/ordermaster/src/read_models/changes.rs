//! What an order's event changed, in words, from its own fields.
//!
//! Lines are told without their descriptions: so a change is shorter than the event it comes from, and a row always
//! fits (law A08).

use ordermaster_domain::{OrderEvent, OrderLine, Settlement};

use super::order_stream::phase_after;

/// What the event changed, a text each; the status first.
pub(super) fn of(event: &OrderEvent) -> Vec<String> {
    let mut changes = Vec::new();
    if let Some(phase) = phase_after(event) {
        changes.push(format!("status: {phase}"));
    }
    match event {
        OrderEvent::Created(created) => {
            changes.push(format!("customer: {}", created.customer));
            changes.push(format!("placed at: {}", created.placed_at));
            changes.extend(created.lines.iter().map(line));
            changes.push(format!("tax: {} at rate {}", created.tax, created.tax_rate));
            changes.push(format!("total: {}", created.total));
            changes.push(format!("shipping address: {}", created.shipping_address));
        }
        OrderEvent::ItemAdded { line: added, tax, total } => {
            changes.extend([line(added), format!("tax: {tax}"), format!("total: {total}")]);
        }
        OrderEvent::ItemRemoved { line, sku, quantity, tax, total } => changes.extend([
            format!("line {line}: removed {quantity} × {sku}"),
            format!("tax: {tax}"),
            format!("total: {total}"),
        ]),
        OrderEvent::Confirmed { payment_method, confirmed_at } => {
            changes.extend([
                format!("payment method: {payment_method}"),
                format!("confirmed at: {confirmed_at}"),
            ]);
        }
        OrderEvent::Paid { payment, amount } => changes.push(format!("paid: {amount} by payment {payment}")),
        OrderEvent::Shipped(tracking) => changes.extend([
            format!("carrier: {}", tracking.carrier),
            format!("tracking number: {}", tracking.tracking_number),
        ]),
        OrderEvent::Delivered => {}
        OrderEvent::Cancelled { reason, refund } => {
            changes.extend([format!("refund: {refund}"), format!("reason: {reason}")]);
        }
        OrderEvent::Returned { items, reason, refund } => {
            changes.extend(items.iter().map(|item| format!("came back: {} × {}", item.quantity, item.sku)));
            changes.extend([format!("refund: {refund}"), format!("reason: {reason}")]);
        }
        OrderEvent::TaxCorrected { old_tax, new_tax, new_total, reason, settlement } => {
            changes.push(format!("tax: {old_tax} → {new_tax}"));
            changes.push(format!("total: {new_total}"));
            changes.extend(settled(*settlement));
            changes.push(format!("reason: {reason}"));
        }
    }
    changes
}

fn line(line: &OrderLine) -> String {
    format!("line {}: {} × {} at {}", line.number, line.quantity, line.sku, line.unit_price)
}

fn settled(settlement: Settlement) -> Option<String> {
    match settlement {
        Settlement::Unpaid | Settlement::Settled => None,
        Settlement::Owed(amount) => Some(format!("owed: {amount}")),
        Settlement::Refundable(amount) => Some(format!("refundable: {amount}")),
    }
}
