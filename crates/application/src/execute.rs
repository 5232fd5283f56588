//! Running a command: decide, commit, and decide again when another commit came first (laws C01 to C03), once only
//! where asked for (A12). Never decides again while it is not known what became of the last commit (A06).

use std::sync::Arc;

use annals_core::{Aggregate, CommitId, Context, Json, Metadata, StreamId};
use annals_ports::{
    Append, Appended, Commit, CommitError, EventStoreExt, InvalidCommit, Outcome, ReadRange, Receipt,
    StoreError,
};
use serde_json::Value;

use crate::commit::commit_until_known;
use crate::deciding::{Deciding, Decision};
use crate::retry::Attempts;
use crate::{ExecuteError, Executed, LoadError, OnceOutcome, Repository};

type Failure<A> = ExecuteError<<A as Aggregate>::Rejection>;

/// Where a command came to rest.
enum Settled<A: Aggregate> {
    Committed { events: Vec<A::Event>, receipt: Receipt },
    Unchanged,
    Rejected(A::Rejection),
}

impl<A: Aggregate> Repository<A> {
    /// Carries a command out. Its answer rests on a state that was the stream's head after the call began (law C01);
    /// a decision without events writes nothing (C02).
    ///
    /// # Errors
    /// The aggregate's rejection; or what kept the command from being carried out. After an error whose
    /// [`effect`](ExecuteError::effect) is `Unknown` it may have been.
    pub async fn execute(
        &self,
        id: &A::Id,
        command: &A::Command,
        metadata: Metadata,
    ) -> Result<Executed<A>, ExecuteError<A::Rejection>> {
        let mut attempts = Attempts::first(self.options());
        let mut deciding = Deciding::begin(self, self.stream_of(id)?).await?;
        let make = |append| Commit::new(CommitId::new(), vec![append]);
        match self.settle(&mut deciding, command, metadata, &mut attempts, make).await? {
            Settled::Committed { events, receipt } => executed(deciding, events, receipt),
            Settled::Unchanged => Ok(deciding.unchanged()),
            Settled::Rejected(rejection) => Err(ExecuteError::Rejected(rejection)),
        }
    }

    /// Carries a command out at most once for `key`, in the whole store: a later call with the same key answers
    /// with the first outcome, and writes nothing (law A12). A refusal is an outcome, too, and so is a decision
    /// without events: both are recorded before they are answered.
    ///
    /// # Errors
    /// What kept the command from being carried out, or its outcome from being recorded or read; the same call may then
    /// be made again. Never [`ExecuteError::Rejected`].
    pub async fn execute_once(
        &self,
        key: CommitId,
        id: &A::Id,
        command: &A::Command,
        metadata: Metadata,
    ) -> Result<OnceOutcome<A>, ExecuteError<A::Rejection>> {
        let mut attempts = Attempts::first(self.options());
        let mut deciding = Deciding::begin(self, self.stream_of(id)?).await?;
        let make = |append| Commit::once(key, vec![append]);
        match self.settle(&mut deciding, command, metadata, &mut attempts, make).await? {
            Settled::Committed { receipt, .. } if receipt.replayed => {
                self.earlier(deciding.stream(), receipt).await
            }
            Settled::Committed { events, receipt } => {
                executed(deciding, events, receipt).map(OnceOutcome::Accepted)
            }
            Settled::Unchanged => {
                // P01: recorded before anyone acts on it; what stands under the key already answers instead.
                let receipt =
                    commit_until_known(self.events(), Commit::unchanged(key), &mut attempts).await?;
                if receipt.replayed {
                    return self.earlier(deciding.stream(), receipt).await;
                }
                Ok(OnceOutcome::Accepted(Executed { receipt: Some(receipt), ..deciding.unchanged() }))
            }
            Settled::Rejected(rejection) => {
                // P01: recorded before anyone acts on it.
                let refusal = refusal(key, &rejection.to_string())?;
                let receipt = commit_until_known(self.events(), refusal, &mut attempts).await?;
                self.earlier(deciding.stream(), receipt).await
            }
        }
    }

    async fn settle(
        &self,
        deciding: &mut Deciding<A>,
        command: &A::Command,
        metadata: Metadata,
        attempts: &mut Attempts,
        make: impl Fn(Append) -> Result<Commit, InvalidCommit> + Send + Sync,
    ) -> Result<Settled<A>, Failure<A>> {
        let mut context = Context::new(self.now(), metadata);
        loop {
            let (events, append) = match deciding.decide(command, &context).await? {
                Decision::Append { events, append } => (events, append),
                Decision::Unchanged => return Ok(Settled::Unchanged),
                Decision::Rejected(rejection) => return Ok(Settled::Rejected(rejection)),
                Decision::Invalid(invalid) => return Err(invalid.into()),
            };
            let commit = match make(append) {
                Ok(commit) => commit,
                // C01: that a decision cannot be committed is an answer as well.
                Err(invalid) if !deciding.look_again().await? => return Err(invalid.into()),
                Err(_) => continue,
            };
            match commit_until_known(self.events(), commit, attempts).await {
                Ok(receipt) => return Ok(Settled::Committed { events, receipt }),
                Err(CommitError::Conflict(conflict)) => {
                    tracing::debug!(%conflict, attempt = attempts.made(), "deciding again");
                    if !attempts.again().await {
                        let (stream, attempts) = (deciding.stream().clone(), attempts.made());
                        return Err(ExecuteError::Contended { stream, attempts, last: conflict });
                    }
                    deciding.after_conflict(&conflict).await?;
                    context.now = self.now();
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The outcome that is recorded under a once-only command's id.
    async fn earlier(&self, stream: &StreamId, receipt: Receipt) -> Result<OnceOutcome<A>, Failure<A>> {
        let appended = match &receipt.outcome {
            Outcome::Refused { reason } => {
                return Ok(OnceOutcome::Refused { reason: reason_of(reason), replayed: receipt.replayed });
            }
            Outcome::Unchanged => None,
            Outcome::Committed(appended) => {
                let of_stream = appended.iter().find(|appended| &appended.stream == stream);
                if of_stream.is_none() {
                    // The key's one outcome is another aggregate's: it was not a key of this command.
                    let (commit, stream) = (receipt.commit, Some(stream.clone()));
                    return Err(CommitError::CommitIdReused { commit, stream }.into());
                }
                of_stream
            }
        };
        // A12: the outcome stands, whatever keeps it from being shown.
        let unread = |source| ExecuteError::Unread { key: receipt.commit, source };
        let events = match appended {
            Some(appended) => self.events_of(appended).await.map_err(unread)?,
            None => Vec::new(),
        };
        let now = self.fresh(stream).await.map_err(unread)?;
        let (version, state) = (now.version(), Arc::unwrap_or_clone(now).state);
        Ok(OnceOutcome::Accepted(Executed { version, events, state, receipt: Some(receipt) }))
    }

    async fn events_of(&self, appended: &Appended) -> Result<Vec<A::Event>, LoadError> {
        let range = ReadRange::between(appended.first, appended.head.version);
        let recorded = self.events().read_all(&appended.stream, range).await.map_err(LoadError::Store)?;
        let mut events = Vec::with_capacity(recorded.len());
        for event in &recorded {
            events.extend(annals_core::decode_event::<A::Event>(event)?.event());
        }
        Ok(events)
    }
}

fn executed<A: Aggregate>(
    mut deciding: Deciding<A>,
    events: Vec<A::Event>,
    receipt: Receipt,
) -> Result<Executed<A>, Failure<A>> {
    let expected = deciding.known().version().plus(events.len() as u64);
    match receipt.head(deciding.stream()) {
        Some(head) if head.version == expected => {
            let state = deciding.committed(&events, head);
            drop(deciding);
            let state = Arc::unwrap_or_clone(state).state;
            Ok(Executed { version: head.version, events, state, receipt: Some(receipt) })
        }
        found => Err(ExecuteError::Commit(CommitError::unknown(StoreError::Damaged {
            doing: format!("committing to {}", deciding.stream()),
            detail: format!("its head should be version {expected} after it, the receipt says {found:?}"),
        }))),
    }
}

/// A refusal as it is recorded: `{"reason": …}`.
pub(crate) fn refusal(key: CommitId, reason: &str) -> Result<Commit, InvalidCommit> {
    // A09: the one character that a text cannot carry to every store.
    let reason = serde_json::json!({ "reason": reason.replace('\0', "\u{fffd}") });
    let reason = Json::from_value(&reason).map_err(|source| InvalidCommit::NotPortable {
        event_type: "a refusal".to_owned(),
        part: "reason",
        source,
    })?;
    Commit::refusal(key, reason)
}

/// The reason of a recorded refusal, whoever recorded it.
pub(crate) fn reason_of(reason: &Json) -> String {
    match reason.to_value() {
        Ok(Value::Object(fields)) => match fields.get("reason") {
            Some(Value::String(text)) => text.clone(),
            _ => reason.as_str().to_owned(),
        },
        _ => reason.as_str().to_owned(),
    }
}
