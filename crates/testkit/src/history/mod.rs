//! Concurrent histories: recorded while several tasks commit and read over several handles, then checked.
//!
//! What was answered on one stream must be explained by some order of its operations in which each takes effect at one
//! moment between its call and its answer: linearizability, per stream, as laws A02 to A06 and R02 promise it. A commit
//! whose outcome is unknown may have taken effect at any moment after its call, or never. Pages of the feed that readers
//! were given meanwhile must agree with one another and with the streams (F01 to F03). What fails is made smaller while it
//! still fails, and printed as Rust code to be pasted into a test.
//!
//! That a commit over several streams is seen on all or none of them at every moment is not checked here; that it stands
//! whole at the end is.
//!
//! ```
//! use annals_testkit::history::{Answer::Done, Expected::Any, StreamHistory, check, commit, read};
//!
//! let lost_update = StreamHistory::new("order-1", &[], vec![
//!     commit(0, 1..2, 1, Any, 1, Done { first: 1 }),
//!     commit(1, 3..4, 2, Any, 1, Done { first: 1 }),
//!     read(0, 5..6, &[2]),
//! ]);
//! println!("{}", check(&lost_update).unwrap_err());
//! ```

mod feed;
mod operation;
mod readers;
mod recorder;
mod search;
mod sequential;
mod shrink;
mod workload;

pub use feed::{FeedHistory, FeedViolation, Page, check_feed, page};
pub use operation::{
    Action, Answer, Expected, Operation, StreamHistory, UNRECORDED, commit, head, read, read_beginning,
};
pub use recorder::{Client, Recorder};
pub use search::{NotLinearizable, check, states_explored};
pub use workload::{Effort, Figures, stays_linearizable, try_seed};
