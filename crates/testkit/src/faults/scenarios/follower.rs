//! A follower: keeps a view of what is in each stream, and of all together, page by page under a lease, as law V01 wants
//! it. On any failure it forgets all that it knows, and begins where the view says.

use std::collections::BTreeMap;
use std::time::Duration;

use annals_core::{Json, RecordedEvent};
use annals_ports::{
    Acquired, Adapter, Checkpoint, FeedQuery, FeedStart, IndexValues, Lease, RowChange, RowQuery, StoreError,
    ViewBatch, ViewError, ViewId,
};
use serde::{Deserialize, Serialize};

use crate::faults::Broken;

/// How long its lease lasts; who takes over after a crash waits that long.
pub(super) const LEASE: Duration = Duration::from_millis(40);

/// The row of all streams together.
const ALL: &str = "all";

/// Events a page; few, so that there are many pages.
const PAGE: usize = 3;

/// A row: tells whether an event was applied twice, left out, or out of order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    events: u64,
    versions: Vec<u64>,
}

pub(super) fn view() -> ViewId {
    ViewId::new("tally", 1)
}

/// Why a follower did not come to the end.
pub(super) enum Stopped {
    /// It can be tried again: the store failed, or another follower was quicker.
    Transient,
    /// Another follower holds the lease.
    Held,
    /// It cannot.
    Broken(Broken),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        if error.is_transient() { Self::Transient } else { Self::Broken(error.into()) }
    }
}

impl From<ViewError> for Stopped {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::Store(error) => error.into(),
            _ => Self::Transient,
        }
    }
}

/// Brings the view to the end of the feed.
pub(super) async fn follow(store: &Adapter, owner: &str) -> Result<(), Stopped> {
    let Acquired::Granted(lease) = store.leases.acquire("view:tally:1", owner, LEASE).await? else {
        return Err(Stopped::Held);
    };
    let mut checkpoint = store.views.state(&view()).await?.map(|state| state.checkpoint);
    loop {
        let position = match &checkpoint {
            Some(checkpoint) => checkpoint.position.clone(),
            None => store.feed.start(FeedStart::Beginning).await?,
        };
        let page = store.feed.next(&FeedQuery::all().limit(PAGE), &position, Duration::ZERO).await?;
        let at_end = page.at_end;
        if !page.events.is_empty() {
            let after = Checkpoint {
                position: page.next,
                events: checkpoint.as_ref().map_or(0, |before| before.events) + page.events.len() as u64,
                last_recorded_at: page.events.last().map(|event| event.header.recorded_at),
            };
            apply(store, &lease, checkpoint.as_ref(), &page.events, after.clone()).await?;
            checkpoint = Some(after);
        }
        if at_end {
            // Nobody else waits for it long: it runs out.
            let _ = store.leases.release(&lease).await;
            return Ok(());
        }
    }
}

async fn apply(
    store: &Adapter,
    lease: &Lease,
    before: Option<&Checkpoint>,
    events: &[RecordedEvent],
    after: Checkpoint,
) -> Result<(), Stopped> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut keys: Vec<_> = events.iter().map(|event| event.header.stream.to_string()).collect();
    keys.push(ALL.to_owned());
    keys.sort_unstable();
    keys.dedup();
    for (key, row) in keys.iter().zip(store.views.rows(&view(), &keys).await?) {
        let row = row.map(|row| row.decode()).transpose().map_err(|error| {
            Stopped::Broken(Broken::new("V01", format!("row {key} came back otherwise: {error}")))
        })?;
        rows.insert(key.clone(), row.unwrap_or_default());
    }
    for event in events {
        fold(&mut rows, event);
    }
    let change = |(key, row): (String, Row)| {
        let row = Json::from_serialize(&row).expect("a row is portable");
        RowChange::put(key, row, IndexValues::none()).expect("a row keeps the limits")
    };
    let batch = ViewBatch {
        view: view(),
        lease: lease.clone(),
        from: before.map(|before| before.position.clone()),
        changes: rows.into_iter().map(change).collect(),
        routes: Vec::new(),
        park: Vec::new(),
        unpark: Vec::new(),
        checkpoint: after,
    };
    Ok(store.views.apply(batch).await?)
}

fn fold(rows: &mut BTreeMap<String, Row>, event: &RecordedEvent) {
    for key in [event.header.stream.as_str(), ALL] {
        let row = rows.entry(key.to_owned()).or_default();
        row.events += 1;
        row.versions.push(event.header.version.get());
    }
}

/// V01, V05: the rows are those of a fresh fold over the feed, and the checkpoint counts each event once.
pub(super) async fn check_view(store: &Adapter, feed: &[RecordedEvent]) -> Result<(), Broken> {
    let mut expected = BTreeMap::new();
    for event in feed {
        fold(&mut expected, event);
    }
    let page = store.views.page(&view(), &RowQuery::all().limit(1_000)).await?;
    let mut found = BTreeMap::new();
    for row in page.rows {
        let decoded = row.row.decode().map_err(|error| Broken::new("V01", error.to_string()))?;
        found.insert(row.key, decoded);
    }
    if found != expected {
        return Err(Broken::new("V01", format!("a fresh fold gives {expected:?}, the view holds {found:?}")));
    }
    let counted = store.views.state(&view()).await?.map_or(0, |state| state.checkpoint.events);
    if counted != feed.len() as u64 {
        let events = feed.len();
        return Err(Broken::new("V01", format!("the checkpoint counts {counted} events of {events}")));
    }
    Ok(())
}
