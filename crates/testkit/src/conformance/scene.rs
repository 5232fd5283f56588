//! The scene of a law's test: a fresh store, a few words to write commits in, and a log of what was committed, which
//! is printed when the test fails.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use annals_core::{CommitId, EventId, EventType, Json, RecordedEvent, StreamHead, StreamId};
use annals_ports::{
    Adapter, Append, Commit, CommitError, EventFeedExt, EventStore, EventStoreExt, Expectation, FeedQuery,
    FeedStart, NewEvent, ReadRange, Receipt,
};

use super::StoreUnderTest;

/// The most commits that a failure prints.
const SHOWN: usize = 40;

pub(super) struct Scene<S> {
    pub(super) store: S,
    log: Arc<Mutex<Vec<String>>>,
}

impl<S: StoreUnderTest> Scene<S> {
    pub(super) async fn new() -> Self {
        Self { store: S::fresh().await, log: Arc::default() }
    }

    pub(super) fn adapter(&self) -> Adapter {
        self.store.adapter()
    }

    pub(super) fn events(&self) -> Arc<dyn EventStore> {
        self.store.adapter().events
    }

    pub(super) async fn reopen(&mut self) {
        note(&self.log, "the store is closed and opened again".to_owned());
        self.store.reopen().await;
    }

    /// Commits, and notes what came of it.
    pub(super) async fn try_commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.try_commit_through(&self.adapter(), commit).await
    }

    pub(super) async fn try_commit_through(
        &self,
        to: &Adapter,
        commit: Commit,
    ) -> Result<Receipt, CommitError> {
        let what = describe(&commit);
        let outcome = to.events.commit(commit).await;
        let came_of_it = match &outcome {
            Ok(receipt) if receipt.replayed => "answered as before".to_owned(),
            Ok(_) => "done".to_owned(),
            Err(error) => error.to_string(),
        };
        note(&self.log, format!("{what} -> {came_of_it}"));
        outcome
    }

    /// Commits what must succeed.
    pub(super) async fn commit(&self, commit: Commit) -> Receipt {
        self.try_commit(commit).await.unwrap_or_else(|error| panic!("this commit must succeed: {error}"))
    }

    /// Appends `count` small events to a stream, whatever is there.
    pub(super) async fn grow(&self, stream: &str, count: u64) -> StreamHead {
        let events = (1..=count).map(numbered).collect();
        let receipt = self.commit(commit(vec![append(stream, Expectation::Any, events)])).await;
        receipt.head(&id(stream)).expect("a receipt tells each stream's head")
    }

    pub(super) async fn head(&self, stream: &str) -> Option<StreamHead> {
        self.events().head(&id(stream)).await.expect("heads can be read")
    }

    pub(super) async fn read(&self, stream: &str) -> Vec<RecordedEvent> {
        read_stream(&self.adapter(), &id(stream)).await
    }

    /// Everything in the feed, in its order.
    pub(super) async fn history(&self) -> Vec<RecordedEvent> {
        history(&self.adapter()).await
    }
}

impl<S> Drop for Scene<S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.is_empty() {
                return;
            }
            let mut text = "the history that led here:\n".to_owned();
            let hidden = log.len().saturating_sub(SHOWN);
            if hidden > 0 {
                let _ = writeln!(text, "  ({hidden} commits before)");
            }
            for line in &log[hidden..] {
                let _ = writeln!(text, "  {line}");
            }
            eprint!("{text}");
        }
    }
}

fn note(log: &Mutex<Vec<String>>, line: String) {
    log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

fn describe(commit: &Commit) -> String {
    let mut text = commit.doing();
    if commit.is_once() {
        text.push_str(" once");
    }
    for append in commit.appends() {
        let types: Vec<_> =
            append.events.iter().take(4).map(|event| event.event.event_type.as_str()).collect();
        let more = if append.events.len() > types.len() { ", …" } else { "" };
        let _ = write!(text, "; {} expecting {}: {}{more}", append.stream, append.expected, types.join(", "));
    }
    text
}

pub(super) async fn read_stream(adapter: &Adapter, stream: &StreamId) -> Vec<RecordedEvent> {
    adapter.events.read_all(stream, ReadRange::all()).await.expect("streams can be read")
}

pub(super) async fn history(adapter: &Adapter) -> Vec<RecordedEvent> {
    let start = adapter.feed.start(FeedStart::Beginning).await.expect("the feed has a beginning");
    adapter.feed.read_to_end(&FeedQuery::all(), start).await.expect("the feed can be read").0
}

pub(super) fn id(stream: &str) -> StreamId {
    stream.parse().unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn event(event_type: &str, payload: &serde_json::Value) -> NewEvent {
    NewEvent {
        id: EventId::new(),
        event_type: EventType::new(event_type).expect("a test's event types are valid"),
        schema_version: 1,
        payload: Json::from_value(payload).expect("a test's payloads are portable"),
        metadata: Json::empty(),
    }
}

pub(super) fn numbered(number: u64) -> NewEvent {
    event("Counted", &serde_json::json!({ "number": number }))
}

pub(super) fn append(stream: &str, expected: Expectation, events: Vec<NewEvent>) -> Append {
    Append::new(id(stream), expected, events)
}

pub(super) fn commit(appends: Vec<Append>) -> Commit {
    commit_as(CommitId::new(), appends)
}

pub(super) fn commit_as(id: CommitId, appends: Vec<Append>) -> Commit {
    Commit::new(id, appends).expect("a test's commits keep the limits")
}

/// One event for one stream.
pub(super) fn one(stream: &str, expected: Expectation, number: u64) -> Commit {
    commit(vec![append(stream, expected, vec![numbered(number)])])
}

/// Versions, for messages.
pub(super) fn versions(events: &[RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.header.version.get()).collect()
}

/// Checks that `events` are versions 1 to `count`.
#[track_caller]
pub(super) fn assert_dense(events: &[RecordedEvent], count: u64) {
    let found = versions(events);
    assert!(found.iter().copied().eq(1..=count), "versions must be 1 to {count}, found {found:?}");
}
