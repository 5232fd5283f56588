//! One step of a unit: a command for an aggregate, whose kind the unit need not know. Keeps law C01 for its own
//! aggregate; commits nothing.

use annals_core::{Aggregate, Context, StreamId, Version};
use annals_ports::{Append, Conflict, Receipt};
use async_trait::async_trait;

use crate::deciding::{Deciding, Decision};
use crate::{LoadError, Repository, UnitError};

/// A command for an aggregate of some kind.
#[async_trait]
pub(crate) trait Step: Send {
    fn stream(&self) -> &StreamId;

    /// What it appends; nothing when it changes nothing.
    async fn decide(&mut self, context: &Context) -> Result<Option<Append>, UnitError>;

    /// Makes a cached state fresh; tells whether there was a need to.
    async fn look_again(&mut self) -> Result<bool, LoadError>;

    /// Brings the state up to what was committed by others.
    async fn after_conflict(&mut self, conflict: &Conflict) -> Result<(), LoadError>;

    /// Takes note that what was decided last is recorded.
    fn committed(&mut self, receipt: &Receipt);

    /// The version of the stream as far as the step knows it.
    fn version(&self) -> Option<Version>;
}

pub(crate) struct AggregateStep<A: Aggregate> {
    repository: Repository<A>,
    stream: StreamId,
    command: A::Command,
    deciding: Option<Deciding<A>>,
    events: Vec<A::Event>,
}

impl<A: Aggregate> AggregateStep<A> {
    pub(crate) fn new(repository: &Repository<A>, stream: StreamId, command: A::Command) -> Self {
        Self { repository: repository.clone(), stream, command, deciding: None, events: Vec::new() }
    }
}

#[async_trait]
impl<A: Aggregate> Step for AggregateStep<A> {
    fn stream(&self) -> &StreamId {
        &self.stream
    }

    async fn decide(&mut self, context: &Context) -> Result<Option<Append>, UnitError> {
        let deciding = match &mut self.deciding {
            Some(deciding) => deciding,
            none => none.insert(Deciding::begin(&self.repository, self.stream.clone()).await?),
        };
        self.events.clear();
        match deciding.decide(&self.command, context).await? {
            Decision::Append { events, append } => {
                self.events = events;
                Ok(Some(append))
            }
            Decision::Unchanged => Ok(None),
            Decision::Rejected(rejection) => {
                Err(UnitError::Rejected { stream: self.stream.clone(), source: Box::new(rejection) })
            }
            Decision::Invalid(invalid) => Err(UnitError::Invalid(invalid)),
        }
    }

    async fn look_again(&mut self) -> Result<bool, LoadError> {
        match &mut self.deciding {
            Some(deciding) => deciding.look_again().await,
            None => Ok(false),
        }
    }

    async fn after_conflict(&mut self, conflict: &Conflict) -> Result<(), LoadError> {
        match &mut self.deciding {
            Some(deciding) => deciding.after_conflict(conflict).await,
            None => Ok(()),
        }
    }

    fn committed(&mut self, receipt: &Receipt) {
        let (Some(deciding), Some(head)) = (&mut self.deciding, receipt.head(&self.stream)) else { return };
        let expected = deciding.known().version().plus(self.events.len() as u64);
        // A receipt that says otherwise is not of these events: then the next load reads what there is.
        if head.version == expected {
            deciding.committed(&self.events, head);
        }
    }

    fn version(&self) -> Option<Version> {
        self.deciding.as_ref().map(|deciding| deciding.known().version())
    }
}
