//! What can go wrong while a projection runs or a view is read. Every error names the view.

use annals_core::{DecodeError, InvalidStreamId, NotPortable, StreamId, Timestamp, Version};
use annals_ports::{InvalidRow, StoreError, ViewError, ViewId};

/// Why a projection stopped. Nothing was skipped: the view stands where its checkpoint says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// An event cannot be decoded (law E03).
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The view could not be changed.
    #[error(transparent)]
    View(#[from] ViewError),
    /// What the view holds cannot be read.
    #[error(transparent)]
    Read(#[from] ViewReadError),
    /// A row, its key or an index value is larger than every store can hold (law A08).
    #[error("{view}: {source}")]
    InvalidRow {
        /// The view.
        view: ViewId,
        /// The row and its limit.
        #[source]
        source: InvalidRow,
    },
    /// A row is not portable JSON (law A09).
    #[error("row {key:?} of {view} cannot be kept: {source}")]
    RowEncode {
        /// The view.
        view: ViewId,
        /// The row's key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: NotPortable,
    },
    /// A key is not read back from its text as the same key.
    #[error(
        "the text {key:?} of a key of {view} does not read back as that key; mend its Display or FromStr"
    )]
    AmbiguousKey {
        /// The view.
        view: ViewId,
        /// The key's text.
        key: String,
    },
    /// A row has a value in an index that the projection does not declare.
    #[error(
        "row {key:?} of {view} has a value in index {index:?}, declared are {declared:?}; add it to INDEXES"
    )]
    UndeclaredIndex {
        /// The view.
        view: ViewId,
        /// The row's key.
        key: String,
        /// The index.
        index: &'static str,
        /// What the projection declares.
        declared: &'static [&'static str],
    },
    /// A parked event is not in its stream.
    #[error(
        "event {version} of {stream}, which waits in {view}, is not there; check the store, then rebuild the view"
    )]
    ParkedEventMissing {
        /// The view.
        view: ViewId,
        /// The event's stream.
        stream: StreamId,
        /// The event's version.
        version: Version,
    },
    /// Another runner runs the view.
    #[error("{view} is run by {owner}, whose lease lasts until {until}; read the view, or try again later")]
    LeaseHeld {
        /// The view.
        view: ViewId,
        /// Who runs it.
        owner: String,
        /// Until when, unless renewed.
        until: Timestamp,
    },
    /// This very runner is at work.
    #[error("this runner of {view} is at work already; make one runner for each task")]
    AtWork {
        /// The view.
        view: ViewId,
    },
    /// The view must catch up first.
    #[error("{view} has not caught up: let its runner reach the end before older versions are dropped")]
    Behind {
        /// The view.
        view: ViewId,
    },
    /// The event set subscribes to something that is no category.
    #[error("the events that are subscribed to: {0}")]
    Category(#[from] InvalidStreamId),
}

impl ProjectionError {
    /// Whether trying again later can help: the store was away, or another runner was quicker.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error)
            | Self::View(ViewError::Store(error))
            | Self::Read(ViewReadError::Store(error)) => error.is_transient(),
            Self::View(ViewError::LeaseLost { .. } | ViewError::CheckpointMoved { .. })
            | Self::LeaseHeld { .. }
            | Self::AtWork { .. }
            | Self::Behind { .. } => true,
            _ => false,
        }
    }
}

/// Why a view cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row does not have the shape that this program knows.
    #[error(
        "row {key:?} of {view} cannot be decoded: {source}; raise the projection's VERSION when its row changes"
    )]
    RowDecode {
        /// The view.
        view: ViewId,
        /// The row's key.
        key: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A key is not one of this view's.
    #[error("{key:?} in {view} is no key of it; raise the projection's VERSION when its key changes")]
    InvalidKey {
        /// The view.
        view: ViewId,
        /// The text.
        key: String,
    },
    /// A query names an index that the projection does not declare.
    #[error("{view} has no index {index:?}, declared are {declared:?}")]
    UndeclaredIndex {
        /// The view.
        view: ViewId,
        /// The index.
        index: String,
        /// What the projection declares.
        declared: &'static [&'static str],
    },
}
