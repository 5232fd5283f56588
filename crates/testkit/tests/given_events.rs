//! Given events, then rows: passes what holds, and says in full what does not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use annals_core::{DomainEvent, EventSet, Recorded, StreamId};
use annals_projection::{Keys, Projection};
use annals_testkit::given_events;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, DomainEvent)]
#[event(category = "order", prefix = "Order")]
enum OrderEvent {
    Placed { total: u64 },
}

#[derive(Clone, Debug, DomainEvent)]
#[event(category = "payment", prefix = "Payment")]
enum PaymentEvent {
    Taken { order: StreamId, amount: u64 },
}

#[derive(Debug, EventSet)]
enum Sales {
    Order(OrderEvent),
    Payment(PaymentEvent),
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Balance {
    owed: u64,
    paid: u64,
    last: String,
}

/// What is owed and paid for each order. `last` makes it depend on which came last, when it is to.
#[derive(Clone)]
struct Balances {
    tells_last: bool,
}

impl Projection for Balances {
    const NAME: &'static str = "balances";
    const VERSION: u32 = 1;
    type Event = Sales;
    type Key = String;
    type Row = Balance;

    fn keys(&self, event: &Recorded<Sales>) -> Keys<String> {
        match &event.event {
            Sales::Order(_) => Keys::one(event.header.stream.to_string()),
            Sales::Payment(PaymentEvent::Taken { order, .. }) => Keys::one(order.to_string()),
        }
    }

    fn apply(&self, _: &String, row: Option<Balance>, event: &Recorded<Sales>) -> Option<Balance> {
        let mut row = row.unwrap_or_default();
        match &event.event {
            Sales::Order(OrderEvent::Placed { total }) => row.owed += total,
            Sales::Payment(PaymentEvent::Taken { amount, .. }) => row.paid += amount,
        }
        if self.tells_last {
            row.last = event.header.event_type.to_string();
        }
        Some(row)
    }
}

fn placed(total: u64) -> OrderEvent {
    OrderEvent::Placed { total }
}

fn taken(amount: u64) -> PaymentEvent {
    PaymentEvent::Taken { order: "order-1".parse().expect("a valid name"), amount }
}

/// What a test that fails says.
fn failure(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("this test must fail");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn rows_that_are_right_pass() {
    given_events(Balances { tells_last: false })
        .of("order-1", [placed(10)])
        .of("payment-1", [taken(4), taken(3)])
        .of("order-2", [placed(1)])
        .then_row("order-1", &Balance { owed: 10, paid: 7, last: String::new() })
        .then_no_row("payment-1")
        .then_nothing_waits()
        .then_the_same_however_interleaved();
}

#[test]
fn v06_rows_that_depend_on_the_interleaving_are_told() {
    let said = failure(|| {
        given_events(Balances { tells_last: true })
            .of("order-1", [placed(10)])
            .of("payment-1", [taken(4)])
            .then_the_same_however_interleaved();
    });
    assert!(said.contains("law V06") && said.contains("payment-1 1 PaymentTaken"), "{said}");
}

#[test]
fn another_row_is_told_with_the_events() {
    let said = failure(|| {
        let expected = Balance { owed: 11, ..Balance::default() };
        given_events(Balances { tells_last: false })
            .of("order-1", [placed(10)])
            .then_row("order-1", &expected);
    });
    let expected = "
given
  order-1 Placed { total: 10 }
then expected
  order-1: Balance { owed: 11, paid: 0, last: \"\" }
but got
  Balance { owed: 10, paid: 0, last: \"\" }
";
    assert_eq!(said, expected);
}

#[test]
fn a_row_that_is_missing_or_too_many_is_told() {
    let balances = || given_events(Balances { tells_last: false }).of("order-1", [placed(10)]);
    let missing = failure(|| drop(balances().then_row("order-2", &Balance::default())));
    assert!(missing.ends_with("but got\n  no row\n"), "{missing}");
    let too_many = failure(|| drop(balances().then_no_row("order-1")));
    assert!(too_many.ends_with("no row order-1\nbut there is one\n"), "{too_many}");
}
