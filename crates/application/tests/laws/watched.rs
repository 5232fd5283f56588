//! An event store that counts what is asked of it, and misbehaves as it is told to.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annals_core::{CommitId, Metadata, StreamHead, StreamId, Timestamp, Version};
use annals_ports::{
    Adapter, Append, Commit, CommitError, EventStore, Expectation, NewEvent, ReadRange, Receipt, StoreError,
    StreamPage, TypePage, TypeQuery,
};
use async_trait::async_trait;

use crate::account::AccountEvent;

/// What happens to a commit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It is written, the answer is lost.
    AnswerLost,
    /// It is lost before it is written, which nobody can tell.
    RequestLost,
    /// The store is away.
    Away,
    /// The store is read-only.
    ReadOnly,
    /// The clocks are too far apart.
    Skewed,
    /// Somebody deposits 1 just before.
    Overtaken,
}

pub(crate) struct Watched {
    inner: Mutex<Arc<dyn EventStore>>,
    faults: Mutex<VecDeque<Fault>>,
    commits: Mutex<Vec<Commit>>,
    reads: Mutex<Vec<ReadRange>>,
    hidden: Mutex<Option<Version>>,
    unreadable: AtomicBool,
}

/// The adapter with its event store watched.
pub(crate) fn watch(adapter: &Adapter) -> (Adapter, Arc<Watched>) {
    let watched = Arc::new(Watched {
        inner: Mutex::new(Arc::clone(&adapter.events)),
        faults: Mutex::default(),
        commits: Mutex::default(),
        reads: Mutex::default(),
        hidden: Mutex::default(),
        unreadable: AtomicBool::new(false),
    });
    (Adapter { events: Arc::clone(&watched) as Arc<dyn EventStore>, ..adapter.clone() }, watched)
}

impl Watched {
    /// What happens to the next commits, one after the other; then none is hindered.
    pub(crate) fn hinder(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// Leaves an event out of what is read.
    pub(crate) fn hide(&self, version: u64) {
        *self.hidden.lock().unwrap() = Some(Version::new(version));
    }

    /// Has every read of a stream fail, or no longer.
    pub(crate) fn break_reads(&self, broken: bool) {
        self.unreadable.store(broken, Ordering::SeqCst);
    }

    /// Replaces all that the store holds, as a restore does.
    pub(crate) fn restore(&self, other: &Adapter) {
        *self.inner.lock().unwrap() = Arc::clone(&other.events);
    }

    /// The commits asked for since this was last asked.
    pub(crate) fn take_commits(&self) -> Vec<Commit> {
        std::mem::take(&mut self.commits.lock().unwrap())
    }

    /// The first versions of the reads asked for since this was last asked.
    pub(crate) fn take_reads(&self) -> Vec<u64> {
        self.reads.lock().unwrap().drain(..).map(|range| range.from.get()).collect()
    }

    /// How many commits and reads were asked for since this was last asked.
    pub(crate) fn take_costs(&self) -> (usize, usize) {
        (self.take_commits().len(), self.take_reads().len())
    }

    fn inner(&self) -> Arc<dyn EventStore> {
        Arc::clone(&self.inner.lock().unwrap())
    }
}

fn timed_out(commit: &Commit) -> StoreError {
    StoreError::TimedOut { doing: commit.doing(), after: Duration::from_secs(1) }
}

#[async_trait]
impl EventStore for Watched {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.commits.lock().unwrap().push(commit.clone());
        let fault = self.faults.lock().unwrap().pop_front();
        let doing = commit.doing();
        match fault {
            Some(Fault::AnswerLost) => {
                self.inner().commit(commit.clone()).await.unwrap();
                Err(CommitError::unknown(timed_out(&commit)))
            }
            Some(Fault::RequestLost) => Err(CommitError::unknown(timed_out(&commit))),
            Some(Fault::Away) => {
                Err(CommitError::not_written(StoreError::Unavailable { doing, source: "refused".into() }))
            }
            Some(Fault::ReadOnly) => {
                Err(CommitError::not_written(StoreError::ReadOnly { doing, source: "no right".into() }))
            }
            Some(Fault::Skewed) => {
                let (ours, theirs) = (Timestamp::MIN, Timestamp::MAX);
                Err(CommitError::ClockSkew { ours, theirs })
            }
            Some(Fault::Overtaken) => {
                append_deposit(self.inner().as_ref(), &commit.appends()[0].stream).await;
                self.inner().commit(commit).await
            }
            None => self.inner().commit(commit).await,
        }
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        self.reads.lock().unwrap().push(range);
        if self.unreadable.load(Ordering::SeqCst) {
            let doing = format!("reading {stream}");
            return Err(StoreError::Unavailable { doing, source: "nobody is there".into() });
        }
        let mut page = self.inner().read_stream(stream, range).await?;
        let hidden = *self.hidden.lock().unwrap();
        page.events.retain(|event| Some(event.header.version) != hidden);
        Ok(page)
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        self.inner().head(stream).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        self.inner().read_by_type(query).await
    }
}

/// Deposits 1, whatever the stream holds.
pub(crate) async fn append_deposit(store: &dyn EventStore, stream: &StreamId) {
    let event = NewEvent::encode(&AccountEvent::Deposited { amount: 1 }, &Metadata::new()).unwrap();
    append(store, stream, event).await;
}

/// Records an event, whatever the stream holds.
pub(crate) async fn append(store: &dyn EventStore, stream: &StreamId, event: NewEvent) {
    let append = Append::new(stream.clone(), Expectation::Any, vec![event]);
    store.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
}
