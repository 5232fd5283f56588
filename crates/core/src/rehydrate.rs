//! Folding a stream into an aggregate's state, one recorded event after another.

use crate::{Aggregate, DecodeError, Decoded, RecordedEvent, StreamHead, Version, decode_event};

/// An aggregate's state at a version: the fold of its stream so far.
///
/// ```
/// # use annals_core::*;
/// # #[derive(Clone, Debug, DomainEvent)] #[event(category = "counter")] enum Event { Counted {} }
/// # #[derive(Clone, Default)] struct Counter(u32);
/// # impl Aggregate for Counter {
/// #     type Id = String; type Event = Event; type Command = (); type Rejection = std::fmt::Error;
/// #     fn evolve(&mut self, _: &Event) { self.0 += 1; }
/// #     fn decide(&self, _: &(), _: &Context) -> Result<Vec<Event>, std::fmt::Error> { Ok(vec![]) }
/// # }
/// let mut counter = Rehydrated::<Counter>::default();
/// assert_eq!(counter.version(), Version::NONE);
/// // for recorded in stream { counter.apply(&recorded)?; }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehydrated<A> {
    /// The state.
    pub state: A,
    /// The last event folded in; none for a stream without events.
    pub head: Option<StreamHead>,
}

impl<A: Aggregate> Default for Rehydrated<A> {
    fn default() -> Self {
        Self::new(A::default(), None)
    }
}

impl<A: Aggregate> Rehydrated<A> {
    /// A state that is the fold of a stream up to `head`.
    pub fn new(state: A, head: Option<StreamHead>) -> Self {
        Self { state, head }
    }

    /// How many events were folded in.
    pub fn version(&self) -> Version {
        StreamHead::version_of(self.head.as_ref())
    }

    /// Folds in the next event of the stream, and gives it back decoded.
    ///
    /// # Errors
    /// When the event cannot be decoded; the state is then as before.
    pub fn apply(&mut self, recorded: &RecordedEvent) -> Result<Decoded<A::Event>, DecodeError> {
        let decoded = decode_event::<A::Event>(recorded)?;
        if let Decoded::Event(event) = &decoded {
            self.state.evolve(event);
        }
        let header = &recorded.header;
        self.head = Some(StreamHead {
            version: header.version,
            recorded_at: header.recorded_at,
            digest: header.digest,
        });
        Ok(decoded)
    }
}
