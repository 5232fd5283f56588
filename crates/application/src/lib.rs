//! Running commands and reading state, through the ports alone.
//!
//! A [`Repository`] runs the commands of one kind of aggregate: it loads the state, lets the aggregate decide,
//! and commits what was decided; when another commit came first, it reads what that added and decides again. It
//! reads state as it is, as it was at a version or an instant, and how it came to be. A [`Unit`] changes several
//! aggregates in one commit.
//!
//! ```
//! use annals_application::{AsOf, Repository};
//! use annals_core::{Aggregate, Context, DomainEvent, Metadata};
//! use annals_memory::MemoryStore;
//! # use std::fmt;
//!
//! #[derive(Clone, Debug, DomainEvent)]
//! #[event(category = "counter")]
//! enum CounterEvent {
//!     Counted { by: u32 },
//! }
//!
//! #[derive(Clone, Default)]
//! struct Counter {
//!     total: u32,
//! }
//!
//! #[derive(Debug)]
//! struct TooMuch;
//! # impl fmt::Display for TooMuch {
//! #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("it would overflow") }
//! # }
//! # impl std::error::Error for TooMuch {}
//!
//! impl Aggregate for Counter {
//!     type Id = String;
//!     type Event = CounterEvent;
//!     type Command = u32;
//!     type Rejection = TooMuch;
//!
//!     fn evolve(&mut self, event: &CounterEvent) {
//!         match event { CounterEvent::Counted { by } => self.total += by }
//!     }
//!
//!     fn decide(&self, by: &u32, _: &Context) -> Result<Vec<CounterEvent>, TooMuch> {
//!         self.total.checked_add(*by).ok_or(TooMuch)?;
//!         Ok(vec![CounterEvent::Counted { by: *by }])
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let counters = Repository::<Counter>::new(MemoryStore::new().adapter());
//! let visits = "visits".to_owned();
//! counters.execute(&visits, &2, Metadata::new()).await?;
//! let done = counters.execute(&visits, &3, Metadata::correlated("request-7")).await?;
//! assert_eq!((done.version.get(), done.state.total), (2, 5));
//!
//! let before = counters.load_at(&visits, AsOf::version(1)).await?;
//! assert_eq!(before.state.total, 2);
//! # Ok(()) }
//! ```
//!
//! Everything here needs a Tokio runtime with time enabled. Nothing here names an adapter, or keeps a lock while
//! it waits.

mod cache;
mod check;
mod code;
mod commit;
mod deciding;
mod difference;
mod error;
mod execute;
mod loading;
mod options;
mod outcome;
mod repository;
mod retry;
mod snapshots;
mod temporal;
mod unit;
mod unit_step;

pub use check::{CheckedHistory, HistoryCheck, HistoryProgress};
pub use code::Code;
pub use difference::{Difference, differences};
pub use error::{ExecuteError, LoadError, UnitError};
pub use options::{RepositoryOptions, SnapshotPolicy};
pub use outcome::{Executed, OnceOutcome, UnitReceipt};
pub use repository::{Repository, stream_of};
pub use temporal::{AsOf, Change};
pub use unit::Unit;
