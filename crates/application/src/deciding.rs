//! One aggregate on its way to a decision that stands (law C01).
//!
//! A decision with events may be made on a cached state: the store proves it when it is committed. Any other
//! answer is given on a state that was the stream's head after the call began; one made on a cached state is made
//! again on the delta first. Commits nothing.

use std::sync::Arc;

use annals_core::{Aggregate, Context, Metadata, Rehydrated, StreamHead, StreamId};
use annals_ports::{Append, Conflict, Expectation, InvalidCommit, NewEvent};

use crate::{Executed, LoadError, Repository};

/// An aggregate whose command is being decided.
pub(crate) struct Deciding<A: Aggregate> {
    repository: Repository<A>,
    stream: StreamId,
    known: Arc<Rehydrated<A>>,
    fresh: bool,
}

/// What was decided.
pub(crate) enum Decision<A: Aggregate> {
    /// These events, if the stream is still as it was.
    Append { events: Vec<A::Event>, append: Append },
    /// Nothing.
    Unchanged,
    /// A refusal.
    Rejected(A::Rejection),
    /// Events that cannot be recorded.
    Invalid(InvalidCommit),
}

impl<A: Aggregate> Deciding<A> {
    /// Begins with the cached state, or else a fresh one.
    pub(crate) async fn begin(repository: &Repository<A>, stream: StreamId) -> Result<Self, LoadError> {
        let cached = repository.cache().get(&stream);
        let fresh = cached.is_none();
        let known = match cached {
            Some(known) => known,
            None => repository.fresh(&stream).await?,
        };
        Ok(Self { repository: repository.clone(), stream, known, fresh })
    }

    pub(crate) fn stream(&self) -> &StreamId {
        &self.stream
    }

    pub(crate) fn known(&self) -> &Arc<Rehydrated<A>> {
        &self.known
    }

    /// Decides, a second time on the delta where the first answer may not be given.
    pub(crate) async fn decide(
        &mut self,
        command: &A::Command,
        context: &Context,
    ) -> Result<Decision<A>, LoadError> {
        let decision = self.decide_now(command, context);
        // C01: events are proven by the store; what is answered without it needs a fresh state.
        if matches!(decision, Decision::Append { .. }) || !self.look_again().await? {
            return Ok(decision);
        }
        Ok(self.decide_now(command, context))
    }

    /// Makes a cached state fresh; tells whether there was a need to.
    pub(crate) async fn look_again(&mut self) -> Result<bool, LoadError> {
        if self.fresh {
            return Ok(false);
        }
        self.known = self.repository.catch_up(&self.stream, Arc::clone(&self.known)).await?;
        self.fresh = true;
        Ok(true)
    }

    /// C03: brings the state up to what the conflict was about.
    pub(crate) async fn after_conflict(&mut self, conflict: &Conflict) -> Result<(), LoadError> {
        let actual = StreamHead::version_of(conflict.actual.as_ref());
        let known = Arc::clone(&self.known);
        self.known = if conflict.stream == self.stream && actual <= known.version() {
            // The stream has another head and is no longer: what is known was never, or is no more, its history.
            self.repository.reload(&self.stream).await?
        } else {
            self.repository.catch_up(&self.stream, known).await?
        };
        self.fresh = true;
        Ok(())
    }

    /// The state after `events` were recorded, the last of them as `head`.
    pub(crate) fn committed(&mut self, events: &[A::Event], head: StreamHead) -> Arc<Rehydrated<A>> {
        let before = self.known.version();
        let mut state = self.known.state.clone();
        for event in events {
            state.evolve(event);
        }
        self.known = Arc::new(Rehydrated::new(state, Some(head)));
        self.repository.remember(&self.stream, before, &self.known);
        Arc::clone(&self.known)
    }

    /// The answer when nothing was decided.
    pub(crate) fn unchanged(self) -> Executed<A> {
        let version = self.known.version();
        let state = Arc::unwrap_or_clone(self.known).state;
        Executed { version, events: Vec::new(), state, receipt: None }
    }

    fn decide_now(&self, command: &A::Command, context: &Context) -> Decision<A> {
        match self.known.state.decide(command, context) {
            Err(rejection) => Decision::Rejected(rejection),
            Ok(events) if events.is_empty() => Decision::Unchanged,
            Ok(events) => match encode(&events, &context.metadata) {
                Err(invalid) => Decision::Invalid(invalid),
                Ok(new) => {
                    let expected = Expectation::unchanged(self.known.head);
                    Decision::Append { events, append: Append::new(self.stream.clone(), expected, new) }
                }
            },
        }
    }
}

fn encode<E: annals_core::DomainEvent>(
    events: &[E],
    metadata: &Metadata,
) -> Result<Vec<NewEvent>, InvalidCommit> {
    events.iter().map(|event| NewEvent::encode(event, metadata)).collect()
}
