//! Snapshots: read with a bounded patience, checked, and written by a task in the background.
//!
//! Promises that nothing here fails or holds up a command (law S04): what a snapshot store answers late, wrongly or
//! not at all is reported and passed over. Whether a snapshot is of this history is found out by whoever reads
//! its tail (S03).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annals_core::{Aggregate, Json, NotPortable, Rehydrated, Snapshotted, StreamHead, StreamId, Version};
use annals_ports::{BoxError, Snapshot, SnapshotStore};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};
use tokio::time::{Instant, timeout};

use crate::loading::admits;
use crate::{AsOf, SnapshotPolicy};

/// Snapshots that wait to be written; more are passed over, since the next one makes up for them.
const QUEUE: usize = 64;
/// How long writing one may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a store that did not answer in time is left alone, so that not every load waits for it.
const REST: Duration = Duration::from_secs(10);

/// The snapshots of one kind of aggregate.
pub(crate) struct Snapshots<A> {
    parts: Arc<Parts<A>>,
}

struct Parts<A> {
    store: Arc<dyn SnapshotStore>,
    policy: SnapshotPolicy,
    form: Form<A>,
    queue: Mutex<Option<Sender<Job<A>>>>,
    rests_until: Mutex<Option<Instant>>,
}

/// How the aggregate's state is written and read: what [`Snapshotted`] knows, where that bound cannot be named.
struct Form<A> {
    schema: u32,
    encode: fn(&A) -> Result<Json, NotPortable>,
    decode: fn(&Json) -> Result<A, serde_json::Error>,
}

/// What there is to load from.
pub(crate) enum Candidate<A> {
    /// Nothing, or nothing for this question.
    None,
    /// A state, if the stream has this head at its version.
    Usable(A, StreamHead),
    /// A snapshot that yields no state.
    PassedOver,
}

enum Job<A> {
    Save(StreamId, Arc<Rehydrated<A>>),
    /// Drops what is there first: a store may refuse to put an earlier version in its place.
    Replace(StreamId, Arc<Rehydrated<A>>),
}

impl<A: Aggregate> Snapshots<A> {
    pub(crate) fn new(store: Arc<dyn SnapshotStore>, policy: SnapshotPolicy) -> Self
    where
        A: Snapshotted,
    {
        let form = Form {
            schema: A::STATE_SCHEMA,
            encode: |state| Json::from_serialize(state),
            decode: Json::decode,
        };
        let (queue, rests_until) = (Mutex::new(None), Mutex::new(None));
        Self { parts: Arc::new(Parts { store, policy, form, queue, rests_until }) }
    }

    pub(crate) fn policy(&self) -> SnapshotPolicy {
        self.parts.policy
    }

    /// The latest snapshot, where it helps to know the state as of then.
    pub(crate) async fn find(&self, stream: &StreamId, as_of: AsOf) -> Candidate<A> {
        let Some(snapshot) = self.latest(stream).await else { return Candidate::None };
        let (head, schema) = (*snapshot.head(), self.parts.form.schema);
        if snapshot.state_schema() != schema {
            // S02: another schema may decode by chance, and mean something else.
            tracing::warn!(%stream, found = snapshot.state_schema(), schema, "passed over a snapshot of another schema");
            return Candidate::PassedOver;
        }
        if !admits(as_of, Some(&head)) {
            return Candidate::None;
        }
        match (self.parts.form.decode)(snapshot.state()) {
            Ok(state) => Candidate::Usable(state, head),
            Err(error) => {
                tracing::warn!(%stream, %error, "passed over a snapshot that does not decode");
                Candidate::PassedOver
            }
        }
    }

    async fn latest(&self, stream: &StreamId) -> Option<Snapshot> {
        let patience = self.parts.policy.longest_wait();
        if self.rests_until().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        match timeout(patience, self.parts.store.latest(stream)).await {
            Ok(Ok(snapshot)) => snapshot,
            Ok(Err(error)) => {
                tracing::warn!(%stream, %error, "loading without a snapshot");
                None
            }
            Err(_) => {
                tracing::warn!(%stream, ?patience, rest = ?REST, "the snapshot store does not answer, loading without it");
                *self.parts.rests_until.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Instant::now() + REST);
                None
            }
        }
    }

    fn rests_until(&self) -> Option<Instant> {
        *self.parts.rests_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a snapshot written when the way from `before` to this state crossed a multiple of the interval.
    pub(crate) fn reached(&self, stream: &StreamId, before: Version, state: &Arc<Rehydrated<A>>) {
        if self.parts.policy.crossed(before.get(), state.version().get()) {
            self.enqueue(Job::Save(stream.clone(), Arc::clone(state)));
        }
    }

    /// Has a snapshot that was passed over replaced by this state (laws S02 and S03).
    pub(crate) fn replace(&self, stream: &StreamId, state: &Arc<Rehydrated<A>>) {
        self.enqueue(Job::Replace(stream.clone(), Arc::clone(state)));
    }

    /// S04: never waits, whatever the snapshot store does.
    fn enqueue(&self, job: Job<A>) {
        let mut queue = self.parts.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = match queue.as_ref() {
            Some(queue) => queue.try_send(job),
            None => Err(TrySendError::Closed(job)),
        };
        let job = match sent {
            Ok(()) => return,
            Err(TrySendError::Full(job)) => {
                tracing::debug!(stream = %job.stream(), "a snapshot was not written: too many wait");
                return;
            }
            // There is no task yet, or the runtime that it ran on is gone.
            Err(TrySendError::Closed(job)) => job,
        };
        let Ok(runtime) = Handle::try_current() else {
            tracing::warn!(stream = %job.stream(), "a snapshot was not written: there is no Tokio runtime");
            return;
        };
        let (sender, receiver) = mpsc::channel(QUEUE);
        // The channel is new and empty.
        let _ = sender.try_send(job);
        *queue = Some(sender);
        runtime.spawn(write_all(Arc::clone(&self.parts.store), self.parts.form.clone(), receiver));
    }
}

/// Writes what comes, until nobody can send any more.
async fn write_all<A: Aggregate>(store: Arc<dyn SnapshotStore>, form: Form<A>, mut jobs: Receiver<Job<A>>) {
    while let Some(job) = jobs.recv().await {
        let stream = job.stream().clone();
        match timeout(WRITE_TIMEOUT, write(store.as_ref(), &form, job)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%stream, %error, "a snapshot was not written"),
            Err(_) => tracing::warn!(%stream, after = ?WRITE_TIMEOUT, "a snapshot was not written in time"),
        }
    }
}

async fn write<A: Aggregate>(store: &dyn SnapshotStore, form: &Form<A>, job: Job<A>) -> Result<(), BoxError> {
    let (stream, state) = match job {
        Job::Save(stream, state) => (stream, state),
        Job::Replace(stream, state) => {
            store.remove(&stream).await?;
            (stream, state)
        }
    };
    let Some(head) = state.head else { return Ok(()) };
    let snapshot = Snapshot::new(stream, head, form.schema, (form.encode)(&state.state)?)?;
    Ok(store.save(snapshot).await?)
}

impl<A> Job<A> {
    fn stream(&self) -> &StreamId {
        match self {
            Self::Save(stream, _) | Self::Replace(stream, _) => stream,
        }
    }
}

impl<A> Clone for Form<A> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<A> Clone for Snapshots<A> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts) }
    }
}
