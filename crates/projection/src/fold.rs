//! A projection run in memory alone: for tests, for one-off questions, and as the measure of every runner.
//!
//! The same engine as a [`Runner`](crate::Runner)'s, without a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_core::{DecodeError, Decoded, EventSet, Recorded, RecordedEvent};

use crate::Projection;
use crate::projection::check_name;
use crate::router::Router;

/// The rows of a projection over the events pushed so far.
///
/// ```
/// # use annals_core::{DomainEvent, Recorded};
/// # use annals_projection::{Fold, Keys, Projection};
/// # #[derive(Clone, Debug, DomainEvent)] #[event(category = "order")] enum OrderEvent { Placed {} }
/// # #[derive(Default, serde::Serialize, serde::Deserialize)] struct Count { orders: u64 }
/// # struct OrderCount;
/// # impl Projection for OrderCount {
/// #     const NAME: &'static str = "order_count"; const VERSION: u32 = 1;
/// #     type Event = OrderEvent; type Key = String; type Row = Count;
/// #     fn keys(&self, _: &Recorded<OrderEvent>) -> Keys<String> { Keys::one("all".to_owned()) }
/// #     fn apply(&self, _: &String, row: Option<Count>, _: &Recorded<OrderEvent>) -> Option<Count> {
/// #         Some(Count { orders: row.unwrap_or_default().orders + 1 })
/// #     }
/// # }
/// # fn recorded() -> Vec<annals_core::RecordedEvent> { Vec::new() }
/// let mut fold = Fold::new(OrderCount);
/// for event in recorded() {
///     fold.push(&event)?;
/// }
/// assert!(fold.rows().is_empty());
/// # Ok::<(), annals_core::DecodeError>(())
/// ```
pub struct Fold<P: Projection> {
    projection: Arc<P>,
    router: Router<P>,
    rows: BTreeMap<P::Key, P::Row>,
}

impl<P: Projection> Fold<P> {
    /// No events yet.
    pub fn new(projection: P) -> Self {
        Self::shared(Arc::new(projection))
    }

    pub(crate) fn shared(projection: Arc<P>) -> Self {
        check_name::<P>();
        let router = Router::new(Arc::clone(&projection), usize::MAX, true);
        Self { projection, router, rows: BTreeMap::new() }
    }

    /// Applies the next event as a store hands it back. Events of other categories must not be pushed.
    ///
    /// # Errors
    /// When the event cannot be decoded (law E03); the rows are as before.
    pub fn push(&mut self, recorded: &RecordedEvent) -> Result<(), DecodeError> {
        if let Decoded::Event(event) = P::Event::decode(recorded)? {
            self.apply(Recorded { header: recorded.header.clone(), event });
        }
        Ok(())
    }

    /// Applies the next event.
    pub fn apply(&mut self, event: Recorded<P::Event>) {
        self.apply_shared(&Arc::new(event));
    }

    pub(crate) fn apply_shared(&mut self, event: &Arc<Recorded<P::Event>>) {
        let Self { projection, router, rows } = self;
        router.route(event, projection.keys(event), &mut |key, event| {
            if let Some(row) = projection.apply(&key, rows.remove(&key), event) {
                rows.insert(key, row);
            }
        });
        router.forget_changes();
    }

    /// The rows by key.
    pub fn rows(&self) -> &BTreeMap<P::Key, P::Row> {
        &self.rows
    }

    /// How many times an event waits for a route.
    pub fn parked(&self) -> usize {
        self.router.waiting()
    }
}
