//! A unit: commands for several aggregates in one commit, all or nothing (law A07).
//!
//! On a conflict every step's delta is read and every step decided again, a bounded number of times (C03). A step
//! that changes nothing is part of the decision, but not of the commit: nobody watches over its stream.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use annals_core::{Aggregate, CommitId, Context, Metadata, StoreId};
use annals_ports::{Adapter, Append, Commit, CommitError, EventStore, InvalidCommit, Outcome, Receipt};

use crate::commit::commit_until_known;
use crate::execute::{reason_of, refusal};
use crate::retry::Attempts;
use crate::unit_step::{AggregateStep, Step};
use crate::{Repository, RepositoryOptions, UnitError, UnitReceipt};

/// Several aggregates changed in one commit, or none of them.
///
/// ```
/// # use annals_application::{Repository, Unit};
/// # use annals_core::{Aggregate, Context, DomainEvent, Metadata};
/// # #[derive(Clone, Debug, DomainEvent)] #[event(category = "counter")] enum Counted { Counted { by: u32 } }
/// # #[derive(Clone, Default)] struct Counter { total: u32 }
/// # impl Aggregate for Counter {
/// #     type Id = String; type Event = Counted; type Command = u32; type Rejection = std::fmt::Error;
/// #     fn evolve(&mut self, Counted::Counted { by }: &Counted) { self.total += by }
/// #     fn decide(&self, by: &u32, _: &Context) -> Result<Vec<Counted>, std::fmt::Error> {
/// #         Ok(vec![Counted::Counted { by: *by }])
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let adapter = annals_memory::MemoryStore::new().adapter();
/// let counters = Repository::<Counter>::new(adapter.clone());
/// let done = Unit::new(&adapter, Metadata::new())
///     .execute(&counters, "north".to_owned(), 2)
///     .execute(&counters, "south".to_owned(), 3)
///     .commit()
///     .await?;
/// assert_eq!(done.receipt.unwrap().appended().len(), 2);
/// # Ok(()) }
/// ```
#[must_use = "a unit does nothing until it is committed"]
pub struct Unit {
    events: Arc<dyn EventStore>,
    store: StoreId,
    metadata: Metadata,
    options: RepositoryOptions,
    key: Option<CommitId>,
    steps: Vec<Box<dyn Step>>,
    /// The first step that cannot be; told when the unit is committed.
    wrong: Option<UnitError>,
}

impl Unit {
    /// A unit without steps. `metadata` is recorded with every event.
    pub fn new(adapter: &Adapter, metadata: Metadata) -> Self {
        Self {
            events: Arc::clone(&adapter.events),
            store: adapter.store,
            metadata,
            options: RepositoryOptions::default(),
            key: None,
            steps: Vec::new(),
            wrong: None,
        }
    }

    /// Takes retries, back-off and clock from these options.
    pub fn with_options(self, options: RepositoryOptions) -> Self {
        Self { options, ..self }
    }

    /// Takes effect at most once for `key`, in the whole store (law A12). A refusal, or that no step changes
    /// anything, is recorded under the key before it is answered.
    pub fn once(self, key: CommitId) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Adds a command for the aggregate `id`, given by value or by reference. Each aggregate may have one.
    pub fn execute<A>(
        mut self,
        repository: &Repository<A>,
        id: impl Borrow<A::Id>,
        command: A::Command,
    ) -> Self
    where
        A: Aggregate,
        A::Command: 'static,
    {
        if self.wrong.is_none() {
            match self.step(repository, id.borrow(), command) {
                Ok(step) => self.steps.push(step),
                Err(error) => self.wrong = Some(error),
            }
        }
        self
    }

    fn step<A>(
        &self,
        repository: &Repository<A>,
        id: &A::Id,
        command: A::Command,
    ) -> Result<Box<dyn Step>, UnitError>
    where
        A: Aggregate,
        A::Command: 'static,
    {
        let stream = repository.stream_of(id)?;
        let (expected, found) = (self.store, repository.adapter().store);
        if expected != found {
            return Err(UnitError::OtherStore { stream, expected, found });
        }
        if self.steps.iter().any(|step| step.stream() == &stream) {
            return Err(UnitError::StreamTwice { stream });
        }
        Ok(Box::new(AggregateStep::new(repository, stream, command)))
    }

    /// Decides every step and commits them as one. When no step changes anything, nothing is written.
    ///
    /// # Errors
    /// The first step's refusal; or what kept the unit from being carried out. Then no step was, unless the error's
    /// [`effect`](UnitError::effect) is `Unknown`: all may have been.
    pub async fn commit(mut self) -> Result<UnitReceipt, UnitError> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        let mut attempts = Attempts::first(&self.options);
        let mut context = Context::new(self.options.clock.now(), std::mem::take(&mut self.metadata));
        loop {
            let appends = match self.decide(&context).await {
                Err(UnitError::Rejected { stream, source }) => {
                    let rejected = UnitError::Rejected { stream, source };
                    return self.refuse(rejected, &mut attempts).await;
                }
                decided => decided?,
            };
            if appends.is_empty() {
                return self.unchanged(&mut attempts).await;
            }
            let commit = match self.make(appends) {
                Ok(commit) => commit,
                // C01: that a decision cannot be committed is an answer as well.
                Err(invalid) if !self.look_again().await? => return Err(invalid.into()),
                Err(_) => continue,
            };
            match commit_until_known(self.events.as_ref(), commit, &mut attempts).await {
                Ok(receipt) => return self.settled(receipt),
                Err(CommitError::Conflict(conflict)) => {
                    tracing::debug!(%conflict, attempt = attempts.made(), "deciding the unit again");
                    if !attempts.again().await {
                        return Err(UnitError::Contended { attempts: attempts.made(), last: conflict });
                    }
                    for step in &mut self.steps {
                        step.after_conflict(&conflict).await?;
                    }
                    context.now = self.options.clock.now();
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn decide(&mut self, context: &Context) -> Result<Vec<Append>, UnitError> {
        let mut appends = Vec::with_capacity(self.steps.len());
        for step in &mut self.steps {
            appends.extend(step.decide(context).await?);
        }
        Ok(appends)
    }

    async fn look_again(&mut self) -> Result<bool, UnitError> {
        let mut any = false;
        for step in &mut self.steps {
            any |= step.look_again().await?;
        }
        Ok(any)
    }

    fn make(&self, appends: Vec<Append>) -> Result<Commit, InvalidCommit> {
        match self.key {
            Some(key) => Commit::once(key, appends),
            None => Commit::new(CommitId::new(), appends),
        }
    }

    async fn refuse(self, rejected: UnitError, attempts: &mut Attempts) -> Result<UnitReceipt, UnitError> {
        let Some(key) = self.key else { return Err(rejected) };
        // P01: recorded before anyone acts on it.
        let refusal = refusal(key, &rejected.to_string())?;
        let receipt = commit_until_known(self.events.as_ref(), refusal, attempts).await?;
        match &receipt.outcome {
            Outcome::Refused { .. } if !receipt.replayed => Err(rejected),
            _ => self.settled(receipt),
        }
    }

    async fn unchanged(self, attempts: &mut Attempts) -> Result<UnitReceipt, UnitError> {
        let Some(key) = self.key else { return Ok(self.answer(None)) };
        // P01: recorded before anyone acts on it; what stands under the key already answers instead.
        let receipt = commit_until_known(self.events.as_ref(), Commit::unchanged(key), attempts).await?;
        self.settled(receipt)
    }

    fn settled(mut self, receipt: Receipt) -> Result<UnitReceipt, UnitError> {
        if let Outcome::Refused { reason } = &receipt.outcome {
            return Err(UnitError::RefusedBefore { key: receipt.commit, reason: reason_of(reason) });
        }
        // A12: what is recorded under a key need not be what was decided now.
        if !(receipt.replayed && self.key.is_some()) {
            for step in &mut self.steps {
                step.committed(&receipt);
            }
        }
        Ok(self.answer(Some(receipt)))
    }

    fn answer(&self, receipt: Option<Receipt>) -> UnitReceipt {
        let earlier = receipt.as_ref().filter(|receipt| receipt.replayed && self.key.is_some());
        let version = |step: &dyn Step| match earlier {
            Some(receipt) => receipt.head(step.stream()).map(|head| head.version),
            None => step.version(),
        };
        let versions =
            self.steps.iter().map(|step| (step.stream().clone(), version(step.as_ref()))).collect();
        UnitReceipt { receipt, versions }
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let streams: Vec<_> = self.steps.iter().map(|step| step.stream()).collect();
        f.debug_struct("Unit")
            .field("store", &self.store)
            .field("key", &self.key)
            .field("streams", &streams)
            .finish_non_exhaustive()
    }
}
