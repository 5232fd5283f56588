//! Orders, events and commands that the order's tests speak of.

use ordermaster_domain::{
    Currency, MoneyError, NewItem, NewOrder, OrderCommand, OrderCreated, OrderEvent, OrderLine, OrderPhase,
    OrderRejection, Quantity, ReturnedItem, Settlement, Tracking,
};

use crate::given::{NOW, value};

pub(crate) fn item(sku: &str, quantity: u32, unit_price: &str) -> NewItem {
    NewItem {
        sku: value(sku),
        description: value(&format!("article {sku}")),
        quantity: Quantity::new(quantity).expect("more than none"),
        unit_price: value(unit_price),
    }
}

pub(crate) fn line(number: &str, sku: &str, quantity: u32, unit_price: &str) -> OrderLine {
    let NewItem { sku, description, quantity, unit_price } = item(sku, quantity, unit_price);
    OrderLine { number: value(number), sku, description, quantity, unit_price }
}

pub(crate) fn order_of(items: Vec<NewItem>, tax_rate: &str) -> NewOrder {
    NewOrder {
        customer: value("c-1"),
        placed_at: Some(value("2024-02-29T12:00:00Z")),
        items,
        tax_rate: value(tax_rate),
        shipping_address: value("1 High Street, London, United Kingdom"),
    }
}

pub(crate) fn create(items: Vec<NewItem>, tax_rate: &str) -> OrderCommand {
    OrderCommand::Create(order_of(items, tax_rate))
}

pub(crate) fn created_with(lines: Vec<OrderLine>, tax: &str, tax_rate: &str, total: &str) -> OrderEvent {
    OrderEvent::Created(OrderCreated {
        customer: value("c-1"),
        placed_at: value("2024-02-29T12:00:00Z"),
        lines,
        tax: value(tax),
        tax_rate: value(tax_rate),
        shipping_address: value("1 High Street, London, United Kingdom"),
        total: value(total),
    })
}

/// 2 × 10.00 A and 1 × 5.00 B, 20 % tax: 30.00 in all.
pub(crate) fn created() -> OrderEvent {
    created_with(vec![line("1", "A", 2, "10 GBP"), line("2", "B", 1, "5 GBP")], "5 GBP", "0.2", "30 GBP")
}

pub(crate) fn confirmed() -> OrderEvent {
    OrderEvent::Confirmed { payment_method: value("pm_1"), confirmed_at: NOW }
}

pub(crate) fn paid() -> OrderEvent {
    OrderEvent::Paid { payment: value("p-1"), amount: value("30 GBP") }
}

pub(crate) fn tracking() -> Tracking {
    Tracking { carrier: value("Royal Mail"), tracking_number: value("RM 123 456 GB") }
}

pub(crate) fn history(phase: OrderPhase) -> Vec<OrderEvent> {
    let all = [created(), confirmed(), paid(), OrderEvent::Shipped(tracking()), OrderEvent::Delivered];
    let count = match phase {
        OrderPhase::Absent => 0,
        OrderPhase::Created => 1,
        OrderPhase::Confirmed => 2,
        OrderPhase::Paid => 3,
        OrderPhase::Shipped => 4,
        OrderPhase::Delivered => 5,
        OrderPhase::Cancelled | OrderPhase::Returned => panic!("{phase} lies beside the straight way"),
    };
    all[..count].to_vec()
}

pub(crate) fn pay(amount: &str) -> OrderCommand {
    OrderCommand::MarkPaid { payment: value("p-1"), amount: value(amount) }
}

pub(crate) fn cancel(refund: Option<&str>) -> OrderCommand {
    OrderCommand::Cancel { reason: value("changed my mind"), refund: refund.map(value) }
}

pub(crate) fn cancelled(refund: &str) -> OrderEvent {
    OrderEvent::Cancelled { reason: value("changed my mind"), refund: value(refund) }
}

pub(crate) fn items(items: &[(&str, u32)]) -> Vec<ReturnedItem> {
    let item = |(sku, quantity): &(&str, u32)| ReturnedItem {
        sku: value(sku),
        quantity: Quantity::new(*quantity).expect("more than none"),
    };
    items.iter().map(item).collect()
}

pub(crate) fn take_back(returned: &[(&str, u32)], refund: &str) -> OrderCommand {
    OrderCommand::Return { items: items(returned), reason: value("does not fit"), refund: value(refund) }
}

pub(crate) fn returned(returned: &[(&str, u32)], refund: &str) -> OrderEvent {
    OrderEvent::Returned { items: items(returned), reason: value("does not fit"), refund: value(refund) }
}

pub(crate) fn correct_tax(tax: &str) -> OrderCommand {
    OrderCommand::CorrectTax { tax: value(tax), reason: value("books are zero-rated") }
}

pub(crate) fn tax_corrected(
    old_tax: &str,
    new_tax: &str,
    new_total: &str,
    settlement: Settlement,
) -> OrderEvent {
    OrderEvent::TaxCorrected {
        old_tax: value(old_tax),
        new_tax: value(new_tax),
        new_total: value(new_total),
        reason: value("books are zero-rated"),
        settlement,
    }
}

pub(crate) fn mixed(left: Currency, right: Currency) -> OrderRejection {
    OrderRejection::Money(MoneyError::MixedCurrencies { left, right })
}
