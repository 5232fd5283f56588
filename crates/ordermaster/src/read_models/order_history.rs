//! `order_history`: every change of every order: when, by whom, what.
//!
//! A projection sees events alone, so what differs is told from the event's own fields: what each became, not what it
//! was. The command line's `history` compares whole states.

use annals::ports::IndexValues;
use annals::projection::{Keys, Projection};
use annals::{Recorded, Timestamp};
use ordermaster_domain::{OrderEvent, OrderId};
use serde::{Deserialize, Serialize};

use super::changes;
use super::keys::{Entry, padded};
use super::order_stream;

/// The projection of `order_history`: key is order and version; the index `order` holds an order's changes by version.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderHistory;

/// One change of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderHistoryRow {
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who did it, where the event's metadata says so.
    pub actor: Option<String>,
    /// The event's type.
    pub event: String,
    /// What differs, a text each: `status: paid`, `total: 36.00 GBP`.
    pub changes: Vec<String>,
}

impl Projection for OrderHistory {
    const NAME: &'static str = "order_history";
    const VERSION: u32 = 1;
    const INDEXES: &'static [&'static str] = &["order"];
    type Event = OrderEvent;
    type Key = Entry<OrderId>;
    type Row = OrderHistoryRow;

    fn keys(&self, event: &Recorded<OrderEvent>) -> Keys<Entry<OrderId>> {
        let header = &event.header;
        order_stream::order_of(header)
            .map_or_else(Keys::none, |order| Keys::one(Entry::new(order, header.version)))
    }

    fn apply(
        &self,
        _: &Entry<OrderId>,
        _: Option<OrderHistoryRow>,
        event: &Recorded<OrderEvent>,
    ) -> Option<OrderHistoryRow> {
        let header = &event.header;
        // Metadata is an object on every store (A09); should one be edited by hand, the change is still listed.
        let metadata = header.metadata().unwrap_or_default();
        Some(OrderHistoryRow {
            recorded_at: header.recorded_at,
            actor: metadata.actor().map(str::to_owned),
            event: header.event_type.as_str().to_owned(),
            changes: changes::of(&event.event),
        })
    }

    fn index(&self, key: &Entry<OrderId>, _: &OrderHistoryRow) -> IndexValues {
        IndexValues::none().with("order", [key.of.as_str(), &padded(key.version)])
    }
}

#[cfg(test)]
mod tests {
    use super::OrderHistory;
    use crate::read_models::history::{self, at, fold};

    #[test]
    fn each_event_is_a_line_with_when_who_and_what() {
        let rows = fold(OrderHistory, history::returned_order("o-1", "ada"));
        let keys: Vec<_> = rows.keys().map(|key| key.version.get()).collect();
        assert_eq!(keys, (1..=8).collect::<Vec<_>>());

        let paid = &rows[&"o-1 5".parse().unwrap()];
        assert_eq!((paid.event.as_str(), paid.actor.as_deref()), ("OrderPaid", Some("clerk")));
        assert_eq!(paid.recorded_at, at("2024-03-01T00:03:00Z"));
        assert_eq!(paid.changes, ["status: paid", "paid: 36.00 GBP by payment p-1"]);

        let returned = &rows[&"o-1 8".parse().unwrap()];
        assert_eq!(
            returned.changes,
            ["status: returned", "came back: 1 × A", "refund: 12.00 GBP", "reason: broken"]
        );
    }

    #[test]
    fn a_creation_lists_its_lines() {
        let rows = fold(OrderHistory, history::delivered_order("o-1", "ada"));
        assert_eq!(
            rows[&"o-1 1".parse().unwrap()].changes,
            [
                "status: created",
                "customer: ada",
                "placed at: 2024-02-28T23:00:00.000000Z",
                "line 1: 2 × A at 10.00 GBP",
                "line 2: 1 × B at 5.00 GBP",
                "tax: 5.00 GBP at rate 0.2",
                "total: 30.00 GBP",
                "shipping address: 1 High Street, London, United Kingdom",
            ]
        );
    }

    #[test]
    fn it_never_matters_which_order_came_first() {
        history::assert_any_interleaving(OrderHistory, &history::three_orders());
    }
}
