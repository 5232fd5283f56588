//! Several tasks at work on a few streams of one store, over two handles, with faults in the way, and readers following
//! the feed: recorded, then checked.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::{Duration, Instant};

use annals_core::{CommitId, EventId, EventType, Json, StreamHead, StreamId};
use annals_ports::{Append, Commit, CommitError, Effect, NewEvent};
use fastrand::Rng;
use tokio::task::JoinSet;

use crate::conformance::{StoreUnderTest, run};
use crate::faults::{Broken, Faults, Rates, check_store};
use crate::generators::ExpectationKind;
use crate::seeds::seeds;

use super::readers::Readers;
use super::{Action, Answer, Client, Recorder, StreamHistory, check, check_feed, states_explored};

/// How much is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effort {
    /// How many histories; their seeds are numbered from 1.
    pub seeds: u64,
    /// Tasks that commit and read, every other one over a second handle.
    pub tasks: usize,
    /// Calls of each task.
    pub operations: usize,
    /// Streams that they share.
    pub streams: usize,
    /// Tasks that follow the feed.
    pub readers: usize,
    /// The faults in their way. Processes do not crash here.
    pub rates: Rates,
}

impl Default for Effort {
    fn default() -> Self {
        let rates = Rates { crash: 0, delay: 150, answer_lost: 60, late: 60, ..Rates::default() };
        Self { seeds: 20, tasks: 4, operations: 50, streams: 3, readers: 2, rates }
    }
}

/// What was recorded and found in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Histories, each of one stream.
    pub histories: usize,
    /// Operations in them.
    pub operations: usize,
    /// Commits that were answered with a conflict.
    pub conflicts: usize,
    /// Commits that were answered as before.
    pub replayed: usize,
    /// Commits with an unknown outcome.
    pub unknown: usize,
    /// Pages of the feed.
    pub pages: usize,
    /// States that the search went through.
    pub states: usize,
    /// How long recording took.
    pub recording: Duration,
    /// How long checking took.
    pub checking: Duration,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, operations, conflicts, replayed, unknown, pages, states, recording, checking } =
            self;
        write!(
            f,
            "{histories} histories of {operations} operations ({conflicts} conflicts, {replayed} replayed, {unknown} \
             unknown) and {pages} pages, recorded in {recording:?}, checked in {checking:?} over {states} states"
        )
    }
}

/// Records histories on stores of their own and checks them; `ANNALS_SEED` in the environment repeats one seed alone.
///
/// # Panics
/// When a law is broken. The seed, the faults, and the smallest history that shows it are told.
pub fn stays_linearizable<S: StoreUnderTest>(effort: &Effort) -> Figures {
    let (sender, receiver) = std::sync::mpsc::channel();
    let effort = effort.clone();
    run(async move {
        let mut figures = Figures::default();
        for seed in seeds(effort.seeds) {
            let tried = try_seed::<S>(seed, &effort).await;
            figures
                .add(&tried.unwrap_or_else(|broken| panic!("{broken}\nrepeat it with ANNALS_SEED={seed}")));
        }
        assert!(figures.conflicts > 0, "tasks get in each other's way: {figures}");
        eprintln!("{figures}");
        // Whoever waits for it holds the other end.
        let _ = sender.send(figures);
    });
    receiver.recv().unwrap_or_default()
}

/// Records one history and checks it.
///
/// # Errors
/// The law that is broken, with the smallest history that shows it and the faults that were in the way.
///
/// # Panics
/// When a task at work panics.
pub async fn try_seed<S: StoreUnderTest>(seed: u64, effort: &Effort) -> Result<Figures, Broken> {
    let began = Instant::now();
    let store = S::fresh().await;
    let handles = [store.adapter(), store.second().await];
    let faults = Faults::random(seed, effort.rates);
    let recorder = Recorder::new();
    let readers = Readers::new(&handles[0]).await?;
    let streams = (1..=effort.streams).map(|number| format!("order-{number}").parse());
    let streams: Vec<StreamId> = streams.map(|stream| stream.expect("the name is valid")).collect();

    let mut reading = JoinSet::new();
    for reader in 0..effort.readers {
        let process = faults.over(&handles[reader % 2]).adapter();
        reading.spawn(readers.clone().read_along(process, rng(seed, 100 + reader)));
    }
    let mut working = JoinSet::new();
    for task in 0..effort.tasks {
        let client = recorder.client(task, faults.over(&handles[task % 2]).adapter());
        let work = Work { client, streams: streams.clone(), rng: rng(seed, task), heads: HashMap::new() };
        working.spawn(work.run(effort.operations));
    }
    while let Some(ended) = working.join_next().await {
        ended.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()))?;
    }
    faults.settled().await;
    readers.end();
    while let Some(ended) = reading.join_next().await {
        ended.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()));
    }
    readers.read_the_rest(&handles[1], &mut rng(seed, 200)).await?;
    let histories = recorder.histories(&handles[1]).await?;
    let recording = began.elapsed();
    let led_here = |broken: Broken| broken.after(&faults);
    let figures = check_all(&histories, &readers, recording).map_err(led_here)?;
    check_store(&handles[0]).await.map_err(led_here)?;
    Ok(figures)
}

fn check_all(histories: &[StreamHistory], readers: &Readers, recording: Duration) -> Result<Figures, Broken> {
    let began = Instant::now();
    let mut figures = Figures { recording, ..Figures::default() };
    let mut heads = BTreeMap::new();
    for history in histories {
        check(history).map_err(|error| Broken::new("A02 to A06 or R02", error.to_string()))?;
        figures.count(history);
        heads.insert(history.stream.clone(), longest(history));
    }
    let feed = readers.history(heads);
    figures.pages = feed.pages.len();
    check_feed(&feed).map_err(|violation| {
        Broken::new(violation.law, format!("{}\n{}", violation.what, violation.smallest))
    })?;
    figures.checking = began.elapsed();
    for history in histories {
        figures.states += states_explored(history).unwrap_or(0);
    }
    Ok(figures)
}

/// The version that the stream came to: the last reader of the record saw it whole.
fn longest(history: &StreamHistory) -> u64 {
    let found = history.operations.iter().filter_map(|operation| match &operation.action {
        Action::Read { found, .. } => Some(found.len() as u64),
        _ => None,
    });
    found.max().unwrap_or(0)
}

impl Figures {
    fn count(&mut self, history: &StreamHistory) {
        self.histories += 1;
        self.operations += history.operations.len();
        for operation in &history.operations {
            if let Action::Commit { answer, .. } = &operation.action {
                match answer {
                    Answer::Conflict { .. } => self.conflicts += 1,
                    Answer::Replayed { .. } => self.replayed += 1,
                    Answer::Unknown => self.unknown += 1,
                    Answer::Done { .. } => {}
                }
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.histories += other.histories;
        self.operations += other.operations;
        self.conflicts += other.conflicts;
        self.replayed += other.replayed;
        self.unknown += other.unknown;
        self.pages += other.pages;
        self.states += other.states;
        self.recording += other.recording;
        self.checking += other.checking;
    }
}

/// One task.
struct Work {
    client: Client,
    streams: Vec<StreamId>,
    rng: Rng,
    /// The last head that it learned of each stream; often an old one.
    heads: HashMap<StreamId, StreamHead>,
}

impl Work {
    async fn run(mut self, operations: usize) -> Result<(), Broken> {
        let mut in_doubt: Option<Commit> = None;
        for _ in 0..operations {
            let roll = self.rng.u8(..10);
            let stream = self.any_stream();
            if let Some(commit) = in_doubt.take()
                && roll < 8
            {
                in_doubt = self.commit(commit).await?;
            } else if roll < 6 {
                let commit = self.new_commit();
                in_doubt = self.commit(commit).await?;
            } else if roll < 8 {
                if let Ok(Some(head)) = self.client.head(&stream).await {
                    self.heads.insert(stream, head);
                }
            } else if let Ok(page) = self.client.read(&stream).await
                && let Some(last) = page.events.last()
            {
                self.heads.insert(stream, StreamHead::of(&last.header));
            }
            if self.rng.bool() {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Commits; answers the commit when nobody knows what came of it.
    async fn commit(&mut self, commit: Commit) -> Result<Option<Commit>, Broken> {
        match self.client.commit(commit.clone()).await {
            Ok(receipt) => {
                for appended in receipt.appended() {
                    self.heads.insert(appended.stream.clone(), appended.head);
                }
                Ok(None)
            }
            Err(CommitError::Conflict(conflict)) => {
                self.heads.extend(conflict.actual.map(|head| (conflict.stream, head)));
                Ok(None)
            }
            Err(error) if error.effect() == Effect::Unknown => Ok(Some(commit)),
            Err(error) if error.is_transient() => Ok(None),
            Err(error) => Err(Broken::new("A06", error.to_string())),
        }
    }

    fn new_commit(&mut self) -> Commit {
        let mut streams = self.streams.clone();
        self.rng.shuffle(&mut streams);
        streams.truncate(if self.rng.u8(..4) == 0 { 2 } else { 1 });
        let appends = streams.into_iter().map(|stream| {
            let kind = match self.rng.u8(..10) {
                0..=4 => ExpectationKind::Head,
                5 | 6 => ExpectationKind::Exact,
                7 => ExpectationKind::Exists,
                8 => ExpectationKind::NoStream,
                _ => ExpectationKind::Any,
            };
            let expected = kind.of(self.heads.get(&stream).copied());
            let events = (0..self.rng.u8(1..=3)).map(|_| event(&mut self.rng)).collect();
            Append::new(stream, expected, events)
        });
        let appends = appends.collect();
        let id = CommitId::new();
        let is_once = self.rng.u8(..8) == 0;
        let commit = if is_once { Commit::once(id, appends) } else { Commit::new(id, appends) };
        commit.expect("these commits keep the limits")
    }

    fn any_stream(&mut self) -> StreamId {
        self.streams[self.rng.usize(..self.streams.len())].clone()
    }
}

fn event(rng: &mut Rng) -> NewEvent {
    NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").expect("the name is valid"),
        schema_version: 1,
        payload: Json::from_value(&serde_json::json!({ "number": rng.u32(..) }))
            .expect("a small object is portable"),
        metadata: Json::empty(),
    }
}

/// A stream of random numbers for each task of each seed.
fn rng(seed: u64, task: usize) -> Rng {
    Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((task as u64 + 1) << 48))
}
