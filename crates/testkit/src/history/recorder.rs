//! Recording: every call to a store with the moment of its call and of its answer, and what is told of each stream once
//! all is over. Calls pass through unchanged.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use annals_core::{CommitId, Digest, RecordedEvent, StreamHead, StreamId};
use annals_ports::{
    Adapter, Commit, CommitError, Conflict, Effect, Expectation, ReadRange, Receipt, StoreError, StreamPage,
};

use super::operation::{Action, Answer, Expected, Operation, StreamHistory, UNRECORDED};

/// The task that reads every stream when all is over.
const LAST_READER: usize = 99;

/// Records what several tasks do. Clones share the record.
#[derive(Clone, Default)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    moment: AtomicU64,
    record: Mutex<Vec<Entry>>,
}

struct Entry {
    task: usize,
    called: u64,
    answered: u64,
    seen: Seen,
}

enum Seen {
    Commit(Commit, Came),
    Head(StreamId, Option<StreamHead>),
    Read(StreamId, StreamPage),
}

/// What came of a commit that may have had an effect, or tells of the stream.
enum Came {
    Answered(Receipt),
    Conflict(Box<Conflict>),
    Unknown,
}

/// One task's way to the store.
#[derive(Clone)]
pub struct Client {
    task: usize,
    store: Adapter,
    recorder: Recorder,
}

impl Recorder {
    /// An empty record.
    pub fn new() -> Self {
        Self::default()
    }

    /// A way for `task` to call `store`, recorded.
    pub fn client(&self, task: usize, store: Adapter) -> Client {
        Client { task, store, recorder: self.clone() }
    }

    /// Reads each stream that was touched a last time, and tells what happened on each. Nobody may be at work any more.
    ///
    /// # Errors
    /// When a stream cannot be read.
    pub async fn histories(&self, store: &Adapter) -> Result<Vec<StreamHistory>, StoreError> {
        let streams: Vec<StreamId> = self.with_record(|record| {
            let touched = record.iter().flat_map(Entry::streams);
            touched.collect::<BTreeSet<_>>().into_iter().collect()
        });
        let last = self.client(LAST_READER, store.clone());
        let mut contents = HashMap::new();
        for stream in &streams {
            contents.insert(stream.clone(), last.read(stream).await?.events);
        }
        Ok(self.with_record(|record| {
            let names = Names::of(record, &contents);
            streams.iter().map(|stream| names.history(stream, record)).collect()
        }))
    }

    fn moment(&self) -> u64 {
        self.shared.moment.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn note(&self, task: usize, called: u64, seen: Seen) {
        let answered = self.moment();
        self.shared.record.lock().unwrap_or_else(PoisonError::into_inner).push(Entry {
            task,
            called,
            answered,
            seen,
        });
    }

    fn with_record<T>(&self, look: impl FnOnce(&[Entry]) -> T) -> T {
        look(&self.shared.record.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Client {
    /// Commits.
    ///
    /// # Errors
    /// As the store's.
    pub async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        let called = self.recorder.moment();
        let result = self.store.events.commit(commit.clone()).await;
        let came = match &result {
            Ok(receipt) => Some(Came::Answered(receipt.clone())),
            Err(CommitError::Conflict(conflict)) => Some(Came::Conflict(conflict.clone())),
            Err(error) if error.effect() == Effect::Unknown => Some(Came::Unknown),
            Err(_) => None,
        };
        if let Some(came) = came {
            self.recorder.note(self.task, called, Seen::Commit(commit, came));
        }
        result
    }

    /// Asks for a stream's head.
    ///
    /// # Errors
    /// As the store's.
    pub async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        let called = self.recorder.moment();
        let found = self.store.events.head(stream).await?;
        self.recorder.note(self.task, called, Seen::Head(stream.clone(), found));
        Ok(found)
    }

    /// Reads a stream's first page.
    ///
    /// # Errors
    /// As the store's.
    pub async fn read(&self, stream: &StreamId) -> Result<StreamPage, StoreError> {
        let called = self.recorder.moment();
        let page = self.store.events.read_stream(stream, ReadRange::all()).await?;
        self.recorder.note(self.task, called, Seen::Read(stream.clone(), page.clone()));
        Ok(page)
    }
}

impl Entry {
    fn streams(&self) -> Vec<StreamId> {
        match &self.seen {
            Seen::Commit(commit, _) => commit.appends().iter().map(|append| append.stream.clone()).collect(),
            Seen::Head(stream, _) | Seen::Read(stream, _) => vec![stream.clone()],
        }
    }
}

/// Numbers for commits, and the commits behind digests.
struct Names {
    commits: HashMap<CommitId, u32>,
    digests: HashMap<(StreamId, Digest), CommitId>,
}

impl Names {
    fn of(record: &[Entry], contents: &HashMap<StreamId, Vec<RecordedEvent>>) -> Self {
        let mut names = Self { commits: HashMap::new(), digests: HashMap::new() };
        let mut unused = UNRECORDED + 1..;
        for entry in record {
            if let Seen::Commit(commit, _) = &entry.seen {
                // There are more numbers than commits.
                let number = || unused.next().unwrap_or(u32::MAX);
                names.commits.entry(commit.id()).or_insert_with(number);
            }
            if let Seen::Commit(_, Came::Answered(receipt)) = &entry.seen {
                for appended in receipt.appended() {
                    names.digests.insert((appended.stream.clone(), appended.head.digest), receipt.commit);
                }
            }
            if let Seen::Read(stream, page) = &entry.seen {
                names.learn(stream, &page.events);
            }
        }
        for (stream, events) in contents {
            names.learn(stream, events);
        }
        names
    }

    fn learn(&mut self, stream: &StreamId, events: &[RecordedEvent]) {
        for event in events {
            self.digests.insert((stream.clone(), event.header.digest), event.header.commit.id);
        }
    }

    fn commit(&self, id: CommitId) -> u32 {
        self.commits.get(&id).copied().unwrap_or(UNRECORDED)
    }

    fn head(&self, stream: &StreamId, head: Option<&StreamHead>) -> (u64, u32) {
        head.map_or((0, UNRECORDED), |head| {
            let commit = self.digests.get(&(stream.clone(), head.digest));
            (head.version.get(), commit.map_or(UNRECORDED, |commit| self.commit(*commit)))
        })
    }

    fn history(&self, stream: &StreamId, record: &[Entry]) -> StreamHistory {
        let operations = record.iter().filter_map(|entry| self.operation(stream, entry)).collect();
        StreamHistory::new(stream.as_str(), &[], operations)
    }

    /// What `entry` did on `stream`; nothing for another stream's, or when it certainly had no effect here.
    fn operation(&self, stream: &StreamId, entry: &Entry) -> Option<Operation> {
        let mut answered = Some(entry.answered);
        let action = match &entry.seen {
            Seen::Head(asked, _) | Seen::Read(asked, _) if asked != stream => return None,
            Seen::Head(_, found) => {
                let (version, commit) = self.head(stream, found.as_ref());
                Action::Head { version, commit }
            }
            Seen::Read(_, page) => {
                let commits = page.events.iter().map(|event| self.commit(event.header.commit.id));
                Action::Read { found: commits.collect(), to_end: page.rest.is_none() }
            }
            Seen::Commit(commit, came) => {
                let append = commit.appends().iter().find(|append| &append.stream == stream)?;
                let answer = match came {
                    Came::Unknown => {
                        answered = None;
                        Answer::Unknown
                    }
                    Came::Answered(receipt) => {
                        let appended = receipt.appended().iter().find(|appended| &appended.stream == stream);
                        // A receipt that leaves a stream out tells of no place in it.
                        let first = appended.map_or(0, |appended| appended.first.get());
                        if receipt.replayed { Answer::Replayed { first } } else { Answer::Done { first } }
                    }
                    Came::Conflict(conflict) if &conflict.stream == stream => {
                        let (version, commit) = self.head(stream, conflict.actual.as_ref());
                        Answer::Conflict { version, commit }
                    }
                    // The conflict is another stream's; here nothing was written (A07).
                    Came::Conflict(_) => return None,
                };
                Action::Commit {
                    commit: self.commit(commit.id()),
                    expected: self.expected(stream, &append.expected),
                    events: append.events.len() as u64,
                    answer,
                }
            }
        };
        Some(Operation { task: entry.task, called: entry.called, answered, action })
    }

    fn expected(&self, stream: &StreamId, expected: &Expectation) -> Expected {
        match expected {
            Expectation::NoStream => Expected::NoStream,
            Expectation::Exists => Expected::Exists,
            Expectation::Any => Expected::Any,
            Expectation::Exact(version) => Expected::Exact(version.get()),
            Expectation::Head(head) => {
                let (version, commit) = self.head(stream, Some(head));
                Expected::Head(version, commit)
            }
        }
    }
}
