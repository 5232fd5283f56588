//! A projection's runner at work, and its view compared with a fresh fold of the same projection (laws V01 and V05).

use std::time::Duration;

use annals_core::{DomainEvent, Recorded, RecordedEvent};
use annals_ports::{Adapter, RowQuery, ViewId};
use annals_projection::{Fold, Keys, Projection, ProjectionError, Runner, RunnerOptions};
use serde::{Deserialize, Serialize};

use crate::faults::Broken;

#[derive(Clone, Debug, DomainEvent)]
#[event(category = "order")]
enum OrderEvent {
    Counted { number: u64, process: u64 },
}

/// A row: tells whether an event was applied twice, left out, or out of order.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    numbers: Vec<(u64, u64)>,
}

/// What was counted in each order.
struct Counted;

impl Projection for Counted {
    const NAME: &'static str = "counted";
    const VERSION: u32 = 1;
    type Event = OrderEvent;
    type Key = String;
    type Row = Row;

    fn keys(&self, event: &Recorded<OrderEvent>) -> Keys<String> {
        Keys::one(event.header.stream.to_string())
    }

    fn apply(&self, _: &String, row: Option<Row>, event: &Recorded<OrderEvent>) -> Option<Row> {
        let OrderEvent::Counted { number, process } = event.event;
        let mut row = row.unwrap_or_default();
        row.numbers.push((number, process));
        Some(row)
    }
}

/// Brings the view to the end of the feed. Whoever restarts comes under the same name, and waits for no lease.
pub(super) async fn run_to_end(store: Adapter) -> Result<(), ProjectionError> {
    let owner = "the runner".to_owned();
    let options = RunnerOptions { page_size: 3, owner, patience: Duration::ZERO, ..RunnerOptions::default() };
    Runner::new(store, Counted).with_options(options).catch_up(|_| {}).await.map(|_| ())
}

pub(super) async fn check_view(store: &Adapter, feed: &[RecordedEvent]) -> Result<(), Broken> {
    let mut fold = Fold::new(Counted);
    for event in feed.iter().filter(|event| event.header.stream.category() == OrderEvent::CATEGORY) {
        fold.push(event).map_err(|error| Broken::new("R04", error.to_string()))?;
    }
    let view = ViewId::new(Counted::NAME, Counted::VERSION);
    let page = store.views.page(&view, &RowQuery::all().limit(1_000)).await?;
    let mut found = Vec::new();
    for row in page.rows {
        let decoded = row.row.decode::<Row>().map_err(|error| Broken::new("V01", error.to_string()))?;
        found.push((row.key, decoded));
    }
    if found.iter().map(|(key, row)| (key, row)).eq(fold.rows()) {
        return Ok(());
    }
    let expected = fold.rows();
    Err(Broken::new("V01", format!("a fresh fold gives {expected:?}, the runner's view holds {found:?}")))
}
