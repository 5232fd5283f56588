//! What a command leaves behind, as its caller sees it.

use std::fmt;

use annals_core::{Aggregate, StreamId, Version};
use annals_ports::{Outcome, Receipt};

/// A command that was carried out.
#[derive(Clone)]
pub struct Executed<A: Aggregate> {
    /// The version of `state`.
    pub version: Version,
    /// What happened; nothing when the command changed nothing.
    pub events: Vec<A::Event>,
    /// The state after it. For an outcome that was recorded by an earlier call: the state now.
    pub state: A,
    /// The store's answer; none when the command changed nothing, unless that was recorded under a key (law C02).
    pub receipt: Option<Receipt>,
}

impl<A: Aggregate> Executed<A> {
    /// Whether the command changed nothing, so that no event was written (law C02).
    pub fn is_unchanged(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether it was recorded by an earlier attempt or call (laws A06 and A12).
    pub fn replayed(&self) -> bool {
        self.receipt.as_ref().is_some_and(|receipt| receipt.replayed)
    }
}

impl<A> fmt::Debug for Executed<A>
where
    A: Aggregate + fmt::Debug,
    A::Event: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executed")
            .field("version", &self.version)
            .field("events", &self.events)
            .field("state", &self.state)
            .field("receipt", &self.receipt)
            .finish()
    }
}

/// The one outcome of a command that takes effect at most once (law A12).
#[derive(Clone)]
pub enum OnceOutcome<A: Aggregate> {
    /// It was carried out, now or earlier: see [`Executed::replayed`].
    Accepted(Executed<A>),
    /// It was refused, and that is recorded.
    Refused {
        /// The rejection, as text.
        reason: String,
        /// Whether it was recorded by an earlier attempt or call.
        replayed: bool,
    },
}

impl<A> fmt::Debug for OnceOutcome<A>
where
    A: Aggregate + fmt::Debug,
    A::Event: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(executed) => f.debug_tuple("Accepted").field(executed).finish(),
            Self::Refused { reason, replayed } => {
                f.debug_struct("Refused").field("reason", reason).field("replayed", replayed).finish()
            }
        }
    }
}

/// A unit that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitReceipt {
    /// The store's answer; none when no step changed anything, unless that was recorded under a key (law C02).
    pub receipt: Option<Receipt>,
    /// The version of each step's stream after the unit, in the order of the steps. For an outcome that was recorded
    /// by an earlier call: after that call, and none for a stream that it did not change.
    pub versions: Vec<(StreamId, Option<Version>)>,
}

impl UnitReceipt {
    /// Whether no step changed anything.
    pub fn is_unchanged(&self) -> bool {
        self.receipt.as_ref().is_none_or(|receipt| receipt.outcome == Outcome::Unchanged)
    }

    /// Whether it was recorded by an earlier attempt or call (laws A06 and A12).
    pub fn replayed(&self) -> bool {
        self.receipt.as_ref().is_some_and(|receipt| receipt.replayed)
    }

    /// The version of a step's stream after the unit.
    pub fn version(&self, stream: &StreamId) -> Option<Version> {
        self.versions.iter().find(|(of, _)| of == stream).and_then(|(_, version)| *version)
    }
}
