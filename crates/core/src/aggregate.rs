//! The aggregate: what a user writes.
//!
//! Pure and synchronous: `decide` is the only place that refuses, `evolve` trusts history. Neither may read a
//! clock, a random number, a file or a network; all that they may know is in their arguments.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{DomainEvent, Metadata, Timestamp};

/// A consistency boundary whose state is the fold of its events.
///
/// ```
/// use annals_core::{Aggregate, Context, DomainEvent};
///
/// #[derive(Clone, Debug, DomainEvent)]
/// #[event(category = "counter")]
/// enum CounterEvent {
///     Counted { by: u32 },
/// }
///
/// #[derive(Clone, Default)]
/// struct Counter { total: u32 }
///
/// #[derive(Debug)]
/// struct TooMuch;
/// impl std::fmt::Display for TooMuch {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("it would overflow") }
/// }
/// impl std::error::Error for TooMuch {}
///
/// impl Aggregate for Counter {
///     type Id = String;
///     type Event = CounterEvent;
///     type Command = u32;
///     type Rejection = TooMuch;
///
///     fn evolve(&mut self, event: &CounterEvent) {
///         match event { CounterEvent::Counted { by } => self.total += by }
///     }
///
///     fn decide(&self, by: &u32, _: &Context) -> Result<Vec<CounterEvent>, TooMuch> {
///         self.total.checked_add(*by).ok_or(TooMuch)?;
///         Ok(vec![CounterEvent::Counted { by: *by }])
///     }
/// }
/// assert_eq!(Counter::CATEGORY, "counter");
/// ```
pub trait Aggregate: Default + Clone + Send + Sync + 'static {
    /// The first part of the aggregate's stream ids; its events' category unless said otherwise.
    const CATEGORY: &'static str = <Self::Event as DomainEvent>::CATEGORY;

    /// What tells one aggregate of the category from another; the second part of the stream id.
    type Id: AggregateId;
    /// Everything that can have happened to it.
    type Event: DomainEvent;
    /// Everything that it can be asked to do.
    type Command: Send + Sync;
    /// Every reason why it refuses.
    type Rejection: std::error::Error + Send + Sync + 'static;

    /// Applies one recorded event. Total: never fails, looks at nothing but its arguments.
    fn evolve(&mut self, event: &Self::Event);

    /// Decides what happens. Pure, and may be asked again for the same command when another commit came first.
    /// No events means that there is nothing to change (law C02).
    ///
    /// # Errors
    /// The reason why the command is refused in this state.
    fn decide(&self, command: &Self::Command, context: &Context)
    -> Result<Vec<Self::Event>, Self::Rejection>;
}

/// An aggregate whose state may be kept as a snapshot, so that a load need not read its whole stream.
pub trait Snapshotted: Aggregate + Serialize + DeserializeOwned {
    /// Raise it whenever `evolve` or the state's shape changes: snapshots of another number are passed over (law
    /// S02).
    const STATE_SCHEMA: u32;
}

/// What may identify an aggregate: anything that is written as text and read back. Implemented for every type
/// with these traits: `String`, `u64`, `Uuid`, or a type of the domain's own.
///
/// The text must be 1 to 128 visible ASCII characters (law A08); an id whose text is not gives
/// [`InvalidStreamId`](crate::InvalidStreamId) when it is first used.
pub trait AggregateId: Clone + Eq + Hash + Debug + Display + FromStr + Send + Sync + 'static {}

impl<T: Clone + Eq + Hash + Debug + Display + FromStr + Send + Sync + 'static> AggregateId for T {}

/// What a decision may know besides the state and the command.
#[derive(Clone, Debug)]
pub struct Context {
    /// The moment of the decision, by the deciding process's clock.
    pub now: Timestamp,
    /// Who asks, and in which conversation.
    pub metadata: Metadata,
}

impl Context {
    /// A context at `now` with `metadata`.
    pub fn new(now: Timestamp, metadata: Metadata) -> Self {
        Self { now, metadata }
    }

    /// A context at `now` with no metadata, as tests want it.
    pub fn at(now: Timestamp) -> Self {
        Self::new(now, Metadata::new())
    }
}
