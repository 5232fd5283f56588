//! A store in another process, behind the ports: each call goes there as a line, and its answer comes back as one. The
//! process is killed, by SIGKILL, once nobody holds one of its ports any more.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annals::ports::{
    Acquired, Clock, Commit, CommitError, EventFeed, EventStore, FeedHealth, FeedPage, FeedPosition,
    FeedQuery, FeedStart, HistoryImport, ImportError, Imported, Inspect, Lease, Leases, Parked, ReadRange,
    Receipt, RecordedCommit, RowPage, RowQuery, Snapshot, SnapshotStore, StoreDescription, StoreError,
    StreamPage, TypePage, TypeQuery, ViewBatch, ViewError, ViewId, ViewState, ViewStore,
};
use annals::{Adapter, Json, StreamHead, StreamId};
use annals_testkit::ManualClock;
use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::oneshot;

use super::call::Call;
use super::carried::{Carried, Parts};
use crate::child;

/// The test that is the other process when it is run with a role.
pub(super) const NAME: &str = "second_process::a_process_that_is_killed_disturbs_nobody";

/// Who waits for an answer, by the call's number; none once no answer can come any more.
type Waiting = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<Value>>>>>;

/// Another process, as long as it lives. It is killed when this is dropped.
pub(super) struct Remote {
    clock: ManualClock,
    line: Mutex<Line>,
    waiting: Waiting,
}

struct Line {
    process: Option<child::Running>,
    calls: u64,
}

impl Remote {
    /// Starts a process that stamps by `clock`.
    fn start(clock: ManualClock) -> Self {
        let (process, answers) = child::Running::start(child::command(NAME, "serve"));
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let (line, told) = (Mutex::new(Line { process: Some(process), calls: 0 }), waiting.clone());
        std::thread::spawn(move || hand_out(answers, &told));
        Self { clock, line, waiting }
    }

    /// Another process that has the store in `file` open.
    pub(super) async fn open(file: PathBuf, clock: ManualClock) -> Result<Adapter, StoreError> {
        let remote = Arc::new(Self::start(clock));
        let store = remote.call::<Result<_, StoreError>>(Call::Open(file)).await?;
        Ok(Adapter {
            name: "sqlite",
            store,
            events: remote.clone(),
            feed: remote.clone(),
            snapshots: remote.clone(),
            views: remote.clone(),
            leases: remote.clone(),
            import: remote.clone(),
            inspect: remote,
        })
    }

    /// Another process that has begun to write to `file` and does not end.
    pub(super) async fn hang_writing(file: PathBuf, clock: ManualClock) -> Result<Self, StoreError> {
        let remote = Self::start(clock);
        remote.call::<Result<(), StoreError>>(Call::HangWriting(file)).await?;
        Ok(remote)
    }

    async fn call<A: Carried>(&self, call: Call) -> A {
        let call = call.put();
        let (answer, answered) = oneshot::channel();
        {
            let mut line = lock(&self.line);
            line.calls += 1;
            let (id, now) = (line.calls, self.clock.now().put());
            let mut waiting = lock(&self.waiting);
            waiting.as_mut().expect("the other process lives until it is killed").insert(id, answer);
            drop(waiting);
            let process = line.process.as_mut().expect("it is not killed before this is dropped");
            process.tell(&format!("[{id},{now},{call}]"));
        }
        A::take(answered.await.expect("the other process answers until it is killed"))
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let ended = lock(&self.line).process.take().map(child::Running::kill);
        if !std::thread::panicking() {
            let by_itself = ended.is_some_and(|status| matches!(status.code(), Some(0 | child::PANICKED)));
            assert!(!by_itself, "the other process ended before it was killed: {ended:?}");
        }
    }
}

/// Gives each answer to whoever waits for it, until the process has ended.
fn hand_out(answers: child::Lines, waiting: &Waiting) {
    for line in answers {
        let mut parts = Parts::of(serde_json::from_str(&line).expect("the other process writes answers"));
        let (id, answer): (u64, Value) = (parts.next(), parts.next());
        let whose = lock(waiting).as_mut().and_then(|waiting| waiting.remove(&id));
        // Whoever asked may have gone; the call was carried out all the same.
        let _ = whose.expect("each call is answered once").send(answer);
    }
    *lock(waiting) = None;
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl EventStore for Remote {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.call(Call::Commit(commit)).await
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        self.call(Call::ReadStream(stream.clone(), range)).await
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        self.call(Call::Head(stream.clone())).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        self.call(Call::ReadByType(query.clone())).await
    }
}

#[async_trait]
impl EventFeed for Remote {
    async fn next(
        &self,
        query: &FeedQuery,
        after: &FeedPosition,
        wait: Duration,
    ) -> Result<FeedPage, StoreError> {
        self.call(Call::FeedNext(query.clone(), after.clone(), wait)).await
    }

    async fn start(&self, from: FeedStart) -> Result<FeedPosition, StoreError> {
        self.call(Call::FeedStart(from)).await
    }

    async fn locate(&self, receipt: &Receipt) -> Result<Option<FeedPosition>, StoreError> {
        self.call(Call::FeedLocate(receipt.clone())).await
    }

    async fn health(&self) -> Result<FeedHealth, StoreError> {
        self.call(Call::FeedHealth).await
    }
}

#[async_trait]
impl SnapshotStore for Remote {
    async fn latest(&self, stream: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        self.call(Call::SnapshotLatest(stream.clone())).await
    }

    async fn save(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        self.call(Call::SnapshotSave(snapshot)).await
    }

    async fn remove(&self, stream: &StreamId) -> Result<(), StoreError> {
        self.call(Call::SnapshotRemove(stream.clone())).await
    }
}

#[async_trait]
impl ViewStore for Remote {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        self.call(Call::ViewList).await
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        self.call(Call::ViewState(view.clone())).await
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        self.call(Call::ViewRows(view.clone(), keys.to_vec())).await
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        self.call(Call::ViewPage(view.clone(), query.clone())).await
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        self.call(Call::ViewRoutes(view.clone(), streams.to_vec())).await
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        self.call(Call::ViewParked(view.clone(), streams.to_vec())).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        self.call(Call::ViewApply(batch)).await
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        self.call(Call::ViewReset(view.clone(), lease.clone())).await
    }
}

#[async_trait]
impl Leases for Remote {
    async fn acquire(&self, name: &str, owner: &str, time_to_live: Duration) -> Result<Acquired, StoreError> {
        self.call(Call::LeaseAcquire(name.to_owned(), owner.to_owned(), time_to_live)).await
    }

    async fn renew(&self, lease: &Lease, time_to_live: Duration) -> Result<Option<Lease>, StoreError> {
        self.call(Call::LeaseRenew(lease.clone(), time_to_live)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.call(Call::LeaseRelease(lease.clone())).await
    }
}

#[async_trait]
impl HistoryImport for Remote {
    async fn import(&self, commit: RecordedCommit) -> Result<Imported, ImportError> {
        self.call(Call::Import(commit)).await
    }
}

#[async_trait]
impl Inspect for Remote {
    async fn describe(&self) -> Result<StoreDescription, StoreError> {
        self.call(Call::Describe).await
    }
}
