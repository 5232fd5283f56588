//! The caller: does what the script says until it is answered, repeating the same value as law A06 says, or, after a
//! crash, deciding anew under the same `once` id as A12 allows. Keeps the account of its answers.

use std::time::Duration;

use annals_core::{CommitId, EventId, EventType, Json, Metadata, RecordedEvent, StreamHead, StreamId};
use annals_ports::{
    Adapter, Append, Commit, CommitError, Conflict, Effect, EventStoreExt, FeedQuery, NewEvent, ReadRange,
    Receipt, Snapshot, StoreError, TypeQuery,
};

use crate::conformance::StoreUnderTest;
use crate::faults::{Broken, Faults, Process, check_store};

use super::follower::{self, Stopped, follow};
use super::ledger::Ledger;
use super::script::{Deed, Target};

/// How often one thing is tried before it is said that it cannot be done.
const ATTEMPTS: usize = 200;

pub(super) struct Caller<S> {
    store: S,
    faults: Faults,
    process: Process,
    restarts: u64,
    ledger: Ledger,
    events_made: u64,
}

impl<S: StoreUnderTest> Caller<S> {
    pub(super) fn new(store: S, faults: Faults) -> Self {
        let process = faults.over(&store.adapter());
        Self { store, faults, process, restarts: 0, ledger: Ledger::default(), events_made: 0 }
    }

    pub(super) async fn perform(&mut self, deed: &Deed) -> Result<(), Broken> {
        match deed {
            Deed::Commit(targets) => self.commit(targets).await,
            Deed::Once(name, targets) => self.once(name, targets).await,
            Deed::Refuse(name) => self.refuse(name).await,
            Deed::Unchanged(name) => self.settle(Commit::unchanged(CommitId::from_key(name))).await,
            Deed::Doomed(targets) => self.doomed(targets).await,
            Deed::Follow => self.follow_and_run().await,
            Deed::Snapshot(stream) => self.snapshot(stream).await,
            Deed::Look(stream) => self.look(stream).await,
        }
    }

    /// Every law, on the store without anything in its way; answers all events.
    pub(super) async fn check(mut self) -> Result<Vec<RecordedEvent>, Broken> {
        let undisturbed = Faults::none();
        self.process = undisturbed.over(&self.store.adapter());
        self.faults = undisturbed;
        self.follow_and_run().await?;
        let store = self.store.adapter();
        let feed = check_store(&store).await?;
        self.ledger.check(&store, &feed).await?;
        follower::check_view(&store, &feed).await?;
        #[cfg(feature = "projection")]
        super::running::check_view(&store, &feed).await?;
        Ok(feed)
    }

    async fn commit(&mut self, targets: &[Target]) -> Result<(), Broken> {
        let commit = Commit::new(CommitId::new(), self.appends(targets).await?);
        let commit = commit.expect("the script keeps the limits");
        match self.until_answered(&commit).await? {
            Ok(receipt) => self.ledger.note(vec![commit], receipt),
            Err(conflict) => {
                Err(Broken::new("A02", format!("nobody else commits, and {conflict} ({})", commit.doing())))
            }
        }
    }

    async fn once(&mut self, name: &str, targets: &[Target]) -> Result<(), Broken> {
        let id = CommitId::from_key(name);
        let mut attempts = Vec::new();
        for _ in 0..ATTEMPTS {
            // A12: who restarted knows nothing of an earlier decision, and decides again.
            let commit = Commit::once(id, self.appends(targets).await?).expect("the script keeps the limits");
            attempts.push(commit.clone());
            let restarts = self.restarts;
            while self.restarts == restarts {
                match self.process.adapter().events.commit(commit.clone()).await {
                    Ok(receipt) => return self.ledger.note(attempts, receipt),
                    Err(error) => self.after(error, &commit).await?.map_or(Ok(()), |conflict| {
                        Err(Broken::new("A02", format!("nobody else commits, and {conflict}")))
                    })?,
                }
            }
        }
        Err(given_up(name))
    }

    async fn refuse(&mut self, name: &str) -> Result<(), Broken> {
        let reason = Json::from_value(&serde_json::json!({ "reason": "out of stock" }));
        let refusal = Commit::refusal(CommitId::from_key(name), reason.expect("a small object is portable"));
        self.settle(refusal.expect("the script keeps the limits")).await
    }

    /// Records an outcome without events.
    async fn settle(&mut self, outcome: Commit) -> Result<(), Broken> {
        match self.until_answered(&outcome).await? {
            Ok(receipt) => self.ledger.note(vec![outcome], receipt),
            Err(conflict) => Err(Broken::new("A12", format!("it expects nothing, and {conflict}"))),
        }
    }

    async fn doomed(&mut self, targets: &[Target]) -> Result<(), Broken> {
        let stream = id(targets[0].0);
        let commit = Commit::new(CommitId::new(), self.appends(targets).await?);
        let commit = commit.expect("the script keeps the limits");
        let conflict = match self.until_answered(&commit).await? {
            Err(conflict) => conflict,
            Ok(receipt) => {
                return Err(Broken::new("A02", format!("its expectation does not hold, and {receipt:?}")));
            }
        };
        let head = self.head(&stream).await?;
        if (conflict.stream, conflict.actual) == (stream, head) {
            return Ok(());
        }
        Err(Broken::new("A05", format!("the head is {head:?}, and the conflict tells {:?}", conflict.actual)))
    }

    async fn follow_and_run(&mut self) -> Result<(), Broken> {
        self.follow().await?;
        #[cfg(feature = "projection")]
        self.run_projection().await?;
        Ok(())
    }

    #[cfg(feature = "projection")]
    async fn run_projection(&mut self) -> Result<(), Broken> {
        for _ in 0..ATTEMPTS {
            match super::running::run_to_end(self.process.adapter()).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_transient() => self.restart_if_dead().await,
                Err(error) => return Err(Broken::new("V01", error.to_string())),
            }
        }
        Err(given_up("running a projection"))
    }

    async fn follow(&mut self) -> Result<(), Broken> {
        for _ in 0..ATTEMPTS {
            match follow(&self.process.adapter(), &format!("process {}", self.restarts)).await {
                Ok(()) => return Ok(()),
                Err(Stopped::Broken(broken)) => return Err(broken),
                Err(Stopped::Transient) => self.restart_if_dead().await,
                Err(Stopped::Held) => {
                    // The dead process's lease runs out, by whichever clock the store goes.
                    self.store.clock().advance(follower::LEASE / 4);
                    tokio::time::sleep(follower::LEASE / 40).await;
                }
            }
        }
        Err(given_up("following the feed"))
    }

    async fn snapshot(&mut self, stream: &str) -> Result<(), Broken> {
        let stream = id(stream);
        let Some(head) = self.head(&stream).await? else {
            return Err(Broken::new("R02", format!("{stream} was committed to, and has no head")));
        };
        let state = Json::from_value(&serde_json::json!({ "events": head.version.get() }));
        let state = state.expect("a small object is portable");
        let snapshot = Snapshot::new(stream, head, 1, state).expect("it is small");
        self.ledger.snapshots.push(snapshot.clone());
        // S04: whether it is kept is nobody's concern.
        let _ = self.process.adapter().snapshots.save(snapshot).await;
        self.restart_if_dead().await;
        Ok(())
    }

    /// R02, R05, F01: what was answered is seen in every way of reading.
    async fn look(&mut self, stream: &str) -> Result<(), Broken> {
        let stream = id(stream);
        let told = self.ledger.answered.values().filter_map(|answered| answered.receipt.head(&stream));
        let told = told.max_by_key(|head| head.version);
        let head = self.head(&stream).await?;
        if head != told {
            return Err(Broken::new("R02", format!("{told:?} was answered, the head is {head:?}")));
        }
        let all = |adapter: Adapter| {
            let stream = stream.clone();
            async move { adapter.events.read_all(&stream, ReadRange::all().limit(2)).await }
        };
        let events = self.insist(all).await?;
        if events.last().map(|event| StreamHead::of(&event.header)) != told {
            return Err(Broken::new("R02", format!("{stream} does not end with its head")));
        }
        let by_type = |adapter: Adapter| async move {
            let counted = EventType::new("Counted").expect("the name is valid");
            adapter.events.read_all_by_type(TypeQuery::new(counted).limit(5)).await
        };
        let of_type = self.insist(by_type).await?;
        if !events.iter().all(|event| of_type.contains(event)) {
            return Err(Broken::new("R05", format!("events of {stream} are not found by their type")));
        }
        let receipts: Vec<_> =
            self.ledger.answered.values().map(|answered| answered.receipt.clone()).collect();
        for receipt in receipts.into_iter().filter(|receipt| receipt.head(&stream) == told) {
            let after = |adapter: Adapter| {
                let receipt = receipt.clone();
                async move {
                    let Some(position) = adapter.feed.locate(&receipt).await? else { return Ok(None) };
                    let page = adapter.feed.next(&FeedQuery::all(), &position, Duration::ZERO).await?;
                    Ok(Some(page.events))
                }
            };
            let later = self.insist(after).await?.unwrap_or_default();
            if later.iter().any(|event| event.header.stream == stream) {
                return Err(Broken::new("F02", format!("the last commit to {stream} is not its last")));
            }
        }
        Ok(())
    }

    async fn head(&mut self, stream: &StreamId) -> Result<Option<StreamHead>, Broken> {
        self.insist(|adapter| {
            let stream = stream.clone();
            async move { adapter.events.head(&stream).await }
        })
        .await
    }

    async fn appends(&mut self, targets: &[Target]) -> Result<Vec<Append>, Broken> {
        let mut appends = Vec::new();
        for (stream, expected, count) in targets {
            let stream = id(stream);
            let expected = expected.of(self.head(&stream).await?);
            let events = (0..*count).map(|_| self.event()).collect();
            appends.push(Append::new(stream, expected, events));
        }
        Ok(appends)
    }

    fn event(&mut self) -> NewEvent {
        self.events_made += 1;
        let payload = serde_json::json!({ "number": self.events_made, "process": self.restarts });
        NewEvent {
            id: EventId::new(),
            event_type: EventType::new("Counted").expect("the name is valid"),
            schema_version: 1,
            payload: Json::from_value(&payload).expect("a small object is portable"),
            metadata: Metadata::new().to_json().expect("no metadata is portable"),
        }
    }

    /// A06: the same value until it is answered.
    async fn until_answered(&mut self, commit: &Commit) -> Result<Result<Receipt, Box<Conflict>>, Broken> {
        for _ in 0..ATTEMPTS {
            match self.process.adapter().events.commit(commit.clone()).await {
                Ok(receipt) => return Ok(Ok(receipt)),
                Err(error) => {
                    if let Some(conflict) = self.after(error, commit).await? {
                        return Ok(Err(conflict));
                    }
                }
            }
        }
        Err(given_up(&commit.doing()))
    }

    /// What a failed commit comes to: a conflict, something broken, or nothing, and it may be tried again.
    async fn after(&mut self, error: CommitError, commit: &Commit) -> Result<Option<Box<Conflict>>, Broken> {
        match error {
            CommitError::Conflict(conflict) => Ok(Some(conflict)),
            // E01: what is unknown may be repeated, as may what is transient.
            error if error.is_transient() || error.effect() == Effect::Unknown => {
                self.restart_if_dead().await;
                Ok(None)
            }
            error => Err(Broken::new("A06", format!("{} failed for good: {error}", commit.doing()))),
        }
    }

    /// Repeats a read until it is answered.
    async fn insist<T, F>(&mut self, read: impl Fn(Adapter) -> F + Send) -> Result<T, Broken>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        for _ in 0..ATTEMPTS {
            match read(self.process.adapter()).await {
                Ok(found) => return Ok(found),
                Err(error) if error.is_transient() => self.restart_if_dead().await,
                Err(error) => return Err(Broken::new("E02", error.to_string())),
            }
        }
        Err(given_up("reading"))
    }

    /// A dead process is replaced: in turn by one that opens the store again, and by one that had it open all along.
    async fn restart_if_dead(&mut self) {
        if !self.process.has_crashed() {
            return;
        }
        self.restarts += 1;
        if self.restarts % 2 == 1 {
            // What the dead process had sent arrives before its files are closed.
            self.faults.settled().await;
            self.store.reopen().await;
            self.process = self.faults.over(&self.store.adapter());
        } else {
            self.process = self.faults.over(&self.store.second().await);
        }
    }
}

fn id(stream: &str) -> StreamId {
    stream.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn given_up(what: &str) -> Broken {
    Broken::new("E02", format!("{what} was tried {ATTEMPTS} times in vain"))
}
