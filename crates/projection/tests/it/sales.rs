//! A little domain: orders name their customer once, payments name their order only.

use std::collections::BTreeMap;

use annals_core::{DomainEvent, EventSet, Recorded, StreamId, Upcast, Upcasters};
use annals_ports::IndexValues;
use annals_projection::{Keys, Projection};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "order", prefix = "Order", upcasters = upcasters)]
pub(crate) enum OrderEvent {
    Created { customer: String, total: i64 },
    Paid { amount: i64 },
    Voided { total: i64 },
}

fn upcasters() -> Upcasters {
    Upcasters::new().step("OrderPrinted", 1, |_, _| Ok(Upcast::Retired))
}

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "payment", prefix = "Payment")]
pub(crate) enum PaymentEvent {
    Requested {
        order: String,
    },
    Refunded {
        order: String,
        amount: i64,
    },
    /// Names nothing: its stream must be known.
    Settled {
        fee: i64,
    },
}

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(crate) enum Sales {
    Order(OrderEvent),
    Payment(PaymentEvent),
}

/// A category of which no projection here knows.
#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "weather", prefix = "Weather")]
pub(crate) enum WeatherEvent {
    Changed {},
}

pub(crate) fn order(id: &str) -> StreamId {
    StreamId::new("order", id).unwrap()
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) orders: i64,
    pub(crate) spent: i64,
    pub(crate) paid: i64,
    pub(crate) payments: i64,
    pub(crate) refunded: i64,
}

/// What each customer ordered, paid and got back. A customer of whom nothing is left has no row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CustomerTotals;

impl Projection for CustomerTotals {
    const NAME: &'static str = "customer_totals";
    const VERSION: u32 = 2;
    const INDEXES: &'static [&'static str] = &["spent"];
    type Event = Sales;
    type Key = String;
    type Row = Totals;

    fn keys(&self, event: &Recorded<Sales>) -> Keys<String> {
        match &event.event {
            Sales::Order(OrderEvent::Created { customer, .. }) => {
                Keys::one(customer.clone()).learn(customer.clone())
            }
            Sales::Order(OrderEvent::Paid { .. } | OrderEvent::Voided { .. }) => Keys::routed(),
            Sales::Payment(
                PaymentEvent::Requested { order: id } | PaymentEvent::Refunded { order: id, .. },
            ) => Keys::via(order(id)),
            Sales::Payment(PaymentEvent::Settled { .. }) => Keys::none(),
        }
    }

    fn apply(&self, _: &String, row: Option<Totals>, event: &Recorded<Sales>) -> Option<Totals> {
        let mut row = row.unwrap_or_default();
        match &event.event {
            Sales::Order(OrderEvent::Created { total, .. }) => {
                row.orders += 1;
                row.spent += total;
            }
            Sales::Order(OrderEvent::Paid { amount }) => row.paid += amount,
            Sales::Order(OrderEvent::Voided { total }) => {
                row.orders -= 1;
                row.spent -= total;
            }
            Sales::Payment(PaymentEvent::Requested { .. }) => row.payments += 1,
            Sales::Payment(PaymentEvent::Refunded { amount, .. }) => row.refunded += amount,
            Sales::Payment(PaymentEvent::Settled { .. }) => {}
        }
        (row != Totals::default()).then_some(row)
    }

    fn index(&self, _: &String, row: &Totals) -> IndexValues {
        IndexValues::none().with("spent", [format!("{:08}", row.spent)])
    }
}

/// The fees of each customer's payments: a payment learns its rows from its order alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CustomerFees;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fees {
    /// By payment, each in its stream's order: payments of one customer come in any.
    pub(crate) fees: BTreeMap<StreamId, Vec<i64>>,
}

impl Projection for CustomerFees {
    const NAME: &'static str = "customer_fees";
    const VERSION: u32 = 1;
    type Event = Sales;
    type Key = String;
    type Row = Fees;

    fn keys(&self, event: &Recorded<Sales>) -> Keys<String> {
        match &event.event {
            Sales::Order(OrderEvent::Created { customer, .. }) => {
                // The payment of an order has the order's id.
                let payment = StreamId::new("payment", event.header.stream.id()).unwrap();
                Keys::none()
                    .learn_for(payment.clone(), customer.clone())
                    .learn_for(payment, "everybody".to_owned())
            }
            Sales::Payment(PaymentEvent::Settled { .. }) => Keys::routed(),
            _ => Keys::none(),
        }
    }

    fn apply(&self, _: &String, row: Option<Fees>, event: &Recorded<Sales>) -> Option<Fees> {
        let mut row = row.unwrap_or_default();
        if let Sales::Payment(PaymentEvent::Settled { fee }) = &event.event {
            row.fees.entry(event.header.stream.clone()).or_default().push(*fee);
        }
        Some(row)
    }
}
