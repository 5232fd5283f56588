//! What each golden file means today.

use ordermaster_domain::{
    AccountEvent, DepositMethod, GatewayResponse, InventoryEvent, LineNumber, OrderCreated, OrderEvent,
    OrderLine, PaymentEvent, Quantity, ReturnedItem, Settlement, Tracking,
};

use crate::given::value;

fn pieces(number: u32) -> Quantity {
    Quantity::new(number).expect("more than none")
}

fn created(currency: &str, placed_at: &str, tax: &str, tax_rate: &str, total: &str) -> OrderEvent {
    let money = |amount: &str| value(&format!("{amount} {currency}"));
    let line = |number, sku, description, quantity, unit_price| OrderLine {
        number: value(number),
        sku: value(sku),
        description: value(description),
        quantity: pieces(quantity),
        unit_price: money(unit_price),
    };
    OrderEvent::Created(OrderCreated {
        customer: value("17850"),
        placed_at: value(placed_at),
        lines: vec![
            line("1", "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 6, "2.55"),
            line("2", "71053", "WHITE METAL LANTERN", 2, "3.39"),
        ],
        tax: money(tax),
        tax_rate: value(tax_rate),
        shipping_address: value("1 High Street, London, United Kingdom"),
        total: money(total),
    })
}

fn confirmed(payment_method: &str, confirmed_at: &str) -> OrderEvent {
    OrderEvent::Confirmed { payment_method: value(payment_method), confirmed_at: value(confirmed_at) }
}

pub(crate) fn order() -> Vec<(&'static str, OrderEvent)> {
    let recorded_then = "2010-12-01T08:26:00Z";
    let added = OrderLine {
        number: value("3"),
        sku: value("84406B"),
        description: value("CREAM CUPID HEARTS COAT HANGER"),
        quantity: pieces(1),
        unit_price: value("2.75 GBP"),
    };
    vec![
        ("OrderCreated.v1", created("USD", recorded_then, "0", "0", "22.08")),
        ("OrderCreated.v2", created("EUR", "2012-03-04T05:06:07.0809Z", "0", "0", "22.08")),
        ("OrderCreated.v3", created("GBP", "2024-02-29T12:00:00Z", "4.42", "0.2", "26.50")),
        (
            "OrderItemAdded.v1",
            OrderEvent::ItemAdded { line: added, tax: value("4.97 GBP"), total: value("29.80 GBP") },
        ),
        (
            "OrderItemRemoved.v1",
            OrderEvent::ItemRemoved {
                line: LineNumber::FIRST.next(),
                sku: value("71053"),
                quantity: pieces(2),
                tax: value("3.61 GBP"),
                total: value("21.66 GBP"),
            },
        ),
        ("OrderConfirmed.v1", confirmed("pm_1", "2011-01-02T03:04:05Z")),
        ("OrderConfirmed.v2", confirmed("pm_7f3c", "2024-02-29T12:03:00Z")),
        ("OrderPaid.v1", OrderEvent::Paid { payment: value("pay-1"), amount: value("21.66 GBP") }),
        (
            "OrderShipped.v1",
            OrderEvent::Shipped(Tracking {
                carrier: value("Royal Mail"),
                tracking_number: value("RM 123 456 GB"),
            }),
        ),
        ("OrderDelivered.v1", OrderEvent::Delivered),
        (
            "OrderCancelled.v1",
            OrderEvent::Cancelled { reason: value("no longer wanted"), refund: value("21.66 GBP") },
        ),
        (
            "OrderReturned.v1",
            OrderEvent::Returned {
                items: vec![ReturnedItem { sku: value("85123A"), quantity: pieces(2) }],
                reason: value("broken in transit"),
                refund: value("6.12 GBP"),
            },
        ),
        (
            "TaxCorrected.v1",
            OrderEvent::TaxCorrected {
                old_tax: value("3.61 GBP"),
                new_tax: value("0.90 GBP"),
                new_total: value("18.95 GBP"),
                reason: value("reduced rate"),
                settlement: Settlement::Refundable(value("2.71 GBP")),
            },
        ),
    ]
}

pub(crate) fn payment() -> Vec<(&'static str, PaymentEvent)> {
    let processed = |transaction_id, gateway_response| PaymentEvent::Processed {
        transaction_id: value(transaction_id),
        gateway_response,
    };
    vec![
        (
            "PaymentRequested.v1",
            PaymentEvent::Requested {
                order: value("o-1"),
                amount: value("21.66 GBP"),
                method: value("pm_7f3c"),
            },
        ),
        ("PaymentProcessed.v1", processed("txn-1", GatewayResponse::default())),
        ("PaymentProcessed.v2", processed("txn-9", value(r#"{"code": "approved"}"#))),
        ("PaymentFailed.v1", PaymentEvent::Failed { reason: value("insufficient funds") }),
        ("PaymentRefunded.v1", PaymentEvent::Refunded { amount: value("6.12 GBP") }),
    ]
}

pub(crate) fn inventory() -> Vec<(&'static str, InventoryEvent)> {
    let order = || value("o-1");
    vec![
        ("StockReceived.v1", InventoryEvent::Received { quantity: pieces(100) }),
        ("InventoryReserved.v1", InventoryEvent::Reserved { order: order(), quantity: pieces(6) }),
        ("InventoryReleased.v1", InventoryEvent::Released { order: order(), quantity: pieces(4) }),
        ("InventoryAllocated.v1", InventoryEvent::Allocated { order: order(), quantity: pieces(1) }),
        ("StockAdjusted.v1", InventoryEvent::Adjusted { counted: 97, reason: value("two were smashed") }),
    ]
}

pub(crate) fn account() -> Vec<(&'static str, AccountEvent)> {
    let deposited = |amount, method| AccountEvent::Deposited { amount: value(amount), method };
    vec![
        (
            "AccountOpened.v1",
            AccountEvent::Opened { owner: value("Ada Lovelace"), opening_balance: value("10 USD") },
        ),
        ("MoneyDeposited.v1", deposited("100 USD", DepositMethod::Unknown)),
        ("MoneyDeposited.v2", deposited("250.50 USD", DepositMethod::Unknown)),
        ("MoneyDeposited.v3", deposited("75 USD", DepositMethod::BankTransfer)),
        ("MoneyWithdrawn.v1", AccountEvent::Withdrawn { amount: value("20 USD") }),
        ("AccountClosed.v1", AccountEvent::Closed),
    ]
}
