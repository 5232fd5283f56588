//! Random command scripts over all four aggregates of the reference domain. Ids are few, so that commands meet each
//! other's aggregates; most commands are refused somewhere along a script, which is as good a case as any.

use annals::Timestamp;
use ordermaster_domain::{
    AccountCommand, AccountId, Address, Carrier, Currency, CustomerId, DepositMethod, Description,
    GatewayResponse, InventoryCommand, LineNumber, Money, NewItem, NewOrder, OrderCommand, OrderId, Owner,
    PaymentCommand, PaymentId, PaymentMethod, Quantity, Reason, ReturnedItem, Sku, TaxRate, Tracking,
    TrackingNumber, TransactionId,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// One command to one aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Step {
    Order(OrderId, OrderCommand),
    /// Pays what the order comes to by then, which a script drawn beforehand seldom hits.
    PayInFull(OrderId, PaymentId),
    Payment(PaymentId, PaymentCommand),
    Inventory(Sku, InventoryCommand),
    Account(AccountId, AccountCommand),
}

/// A script of up to `steps` commands.
pub(crate) fn script(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (order_id(), order_command()).prop_map(|(id, command)| Step::Order(id, command)),
        2 => (order_id(), payment_id()).prop_map(|(order, payment)| Step::PayInFull(order, payment)),
        3 => (payment_id(), payment_command()).prop_map(|(id, command)| Step::Payment(id, command)),
        2 => (sku(), inventory_command()).prop_map(|(id, command)| Step::Inventory(id, command)),
        3 => (account_id(), account_command()).prop_map(|(id, command)| Step::Account(id, command)),
    ];
    prop::collection::vec(step, 1..=steps)
}

/// The ids that a script may touch.
pub(crate) fn all_ids() -> (Vec<OrderId>, Vec<PaymentId>, Vec<Sku>, Vec<AccountId>) {
    let name = |n: u32| n.to_string();
    (
        (0..3).map(|n| OrderId::new(&name(n)).unwrap()).collect(),
        (0..3).map(|n| PaymentId::new(&name(n)).unwrap()).collect(),
        (0..3).map(|n| Sku::new(&name(n)).unwrap()).collect(),
        (0..3).map(|n| AccountId::new(&name(n)).unwrap()).collect(),
    )
}

fn order_id() -> impl Strategy<Value = OrderId> {
    (0..3_u32).prop_map(|n| OrderId::new(&n.to_string()).unwrap())
}

fn payment_id() -> impl Strategy<Value = PaymentId> {
    (0..3_u32).prop_map(|n| PaymentId::new(&n.to_string()).unwrap())
}

fn sku() -> impl Strategy<Value = Sku> {
    (0..3_u32).prop_map(|n| Sku::new(&n.to_string()).unwrap())
}

fn account_id() -> impl Strategy<Value = AccountId> {
    (0..3_u32).prop_map(|n| AccountId::new(&n.to_string()).unwrap())
}

fn money() -> impl Strategy<Value = Money> {
    // Mostly one currency and few amounts, so that payments often fit; some of another, to be refused.
    let currency = prop_oneof![29 => Just("USD"), 1 => Just("EUR")];
    (prop_oneof![1 => Just(0_i64), 4 => Just(5), 4 => Just(10), 4 => Just(20), 1 => -5..40_i64], currency)
        .prop_map(|(units, code)| Money::new(units.into(), code.parse::<Currency>().unwrap()).unwrap())
}

fn quantity() -> impl Strategy<Value = Quantity> {
    (1..4_u32).prop_map(|n| Quantity::new(n).unwrap())
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![Just("changed my mind"), Just("verzögert – «später»")]
        .prop_map(|text| Reason::new(text).unwrap())
}

fn method() -> PaymentMethod {
    PaymentMethod::new("tok_1").unwrap()
}

fn item() -> impl Strategy<Value = NewItem> {
    (sku(), quantity(), money()).prop_map(|(sku, quantity, unit_price)| NewItem {
        sku,
        description: Description::new("a \"thing\", 5 €").unwrap(),
        quantity,
        unit_price,
    })
}

fn new_order() -> impl Strategy<Value = NewOrder> {
    let customer = (0..2_u32).prop_map(|n| CustomerId::new(&n.to_string()).unwrap());
    let rate = prop_oneof![Just("0"), Just("0.1")];
    let items = prop_oneof![1 => Just(Vec::new()), 9 => prop::collection::vec(item(), 1..3)];
    let placed_at = prop::option::of((0..4_i64).prop_map(|day| Timestamp::from_micros(day * 86_400_000_000)));
    (customer, placed_at, items, rate).prop_map(|(customer, placed_at, items, rate)| NewOrder {
        customer,
        placed_at,
        items,
        tax_rate: TaxRate::new(rate.parse().unwrap()).unwrap(),
        shipping_address: Address::new(["1 Long Lane"], "United Kingdom").unwrap(),
    })
}

fn order_command() -> impl Strategy<Value = OrderCommand> {
    let line = (1..4_u32).prop_map(|n| n.to_string().parse::<LineNumber>().unwrap());
    let returned = (sku(), quantity()).prop_map(|(sku, quantity)| ReturnedItem { sku, quantity });
    prop_oneof![
        4 => new_order().prop_map(OrderCommand::Create),
        1 => item().prop_map(OrderCommand::AddItem),
        1 => line.prop_map(|line| OrderCommand::RemoveItem { line }),
        3 => Just(OrderCommand::Confirm { payment_method: method() }),
        3 => (payment_id(), money()).prop_map(|(payment, amount)| OrderCommand::MarkPaid { payment, amount }),
        2 => Just(OrderCommand::Ship(Tracking {
            carrier: Carrier::new("Post").unwrap(),
            tracking_number: TrackingNumber::new("T1").unwrap(),
        })),
        2 => Just(OrderCommand::Deliver),
        1 => (reason(), prop::option::of(money())).prop_map(|(reason, refund)| OrderCommand::Cancel { reason, refund }),
        1 => (prop::collection::vec(returned, 1..3), reason(), money())
            .prop_map(|(items, reason, refund)| OrderCommand::Return { items, reason, refund }),
        1 => (money(), reason()).prop_map(|(tax, reason)| OrderCommand::CorrectTax { tax, reason }),
    ]
}

fn payment_command() -> impl Strategy<Value = PaymentCommand> {
    prop_oneof![
        2 => (order_id(), money())
            .prop_map(|(order, amount)| PaymentCommand::Request { order, amount, method: method() }),
        2 => Just(PaymentCommand::Process {
            transaction_id: TransactionId::new("tx-1").unwrap(),
            gateway_response: GatewayResponse::default(),
        }),
        1 => reason().prop_map(|reason| PaymentCommand::Fail { reason }),
        1 => money().prop_map(|amount| PaymentCommand::Refund { amount }),
    ]
}

fn inventory_command() -> impl Strategy<Value = InventoryCommand> {
    prop_oneof![
        2 => quantity().prop_map(|quantity| InventoryCommand::Receive { quantity }),
        2 => (order_id(), quantity()).prop_map(|(order, quantity)| InventoryCommand::Reserve { order, quantity }),
        1 => (order_id(), quantity()).prop_map(|(order, quantity)| InventoryCommand::Release { order, quantity }),
        1 => (order_id(), quantity()).prop_map(|(order, quantity)| InventoryCommand::Allocate { order, quantity }),
        1 => (0..6_u64, reason()).prop_map(|(counted, reason)| InventoryCommand::Adjust { counted, reason }),
    ]
}

fn account_command() -> impl Strategy<Value = AccountCommand> {
    prop_oneof![
        2 => money().prop_map(|opening_balance| AccountCommand::Open {
            owner: Owner::new("Ada").unwrap(),
            opening_balance,
        }),
        2 => money().prop_map(|amount| AccountCommand::Deposit { amount, method: DepositMethod::Cash }),
        2 => money().prop_map(|amount| AccountCommand::Withdraw { amount }),
        1 => Just(AccountCommand::Close),
    ]
}
