//! Histories for the tests of read models: what a store would hand back after a few commands were carried out.
//!
//! Streams are made by the domain's own `decide`, so that no test rests on events that cannot happen.

use std::collections::BTreeMap;

use annals::ports::NewEvent;
use annals::projection::{Fold, Projection, interleavings};
use annals::{
    Aggregate, CommitId, CommitPlace, Context, Digest, DomainEvent, EventHeader, Metadata, RecordedEvent,
    Rehydrated, StreamId, Timestamp, Version,
};
use ordermaster_domain::{
    Account, AccountCommand, DepositMethod, Inventory, InventoryCommand, NewItem, NewOrder, Order,
    OrderCommand, OrderId, PaymentMethod, Quantity, ReturnedItem, Sku, TaxRate, Tracking,
};

/// An instant.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An order's id.
pub(super) fn id(text: &str) -> OrderId {
    OrderId::new(text).unwrap()
}

/// The rows of a projection over these events, of which none may wait for a route.
pub(super) fn fold<P: Projection>(
    projection: P,
    events: impl IntoIterator<Item = RecordedEvent>,
) -> BTreeMap<P::Key, P::Row> {
    let mut fold = Fold::new(projection);
    for event in events {
        fold.push(&event).unwrap();
    }
    assert_eq!(fold.parked(), 0);
    // A fold lends its rows; they are read back as a view would.
    let read = |row: &P::Row| serde_json::from_value(serde_json::to_value(row).unwrap()).unwrap();
    fold.rows().iter().map(|(key, row)| (key.clone(), read(row))).collect()
}

/// Checks law V06 for three streams.
pub(super) fn assert_any_interleaving<P: Projection>(projection: P, streams: &[Vec<RecordedEvent>]) {
    let checked = interleavings(projection, streams, 7, 300).unwrap();
    assert!(checked.tried > 100, "{checked:?}");
}

/// The stream that these commands leave behind; the first is carried out on 29 February 2024 at midnight, the others
/// from a day later on, a minute apart, by `clerk`.
pub(super) fn stream<A: Aggregate>(id: &A::Id, commands: &[A::Command]) -> Vec<RecordedEvent> {
    let stream = StreamId::new(A::CATEGORY, &id.to_string()).unwrap();
    let mut state = A::default();
    let mut recorded = Vec::new();
    for (place, command) in commands.iter().enumerate() {
        let minutes = if place == 0 { 0 } else { 24 * 60 - 1 + place as u64 };
        let now = at("2024-02-29T00:00:00Z").plus(std::time::Duration::from_secs(60 * minutes));
        for event in state.decide(command, &Context::at(now)).unwrap() {
            state.evolve(&event);
            recorded.push(record(&stream, recorded.len(), now, &event));
        }
    }
    recorded
}

fn record<E: DomainEvent>(stream: &StreamId, before: usize, now: Timestamp, event: &E) -> RecordedEvent {
    let new = NewEvent::encode(event, &Metadata::new().by("clerk")).unwrap();
    let header = EventHeader {
        id: new.id,
        stream: stream.clone(),
        version: Version::new(before as u64 + 1),
        event_type: new.event_type,
        schema_version: new.schema_version,
        recorded_at: now,
        commit: CommitPlace { id: CommitId::new(), index: 0, size: 1 },
        metadata: new.metadata,
        digest: Digest::ORIGIN,
    };
    RecordedEvent { header, payload: new.payload }
}

fn item(sku: &str, quantity: u32, price: &str) -> NewItem {
    NewItem {
        sku: Sku::new(sku).unwrap(),
        description: format!("article {sku}").parse().unwrap(),
        quantity: Quantity::new(quantity).unwrap(),
        unit_price: price.parse().unwrap(),
    }
}

/// Placed on 28 February, at 20 % tax: two A, one B; one C is added, B taken off; then confirmed and paid with 36 GBP.
fn until_paid(customer: &str) -> Vec<OrderCommand> {
    vec![
        OrderCommand::Create(NewOrder {
            customer: customer.parse().unwrap(),
            placed_at: Some(at("2024-02-28T23:00:00Z")),
            items: vec![item("A", 2, "10.00 GBP"), item("B", 1, "5.00 GBP")],
            tax_rate: "0.2".parse::<TaxRate>().unwrap(),
            shipping_address: "1 High Street, London, United Kingdom".parse().unwrap(),
        }),
        OrderCommand::AddItem(item("C", 1, "10.00 GBP")),
        OrderCommand::RemoveItem { line: "2".parse().unwrap() },
        OrderCommand::Confirm { payment_method: PaymentMethod::new("pm_card").unwrap() },
        OrderCommand::MarkPaid { payment: "p-1".parse().unwrap(), amount: "36.00 GBP".parse().unwrap() },
    ]
}

fn until_delivered(customer: &str) -> Vec<OrderCommand> {
    let mut commands = until_paid(customer);
    commands.push(OrderCommand::Ship(Tracking {
        carrier: "Post".parse().unwrap(),
        tracking_number: "T-1".parse().unwrap(),
    }));
    commands.push(OrderCommand::Deliver);
    commands
}

fn order(order: &str, commands: &[OrderCommand]) -> Vec<RecordedEvent> {
    stream::<Order>(&id(order), commands)
}

/// An order that came to its customer.
pub(super) fn delivered_order(id: &str, customer: &str) -> Vec<RecordedEvent> {
    order(id, &until_delivered(customer))
}

/// An order that was called off after it was paid.
pub(super) fn cancelled_order(id: &str, customer: &str) -> Vec<RecordedEvent> {
    let mut commands = until_paid(customer);
    commands.push(OrderCommand::Cancel { reason: "out of stock".parse().unwrap(), refund: None });
    order(id, &commands)
}

/// An order of which one A came back, for 12 GBP.
pub(super) fn returned_order(id: &str, customer: &str) -> Vec<RecordedEvent> {
    let mut commands = until_delivered(customer);
    commands.push(OrderCommand::Return {
        items: vec![ReturnedItem { sku: Sku::new("A").unwrap(), quantity: Quantity::ONE }],
        reason: "broken".parse().unwrap(),
        refund: "12.00 GBP".parse().unwrap(),
    });
    order(id, &commands)
}

/// An order whose tax was put right after it was paid.
pub(super) fn tax_corrected_order(id: &str, customer: &str) -> Vec<RecordedEvent> {
    let mut commands = until_paid(customer);
    let (tax, reason) = ("7.50 GBP".parse().unwrap(), "wrong rate".parse().unwrap());
    commands.push(OrderCommand::CorrectTax { tax, reason });
    order(id, &commands)
}

/// Three orders of two customers.
pub(super) fn three_orders() -> Vec<Vec<RecordedEvent>> {
    vec![delivered_order("o-1", "ada"), cancelled_order("o-2", "ada"), returned_order("o-3", "grace")]
}

/// An account of Ada's with this opening balance, 50 GBP put in and 30.50 GBP taken out.
pub(super) fn account(id: &str, opening_balance: &str) -> Vec<RecordedEvent> {
    stream::<Account>(
        &id.parse().unwrap(),
        &[
            AccountCommand::Open {
                owner: "Ada".parse().unwrap(),
                opening_balance: opening_balance.parse().unwrap(),
            },
            AccountCommand::Deposit { amount: "50.00 GBP".parse().unwrap(), method: DepositMethod::Cash },
            AccountCommand::Withdraw { amount: "30.50 GBP".parse().unwrap() },
        ],
    )
}

/// An account that was opened empty, used, emptied and closed.
pub(super) fn emptied_account(id: &str) -> Vec<RecordedEvent> {
    let (owner, nothing) = ("Ada".parse().unwrap(), "0 GBP".parse().unwrap());
    let (amount, method) = ("50.00 GBP".parse().unwrap(), DepositMethod::Card);
    let commands = [
        AccountCommand::Open { owner, opening_balance: nothing },
        AccountCommand::Deposit { amount, method },
        AccountCommand::Withdraw { amount },
        AccountCommand::Close,
    ];
    stream::<Account>(&id.parse().unwrap(), &commands)
}

/// A stock of which 10 pieces came, 4 were reserved, 1 released and 2 allocated, and 7 were counted.
pub(super) fn stock(sku: &str) -> Vec<RecordedEvent> {
    let quantity = |pieces| Quantity::new(pieces).unwrap();
    let commands = [
        InventoryCommand::Receive { quantity: quantity(10) },
        InventoryCommand::Reserve { order: id("o-1"), quantity: quantity(4) },
        InventoryCommand::Release { order: id("o-1"), quantity: quantity(1) },
        InventoryCommand::Allocate { order: id("o-1"), quantity: quantity(2) },
        InventoryCommand::Adjust { counted: 7, reason: "counted".parse().unwrap() },
    ];
    stream::<Inventory>(&sku.parse().unwrap(), &commands)
}

/// The stock that these events come to.
pub(super) fn inventory_after(events: &[RecordedEvent]) -> Inventory {
    let mut stock = Rehydrated::<Inventory>::default();
    for event in events {
        stock.apply(event).unwrap();
    }
    stock.state
}
