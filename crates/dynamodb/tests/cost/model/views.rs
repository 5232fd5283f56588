//! The reference domain's eight read models, as far as their writes go.

use super::load::{Category, Event, KINDS, Source};

/// What a row of a view stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// A stream: an order, an account, a SKU.
    Stream,
    /// An event: rows that only come.
    Event,
    /// The customer of an order.
    Customer,
    /// A day: one row for all.
    Day,
}

/// A view: which events it takes, its rows, and its declared indexes.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) name: &'static str,
    category: Category,
    /// Only this type of the category; all of them when `None`.
    only: Option<&'static str>,
    of: Of,
    /// Indexes whose value never changes: an entry when the row comes.
    pub(crate) fixed: &'static [&'static str],
    /// Indexes whose value changes with each event: an entry more and one less.
    pub(crate) changing: &'static [&'static str],
}

const fn view(name: &'static str, category: Category, of: Of) -> View {
    View { name, category, only: None, of, fixed: &[], changing: &[] }
}

/// The read models.
pub(crate) static VIEWS: [View; 8] = [
    View {
        fixed: &["customer"],
        changing: &["status"],
        ..view("order_summary", Category::Order, Of::Stream)
    },
    View { fixed: &["customer"], ..view("customer_orders", Category::Order, Of::Stream) },
    View { only: Some("OrderPaid"), ..view("customer_totals", Category::Order, Of::Customer) },
    View { fixed: &["order"], ..view("order_history", Category::Order, Of::Event) },
    view("account_summary", Category::Account, Of::Stream),
    View { fixed: &["account"], ..view("transaction_history", Category::Account, Of::Event) },
    view("inventory_levels", Category::Inventory, Of::Stream),
    View { only: Some("OrderPaid"), ..view("daily_sales", Category::Order, Of::Day) },
];

impl View {
    /// The number of the row that an event changes, and whether the row comes with it; `place` is the event's own.
    pub(crate) fn row(&self, event: Event, place: u64, source: &Source) -> Option<(u64, bool)> {
        let kind = &KINDS[event.kind];
        if kind.category != self.category || self.only.is_some_and(|only| only != kind.name) {
            return None;
        }
        Some(match self.of {
            Of::Stream => (event.id, kind.name == "OrderCreated"),
            Of::Event => (place, true),
            Of::Customer => (source.customer(event.id), false),
            Of::Day => (0, false),
        })
    }
}
