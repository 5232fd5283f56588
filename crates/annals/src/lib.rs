//! Event sourcing and CQRS: one pure domain model, the same on every store.
//!
//! This is the one crate that most programs depend on. Features pick the stores (`sqlite` by default; memory is
//! always there), [`connect`] opens one by its URL, and the [`Store`] hands out repositories for commands,
//! runners and views for read models. A domain needs only what stands at the root of this crate.
//!
//! ```
//! use annals::{Aggregate, Context, DomainEvent, Metadata};
//!
//! #[derive(Clone, Debug, DomainEvent)]
//! #[event(category = "counter")]
//! enum CounterEvent {
//!     Counted { by: u32 },
//! }
//!
//! #[derive(Clone, Debug, Default)]
//! struct Counter { total: u32 }
//!
//! impl Aggregate for Counter {
//!     type Id = String;
//!     type Event = CounterEvent;
//!     type Command = u32;
//!     type Rejection = std::num::TryFromIntError;
//!
//!     fn evolve(&mut self, event: &CounterEvent) {
//!         match event { CounterEvent::Counted { by } => self.total += by }
//!     }
//!     fn decide(&self, by: &u32, _: &Context) -> Result<Vec<CounterEvent>, Self::Rejection> {
//!         u8::try_from(self.total + by)?; // counts no further than 255
//!         Ok(vec![CounterEvent::Counted { by: *by }])
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! annals::block_on(async {
//!     let store = annals::connect("memory:").await?;
//!     let counters = store.repository::<Counter>();
//!     counters.execute(&"visits".to_owned(), &2, Metadata::new()).await?;
//!     let done = counters.execute(&"visits".to_owned(), &3, Metadata::new()).await?;
//!     assert_eq!((done.version.get(), done.state.total), (2, 5));
//!     Ok(())
//! })
//! # }
//! ```

mod block_on;
mod connect;
mod store;

pub use annals_application as application;
pub use annals_application::{
    AsOf, Change, Difference, ExecuteError, Executed, LoadError, OnceOutcome, Repository, RepositoryOptions,
    SnapshotPolicy, Unit, UnitError,
};
pub use annals_core::*;
#[cfg(feature = "dynamodb")]
pub use annals_dynamodb as dynamodb;
pub use annals_macros::{FacadeDomainEvent as DomainEvent, FacadeEventSet as EventSet};
pub use annals_memory as memory;
pub use annals_ports as ports;
pub use annals_ports::Adapter;
#[cfg(feature = "postgres")]
pub use annals_postgres as postgres;
pub use annals_projection as projection;
pub use annals_projection::{Keys, Projection, ProjectionError, Runner, View};
#[cfg(feature = "sqlite")]
pub use annals_sqlite as sqlite;
pub use block_on::block_on;
pub use connect::{ConnectError, connect};
pub use serde;
pub use store::Store;

#[doc(hidden)]
pub use annals_core::__private;

// The examples in the README and the book compile and run as they stand there.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
mod readme {}
#[cfg(doctest)]
#[doc = include_str!("../../../docs/time-travel.md")]
mod time_travel {}
#[cfg(doctest)]
#[doc = include_str!("../../../docs/read-models.md")]
mod read_models {}
#[cfg(doctest)]
#[doc = include_str!("../../../docs/evolving-events.md")]
mod evolving_events {}
#[cfg(doctest)]
#[doc = include_str!("../../../docs/operations.md")]
mod operations {}
