//! What a runner tells of its work.

use std::time::Duration;

use annals_core::Timestamp;
use annals_ports::{FeedPosition, ViewId};

/// How far a runner has come; told after every write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The view.
    pub view: ViewId,
    /// Events worked through by this call.
    pub events: u64,
    /// When the last event that the view knows of was recorded.
    pub last_recorded_at: Option<Timestamp>,
    /// Whether the view has reached the end of the feed as it was.
    pub at_end: bool,
}

/// Whoever is told of progress: `&mut |progress| …`.
pub type OnProgress<'a> = &'a mut (dyn FnMut(&Progress) + Send);

/// What a runner did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaughtUp {
    /// Events worked through by this call, retired ones included.
    pub events: u64,
    /// Rows put or taken away by this call; a row that is written several times counts each time.
    pub rows_changed: u64,
    /// Where the view stands.
    pub position: FeedPosition,
}

/// How far a view is behind the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The view.
    pub view: ViewId,
    /// Whether no event of the view's categories is ahead of it.
    pub at_end: bool,
    /// From the last event that the view knows of, else from the first one ahead of it, to the last one in the
    /// feed, by their `recorded_at`; zero at the end.
    pub behind: Duration,
    /// When the last event that the view knows of was recorded.
    pub view_recorded_at: Option<Timestamp>,
    /// When the last event in the feed was recorded, of whatever category.
    pub feed_recorded_at: Option<Timestamp>,
}
