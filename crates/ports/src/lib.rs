//! The ports: what an adapter implements, and what everybody above may rely on.
//!
//! Each trait fits on a screen; the laws that it keeps are in the book's contract. Values are valid by
//! construction: a [`Commit`] that exists keeps every limit (A08) and holds only portable JSON (A09), so that no
//! adapter checks them again. What every adapter would repeat is here once: checking an [`Expectation`],
//! recording an append, comparing a retried commit, walking pages.
//!
//! Nothing here knows a database, a runtime or a domain.

mod adapter;
mod clock;
mod commit;
mod error;
mod expectation;
mod feed;
mod finding;
mod import;
mod inspect;
mod leases;
mod page;
mod position;
mod receipt;
mod record;
mod replay;
mod snapshot;
mod store;
pub mod tokens;
mod upkeep;
mod verify;
mod view;
mod view_query;

pub use adapter::Adapter;
pub use clock::{Clock, SystemClock};
pub use commit::{Append, Commit, CommitBody, InvalidCommit, NewEvent, PreparedAppend, PreparedEvent};
pub use error::{BoxError, CommitError, Effect, StoreError};
pub use expectation::{Conflict, Expectation};
pub use feed::{
    EventFeed, EventFeedExt, FeedFilter, FeedHealth, FeedPage, FeedPages, FeedQuery, FeedStart, WriterHold,
};
pub use finding::{CheckedPart, Finding, Findings, Remedy};
pub use import::{HistoryImport, ImportError, Imported, RecordedCommit, check_continues, check_whole};
pub use inspect::{CategoryCount, Inspect, StoreDescription};
pub use leases::{Acquired, Lease, Leases};
pub use page::{Direction, PageToken};
pub use position::{FeedPosition, InvalidPosition, SlicePosition};
pub use receipt::{Appended, Outcome, Receipt};
pub use record::{record_append, same_events, stamp};
pub use replay::{appended, replay};
pub use snapshot::{Snapshot, SnapshotStore};
pub use store::{EventStore, EventStoreExt, Freshness, ReadRange, StreamPage, TypePage, TypeQuery};
pub use upkeep::{Backup, OnUpkeep, Recovered, Upkeep, UpkeepProgress};
pub use verify::{StreamVerdict, VerifyError, verify_stream, verify_stream_with};
pub use view::{
    Checkpoint, InvalidRow, Parked, Route, RowChange, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
pub use view_query::{IndexValue, IndexValues, Row, RowPage, RowQuery, RowSelection};
