//! `customer_orders`: one line for each order of a customer.
//!
//! An order's later events do not name its customer; the stream's route, learned from `OrderCreated`, does.

use std::fmt;
use std::str::FromStr;

use annals::ports::IndexValues;
use annals::projection::{Keys, Projection};
use annals::{Recorded, Timestamp};
use ordermaster_domain::{CustomerId, Money, OrderEvent, OrderId, OrderPhase};
use serde::{Deserialize, Serialize};

use super::keys::{InvalidKey, two_parts};
use super::order_stream;

/// The projection of `customer_orders`: key is customer and order; the index `customer` holds a customer's orders by
/// the time at which they were placed, so read it backward for the newest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct CustomerOrders;

/// A customer's order. As text: both ids, divided by a blank.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerOrder {
    /// The customer.
    pub customer: CustomerId,
    /// The order.
    pub order: OrderId,
}

impl fmt::Display for CustomerOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.customer, self.order)
    }
}

impl FromStr for CustomerOrder {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (customer, order) = two_parts(text, "a customer and an order")?;
        Ok(Self { customer, order })
    }
}

/// One order in its customer's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerOrderRow {
    /// The order.
    pub order: OrderId,
    /// How far it has come.
    pub status: OrderPhase,
    /// Its total, tax included.
    pub total: Money,
    /// When it was placed, in business time.
    pub placed_at: Timestamp,
}

impl Projection for CustomerOrders {
    const NAME: &'static str = "customer_orders";
    const VERSION: u32 = 1;
    const INDEXES: &'static [&'static str] = &["customer"];
    type Event = OrderEvent;
    type Key = CustomerOrder;
    type Row = CustomerOrderRow;

    fn keys(&self, event: &Recorded<OrderEvent>) -> Keys<CustomerOrder> {
        match (&event.event, order_stream::order_of(&event.header)) {
            (OrderEvent::Created(created), Some(order)) => {
                let key = CustomerOrder { customer: created.customer.clone(), order };
                Keys::one(key.clone()).learn(key)
            }
            _ => Keys::routed(),
        }
    }

    fn apply(
        &self,
        key: &CustomerOrder,
        row: Option<CustomerOrderRow>,
        event: &Recorded<OrderEvent>,
    ) -> Option<CustomerOrderRow> {
        if let OrderEvent::Created(created) = &event.event {
            return Some(CustomerOrderRow {
                order: key.order.clone(),
                status: OrderPhase::Created,
                total: created.total,
                placed_at: created.placed_at,
            });
        }
        // A stream begins with its creation, so there is a row.
        let mut row = row?;
        match &event.event {
            OrderEvent::ItemAdded { total, .. }
            | OrderEvent::ItemRemoved { total, .. }
            | OrderEvent::TaxCorrected { new_total: total, .. } => row.total = *total,
            event => row.status = order_stream::phase_after(event).unwrap_or(row.status),
        }
        Some(row)
    }

    fn index(&self, key: &CustomerOrder, row: &CustomerOrderRow) -> IndexValues {
        IndexValues::none().with("customer", [key.customer.as_str(), &row.placed_at.to_string()])
    }
}

#[cfg(test)]
mod tests {
    use ordermaster_domain::OrderPhase;

    use super::{CustomerOrder, CustomerOrders};
    use crate::read_models::history::{self, fold};

    #[test]
    fn each_order_is_a_line_of_its_customer() {
        let mut events = history::delivered_order("o-1", "ada");
        events.extend(history::cancelled_order("o-2", "ada"));
        events.extend(history::returned_order("o-3", "grace"));
        let rows = fold(CustomerOrders, events);
        let lines: Vec<_> = rows.iter().map(|(key, row)| (key.to_string(), row.status)).collect();
        assert_eq!(
            lines,
            [
                ("ada o-1".to_owned(), OrderPhase::Delivered),
                ("ada o-2".to_owned(), OrderPhase::Cancelled),
                ("grace o-3".to_owned(), OrderPhase::Returned),
            ]
        );
    }

    #[test]
    fn a_key_reads_back_from_its_text() {
        let key: CustomerOrder = "ada/x o-1".parse().unwrap();
        assert_eq!((key.customer.as_str(), key.order.as_str()), ("ada/x", "o-1"));
        assert_eq!(key.to_string().parse(), Ok(key));
        assert!("ada".parse::<CustomerOrder>().is_err());
    }

    #[test]
    fn it_never_matters_which_order_came_first() {
        history::assert_any_interleaving(CustomerOrders, &history::three_orders());
    }
}
