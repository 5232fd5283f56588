//! `order_summary`: one row an order, as it stands now.

use annals::ports::IndexValues;
use annals::projection::{Keys, Projection};
use annals::{Recorded, Timestamp};
use ordermaster_domain::{CustomerId, Money, OrderEvent, OrderId, OrderPhase};
use serde::{Deserialize, Serialize};

use super::order_stream;

/// The projection of `order_summary`: key is the order's id; indexes are `customer` and `status`, each in the order
/// in which orders were placed.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderSummary;

/// An order as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSummaryRow {
    /// Who ordered.
    pub customer: CustomerId,
    /// How far it has come.
    pub status: OrderPhase,
    /// Its total, tax included.
    pub total: Money,
    /// How many pieces were ordered.
    pub items: u64,
    /// When it was placed, in business time.
    pub placed_at: Timestamp,
    /// When its last event was recorded.
    pub updated_at: Timestamp,
}

impl Projection for OrderSummary {
    const NAME: &'static str = "order_summary";
    const VERSION: u32 = 1;
    const INDEXES: &'static [&'static str] = &["customer", "status"];
    type Event = OrderEvent;
    type Key = OrderId;
    type Row = OrderSummaryRow;

    fn keys(&self, event: &Recorded<OrderEvent>) -> Keys<OrderId> {
        order_stream::order_of(&event.header).map_or_else(Keys::none, Keys::one)
    }

    fn apply(
        &self,
        _: &OrderId,
        row: Option<OrderSummaryRow>,
        event: &Recorded<OrderEvent>,
    ) -> Option<OrderSummaryRow> {
        let updated_at = event.header.recorded_at;
        if let OrderEvent::Created(created) = &event.event {
            return Some(OrderSummaryRow {
                customer: created.customer.clone(),
                status: OrderPhase::Created,
                total: created.total,
                items: created.lines.iter().map(|line| u64::from(line.quantity)).sum(),
                placed_at: created.placed_at,
                updated_at,
            });
        }
        // A stream begins with its creation, so there is a row.
        let mut row = row?;
        row.updated_at = updated_at;
        match &event.event {
            OrderEvent::ItemAdded { line, total, .. } => {
                row.items = row.items.saturating_add(line.quantity.into());
                row.total = *total;
            }
            OrderEvent::ItemRemoved { quantity, total, .. } => {
                row.items = row.items.saturating_sub((*quantity).into());
                row.total = *total;
            }
            OrderEvent::TaxCorrected { new_total, .. } => row.total = *new_total,
            event => row.status = order_stream::phase_after(event).unwrap_or(row.status),
        }
        Some(row)
    }

    fn index(&self, _: &OrderId, row: &OrderSummaryRow) -> IndexValues {
        let placed_at = row.placed_at.to_string();
        IndexValues::none()
            .with("customer", [row.customer.as_str(), &placed_at])
            .with("status", [row.status.name(), &placed_at])
    }
}

#[cfg(test)]
mod tests {
    use ordermaster_domain::OrderPhase;

    use super::OrderSummary;
    use crate::read_models::history::{self, at, fold, id};

    #[test]
    fn an_order_is_summed_up_as_it_stands() {
        let rows = fold(OrderSummary, history::delivered_order("o-1", "ada"));
        let row = &rows[&id("o-1")];
        assert_eq!(row.customer.as_str(), "ada");
        assert_eq!(row.status, OrderPhase::Delivered);
        assert_eq!(row.total.to_string(), "36.00 GBP");
        assert_eq!(row.items, 3);
        assert_eq!((row.placed_at, row.updated_at), (at("2024-02-28T23:00:00Z"), at("2024-03-01T00:05:00Z")));
    }

    #[test]
    fn each_status_is_that_of_the_last_move() {
        let cancelled = fold(OrderSummary, history::cancelled_order("o-2", "ada"));
        assert_eq!(cancelled[&id("o-2")].status, OrderPhase::Cancelled);
        let returned = fold(OrderSummary, history::returned_order("o-3", "ada"));
        assert_eq!(returned[&id("o-3")].status, OrderPhase::Returned);
    }

    #[test]
    fn a_corrected_tax_changes_the_total_and_not_the_status() {
        let rows = fold(OrderSummary, history::tax_corrected_order("o-4", "ada"));
        let row = &rows[&id("o-4")];
        assert_eq!((row.total.to_string().as_str(), row.status), ("37.50 GBP", OrderPhase::Paid));
    }

    #[test]
    fn it_never_matters_which_order_came_first() {
        history::assert_any_interleaving(OrderSummary, &history::three_orders());
    }
}
