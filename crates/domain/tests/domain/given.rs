//! Given a history, when a command comes, then these events or this refusal.
//!
//! Every event that is given or decided goes through its recorded form, and every state through a snapshot's, so
//! that each test also tests those.

use std::fmt::Debug;

use annals_core::{Aggregate, Context, DomainEvent, Json, Snapshotted, Timestamp};

/// The moment at which every command is decided.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// A state that a history led to.
pub(crate) struct Given<A> {
    pub(crate) state: A,
}

/// What became of a command.
pub(crate) struct Decided<A: Aggregate> {
    pub(crate) state: A,
    pub(crate) decision: Result<Vec<A::Event>, A::Rejection>,
}

pub(crate) fn given<A>(history: &[A::Event]) -> Given<A>
where
    A: Snapshotted + PartialEq + Debug,
    A::Event: PartialEq + Debug,
    A::Rejection: PartialEq,
{
    Given { state: A::default() }.and(history)
}

impl<A> Given<A>
where
    A: Snapshotted + PartialEq + Debug,
    A::Event: PartialEq + Debug,
    A::Rejection: PartialEq,
{
    /// The state after more history.
    pub(crate) fn and(mut self, history: &[A::Event]) -> Self {
        for event in history {
            let payload = event.encode().expect("every event can be recorded");
            let read =
                A::Event::decode(event.kind().name, &payload).expect("every recorded event can be read");
            assert_eq!(read, *event, "read back from {payload:?}");
            self.state.evolve(&read);
        }
        let snapshot = Json::from_serialize(&self.state).expect("every state can be kept");
        let restored: A = snapshot.decode().expect("every kept state can be read");
        assert_eq!(restored, self.state, "restored from {snapshot:?}");
        self
    }

    pub(crate) fn when(self, command: &A::Command) -> Decided<A> {
        let decision = self.state.decide(command, &Context::at(NOW));
        Decided { state: self.state, decision }
    }
}

impl<A> Decided<A>
where
    A: Snapshotted + PartialEq + Debug,
    A::Event: PartialEq + Debug,
    A::Rejection: PartialEq,
{
    /// Exactly this event happened; the state after it.
    #[track_caller]
    pub(crate) fn then(self, expected: A::Event) -> Given<A> {
        assert_eq!(self.decision, Ok(vec![expected]));
        self.accepted()
    }

    /// Whatever happened, it was not refused; the state after it.
    #[track_caller]
    pub(crate) fn accepted(self) -> Given<A> {
        let events = self.decision.expect("the command is accepted");
        Given { state: self.state }.and(&events)
    }

    /// Nothing happened, for it was so already.
    #[track_caller]
    pub(crate) fn unchanged(self) {
        assert_eq!(self.decision, Ok(Vec::new()));
    }

    #[track_caller]
    pub(crate) fn refused(self, expected: A::Rejection) {
        assert_eq!(self.decision, Err(expected));
    }
}

/// Parses a value that a test knows to be valid.
#[track_caller]
pub(crate) fn value<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error:?}"))
}
