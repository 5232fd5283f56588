//! A view's own item: how far the view has come, and which of its versions count.
//!
//! Every batch that is tried has a *number* of its own, and what it writes bears it. The view's item names the last number
//! that was committed, `Seq`; a number that was given up, because a runner died or lost its lease with writes under way, is
//! *burnt*, and no later one is it again. So a version counts when its number is at most `Seq` and not burnt: a batch is
//! seen whole or not at all (V01), and what a runner writes that was overtaken is never seen, whenever it arrives (V02).

use std::collections::BTreeSet;
use std::sync::Arc;

use annals_core::Timestamp;
use annals_ports::{Checkpoint, FeedPosition, ViewId, ViewState};

use crate::fault::Fault;
use crate::item::{Attributes, Item};
use crate::view_items::{self, Parts};

/// A view's own item, read.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) view: ViewId,
    /// Part of where all that the view keeps lies; a reset raises it.
    pub(crate) generation: u64,
    /// The last number committed.
    pub(crate) seq: u64,
    /// The number that the next batch is written with, by whoever it was given to.
    pub(crate) next: u64,
    /// How many numbers of this generation were burnt.
    pub(crate) burnt: u64,
    /// The last number after which something was removed that readers of earlier ones may look for.
    pub(crate) removed: u64,
    /// Every index that ever had an entry.
    pub(crate) indexes: BTreeSet<String>,
    /// Generations that are still to be swept.
    pub(crate) dead: Vec<u64>,
    pub(crate) rows: u64,
    pub(crate) parked: u64,
    pub(crate) events: u64,
    pub(crate) last_recorded_at: Option<Timestamp>,
    /// As it stands, since a view whose checkpoint cannot be read can still be dropped.
    position: Option<String>,
}

impl Standing {
    /// A view's that was never begun.
    pub(crate) fn new(view: &ViewId) -> Self {
        Self {
            view: view.clone(),
            generation: 1,
            seq: 0,
            next: 1,
            burnt: 0,
            removed: 0,
            indexes: BTreeSet::new(),
            dead: Vec::new(),
            rows: 0,
            parked: 0,
            events: 0,
            last_recorded_at: None,
            position: None,
        }
    }

    pub(crate) fn read(item: &Item) -> Result<Self, Fault> {
        let sort = item.text("Sort")?;
        let view = view_items::view_of(sort)
            .ok_or_else(|| Fault::damaged(format!("{sort:?} is no name and version of a view")))?;
        let count = |name| Ok::<_, Fault>(item.maybe_number(name)?.unwrap_or(0));
        Ok(Self {
            view,
            generation: item.number("Gen")?,
            seq: count("Seq")?,
            next: item.number("Next")?,
            burnt: count("Burnt")?,
            removed: count("Removed")?,
            indexes: item.texts("Indexes")?.into_iter().map(str::to_owned).collect(),
            dead: item.numbers("Dead")?,
            rows: count("Rows")?,
            parked: count("Parked")?,
            events: count("Events")?,
            last_recorded_at: item.maybe_instant("LastRecordedAt")?,
            position: item.maybe_text("Checkpoint").map(str::to_owned),
        })
    }

    /// The checkpoint's position; none in a view that was not begun, or was dropped.
    pub(crate) fn position(&self) -> Result<Option<FeedPosition>, Fault> {
        let read = |text: &String| {
            text.parse().map_err(|error| Fault::damaged(format!("the checkpoint of {}: {error}", self.view)))
        };
        self.position.as_ref().map(read).transpose()
    }

    /// The state that the port tells; none in a view that was not begun, or was dropped.
    pub(crate) fn state(&self) -> Result<Option<ViewState>, Fault> {
        let Some(position) = self.position()? else { return Ok(None) };
        let (events, last_recorded_at) = (self.events, self.last_recorded_at);
        let checkpoint = Checkpoint { position, events, last_recorded_at };
        Ok(Some(ViewState { view: self.view.clone(), checkpoint, rows: self.rows, parked: self.parked }))
    }

    pub(crate) fn is_begun(&self) -> bool {
        self.position.is_some()
    }
}

/// What a reader sees a view by: where it stood, and which numbers do not count.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) standing: Standing,
    pub(crate) burnt: Arc<BTreeSet<u64>>,
    pub(crate) parts: Parts,
}

impl Moment {
    /// Whether what was written with this number counts.
    pub(crate) fn shows(&self, number: u64) -> bool {
        number <= self.standing.seq && !self.burnt.contains(&number)
    }
}
