//! The projection: what a user writes. A pure fold per row, so that it can be grouped, batched, replayed and tested.
//!
//! A projection looks at nothing but its arguments: no clock, no other row, no other stream, no network. That is
//! what makes it replay to the same rows everywhere (law V05).

use std::fmt::Display;
use std::hash::Hash;
use std::str::FromStr;

use annals_core::{EventSet, Recorded};
use annals_ports::IndexValues;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Keys;

/// A read model: which rows an event belongs to, and what it does to each of them.
///
/// Rows must not depend on how streams are interleaved (law V06): events of different streams may come in either
/// order, so what they do to one row must come to the same. [`interleavings`](crate::interleavings) checks it.
///
/// ```
/// use annals_core::{DomainEvent, Recorded};
/// use annals_ports::IndexValues;
/// use annals_projection::{Keys, Projection};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, DomainEvent)]
/// #[event(category = "order", prefix = "Order")]
/// enum OrderEvent {
///     Created { customer: String, total: u64 },
///     Cancelled { refund: u64 }, // names no customer, yet changes the customer's row
/// }
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Totals { orders: u64, spent: i64 }
///
/// struct CustomerTotals;
///
/// impl Projection for CustomerTotals {
///     const NAME: &'static str = "customer_totals";
///     const VERSION: u32 = 1;
///     const INDEXES: &'static [&'static str] = &["orders"];
///     type Event = OrderEvent;
///     type Key = String;
///     type Row = Totals;
///
///     fn keys(&self, event: &Recorded<OrderEvent>) -> Keys<String> {
///         match &event.event {
///             // From now on this order's events belong to this customer's row.
///             OrderEvent::Created { customer, .. } => Keys::one(customer.clone()).learn(customer.clone()),
///             OrderEvent::Cancelled { .. } => Keys::routed(),
///         }
///     }
///
///     fn apply(&self, _: &String, row: Option<Totals>, event: &Recorded<OrderEvent>) -> Option<Totals> {
///         let mut row = row.unwrap_or_default();
///         match event.event {
///             OrderEvent::Created { total, .. } => {
///                 row.orders += 1;
///                 row.spent += total as i64;
///             }
///             OrderEvent::Cancelled { refund } => row.spent -= refund as i64,
///         }
///         Some(row)
///     }
///
///     fn index(&self, _: &String, row: &Totals) -> IndexValues {
///         IndexValues::none().with("orders", [format!("{:010}", row.orders)])
///     }
/// }
/// ```
pub trait Projection: Send + Sync + 'static {
    /// The view's name: 1 to 64 characters of `a-z 0-9 _`, or the program does not compile.
    const NAME: &'static str;
    /// The view's version. Raise it when `keys`, `apply`, `index` or the row's shape changes: the new version is
    /// built beside the old one (law V04).
    const VERSION: u32;
    /// The indexes by which rows can be found.
    const INDEXES: &'static [&'static str] = &[];

    /// The events subscribed to.
    type Event: EventSet;
    /// What tells one row from another.
    type Key: RowKey;
    /// A row; a JSON object. What serde leaves out of it does not last.
    type Row: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Which rows the event belongs to, and which routes are learned from it.
    fn keys(&self, event: &Recorded<Self::Event>) -> Keys<Self::Key>;

    /// The row after the event; none takes it away.
    fn apply(
        &self,
        key: &Self::Key,
        row: Option<Self::Row>,
        event: &Recorded<Self::Event>,
    ) -> Option<Self::Row>;

    /// The row's values in the declared indexes.
    fn index(&self, key: &Self::Key, row: &Self::Row) -> IndexValues {
        let _ = (key, row);
        IndexValues::none()
    }
}

/// What may identify a row: anything that is written as text and read back as the same key. Implemented for every
/// type with these traits.
///
/// The text is the row's key: 1 to 512 bytes without control characters.
pub trait RowKey: Display + FromStr + Clone + Eq + Hash + Ord + Send + Sync + 'static {}

impl<T: Display + FromStr + Clone + Eq + Hash + Ord + Send + Sync + 'static> RowKey for T {}

/// Stops the compilation of a projection whose name is none.
pub(crate) const fn check_name<P: Projection>() {
    const { assert!(is_name(P::NAME), "a projection's NAME must be 1 to 64 characters of a-z 0-9 _") }
}

const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut place = 0;
    while place < bytes.len() {
        if !matches!(bytes[place], b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        place += 1;
    }
    !bytes.is_empty() && bytes.len() <= 64
}
