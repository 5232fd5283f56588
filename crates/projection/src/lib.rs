//! Read models: running projections over any store, through the ports.
//!
//! A [`Projection`] says which rows an event belongs to and what it does to each; it is a pure fold per row. A
//! [`Runner`] keeps its view in the store up to date: it catches up, follows live, rebuilds, and tells how far it is
//! behind. A [`View`] reads the rows, typed, while a runner is at work or not. [`Fold`] is the same engine in memory
//! alone, and [`interleavings`] checks that a projection that joins streams gives the same rows whichever came first
//! (law V06). [`replay`] hands history to a closure, without a view.
//!
//! What is promised: each event's effect is in each row once (V01), whatever was killed or answered late; a runner
//! that lost its lease changes nothing (V02); live, resumed and rebuilt give the same rows (V05); what cannot be
//! decoded stops the view, and is never skipped (E03). No adapter is named here.
//!
//! ```
//! use annals_core::{CommitId, DomainEvent, Metadata, Recorded};
//! use annals_memory::MemoryStore;
//! use annals_ports::{Append, Commit, Expectation, NewEvent};
//! use annals_projection::{Keys, Projection, Runner};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Debug, DomainEvent)]
//! #[event(category = "account", prefix = "Account")]
//! enum AccountEvent {
//!     Opened { owner: String },
//!     Deposited { amount: u64 },
//! }
//!
//! #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
//! struct Holding { accounts: u32, balance: u64 }
//!
//! /// What each owner has in all accounts together.
//! struct Holdings;
//!
//! impl Projection for Holdings {
//!     const NAME: &'static str = "holdings";
//!     const VERSION: u32 = 1;
//!     type Event = AccountEvent;
//!     type Key = String;
//!     type Row = Holding;
//!
//!     fn keys(&self, event: &Recorded<AccountEvent>) -> Keys<String> {
//!         match &event.event {
//!             AccountEvent::Opened { owner } => Keys::routed().learn(owner.clone()),
//!             AccountEvent::Deposited { .. } => Keys::routed(), // to the owner learned before
//!         }
//!     }
//!
//!     fn apply(&self, _: &String, row: Option<Holding>, event: &Recorded<AccountEvent>) -> Option<Holding> {
//!         let mut row = row.unwrap_or_default();
//!         match event.event {
//!             AccountEvent::Opened { .. } => row.accounts += 1,
//!             AccountEvent::Deposited { amount } => row.balance += amount,
//!         }
//!         Some(row)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let adapter = MemoryStore::new().adapter();
//! let events = [AccountEvent::Opened { owner: "ada".into() }, AccountEvent::Deposited { amount: 5 }];
//! let events = events.iter().map(|event| NewEvent::encode(event, &Metadata::new())).collect::<Result<_, _>>()?;
//! let append = Append::new("account-1".parse()?, Expectation::NoStream, events);
//! adapter.events.commit(Commit::new(CommitId::new(), vec![append])?).await?;
//!
//! let runner = Runner::new(adapter, Holdings);
//! let caught_up = runner.catch_up(|_| {}).await?;
//! assert_eq!((caught_up.events, caught_up.rows_changed), (2, 1));
//! let row = runner.view().get(&"ada".to_owned()).await?;
//! assert_eq!(row, Some(Holding { accounts: 1, balance: 5 }));
//! # Ok(())
//! # }
//! ```

mod ahead;
mod any;
mod comparison;
mod error;
mod fold;
mod follow;
mod interleaving;
mod keys;
mod known;
mod loading;
mod options;
mod progress;
mod projection;
mod replay;
mod router;
mod runner;
mod scratch;
mod session;
mod view;
mod writing;

pub use any::AnyRunner;
pub use comparison::{Comparison, RowDifference, RowFault};
pub use error::{ProjectionError, ViewReadError};
pub use fold::Fold;
pub use interleaving::{Difference, EventName, InterleavingError, Interleavings, interleavings};
pub use keys::Keys;
pub use options::RunnerOptions;
pub use progress::{CaughtUp, Lag, OnProgress, Progress};
pub use projection::{Projection, RowKey};
pub use replay::{ReplayReport, replay, replay_stream};
pub use runner::Runner;
pub use view::{TypedPage, View};
