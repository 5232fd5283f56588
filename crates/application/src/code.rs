//! The code of one category, without its types: how its events decode, and what a snapshot of its state must hold. For
//! checks that walk through all streams of a store.

use std::fmt;

use annals_core::{
    Aggregate, DecodeError, Decoded, DomainEvent, Json, RecordedEvent, Rehydrated, Snapshotted, decode_event,
};
use annals_ports::Snapshot;

/// The code that reads the streams of one category.
///
/// ```
/// # use annals_application::Code;
/// # use annals_core::DomainEvent;
/// # #[derive(Clone, Debug, DomainEvent)] #[event(category = "counter")] enum CounterEvent { Counted {} }
/// assert_eq!(Code::of_events::<CounterEvent>().category(), "counter");
/// ```
#[derive(Clone, Copy)]
pub struct Code {
    category: &'static str,
    walk: fn() -> Box<dyn Walk>,
}

impl Code {
    /// The code of events without snapshots.
    pub fn of_events<E: DomainEvent>() -> Self {
        Self { category: E::CATEGORY, walk: || Box::new(Decoding::<E>(std::marker::PhantomData)) }
    }

    /// The code of an aggregate with snapshots.
    pub fn of_aggregate<A: Snapshotted>() -> Self {
        let walk = || -> Box<dyn Walk> {
            Box::new(Folding { state: Some(Rehydrated::<A>::default()), compare: compare::<A> })
        };
        Self { category: A::CATEGORY, walk }
    }

    /// The category.
    pub fn category(&self) -> &'static str {
        self.category
    }

    /// Begins at the first event of a stream.
    pub(crate) fn walk(&self) -> Box<dyn Walk> {
        (self.walk)()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Code").field(&self.category).finish()
    }
}

/// The code on its way along a stream.
pub(crate) trait Walk: Send {
    /// Reads the next event.
    fn next(&mut self, event: &RecordedEvent) -> Result<Decoded<()>, DecodeError>;
    /// Judges a snapshot that was taken after the event read last.
    fn judge(&self, snapshot: &Snapshot) -> SnapshotVerdict;
}

/// What a snapshot is worth.
pub(crate) enum SnapshotVerdict {
    /// It is the state that history makes, as far as the code can tell.
    Sound,
    /// It is of another state schema: passed over and replaced when it is next met (law S02).
    Outdated,
    /// It is not.
    Unsound(String),
}

struct Decoding<E>(std::marker::PhantomData<fn() -> E>);

impl<E: DomainEvent> Walk for Decoding<E> {
    fn next(&mut self, event: &RecordedEvent) -> Result<Decoded<()>, DecodeError> {
        Ok(decode_event::<E>(event)?.map(drop))
    }

    fn judge(&self, _: &Snapshot) -> SnapshotVerdict {
        SnapshotVerdict::Sound
    }
}

struct Folding<A> {
    /// None once an event could not be decoded: there is no state after it.
    state: Option<Rehydrated<A>>,
    compare: fn(&A, &Snapshot) -> SnapshotVerdict,
}

impl<A: Aggregate> Walk for Folding<A> {
    fn next(&mut self, event: &RecordedEvent) -> Result<Decoded<()>, DecodeError> {
        let Some(state) = &mut self.state else { return Ok(decode_event::<A::Event>(event)?.map(drop)) };
        let read = state.apply(event);
        if read.is_err() {
            self.state = None;
        }
        Ok(read?.map(drop))
    }

    fn judge(&self, snapshot: &Snapshot) -> SnapshotVerdict {
        self.state.as_ref().map_or(SnapshotVerdict::Sound, |state| (self.compare)(&state.state, snapshot))
    }
}

/// S01: what a snapshot decodes to is the state that was folded, by the texts that both are written as.
fn compare<A: Snapshotted>(state: &A, snapshot: &Snapshot) -> SnapshotVerdict {
    if snapshot.state_schema() != A::STATE_SCHEMA {
        return SnapshotVerdict::Outdated;
    }
    let decoded: A = match snapshot.state().decode() {
        Ok(decoded) => decoded,
        Err(error) => return SnapshotVerdict::Unsound(format!("its state cannot be decoded: {error}")),
    };
    match (Json::from_serialize(&decoded), Json::from_serialize(state)) {
        (Ok(kept), Ok(folded)) if kept == folded => SnapshotVerdict::Sound,
        (Ok(_), Ok(_)) => SnapshotVerdict::Unsound("its state is not the one that history makes".to_owned()),
        (Err(error), _) | (_, Err(error)) => {
            SnapshotVerdict::Unsound(format!("its state cannot be written: {error}"))
        }
    }
}
