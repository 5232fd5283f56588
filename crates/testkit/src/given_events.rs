//! Given these events of these streams, then the read model has these rows: tests of projections that read as
//! sentences.
//!
//! Every event passes through its recorded form. Streams come in the order in which they are given; law V06, that it
//! does not matter, is checked by [`GivenEvents::then_the_same_however_interleaved`].

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

use annals_core::{CommitId, DomainEvent, Metadata, RecordedEvent, StreamHead, StreamId, Timestamp};
use annals_ports::{Append, Commit, Expectation, NewEvent, record_append};
use annals_projection::{Fold, Projection, interleavings};

/// Interleavings tried, when there are more.
const INTERLEAVINGS: usize = 1_000;

/// A projection and the events that it has seen.
///
/// ```
/// use annals_core::{DomainEvent, Recorded};
/// use annals_projection::{Keys, Projection};
/// use annals_testkit::given_events;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, DomainEvent)]
/// #[event(category = "account", prefix = "Account")]
/// enum AccountEvent { Opened { owner: String }, Deposited { amount: u64 } }
///
/// #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
/// struct Holding { balance: u64 }
///
/// #[derive(Clone)]
/// struct Holdings;
///
/// impl Projection for Holdings {
///     const NAME: &'static str = "holdings";
///     const VERSION: u32 = 1;
///     type Event = AccountEvent;
///     type Key = String;
///     type Row = Holding;
///
///     fn keys(&self, event: &Recorded<AccountEvent>) -> Keys<String> {
///         match &event.event {
///             AccountEvent::Opened { owner } => Keys::routed().learn(owner.clone()),
///             AccountEvent::Deposited { .. } => Keys::routed(),
///         }
///     }
///
///     fn apply(&self, _: &String, row: Option<Holding>, event: &Recorded<AccountEvent>) -> Option<Holding> {
///         let balance = row.unwrap_or_default().balance;
///         let AccountEvent::Deposited { amount } = event.event else { return Some(Holding { balance }) };
///         Some(Holding { balance: balance + amount })
///     }
/// }
///
/// let opened = |owner: &str| AccountEvent::Opened { owner: owner.to_owned() };
/// given_events(Holdings)
///     .of("account-1", [opened("ada"), AccountEvent::Deposited { amount: 3 }])
///     .of("account-2", [opened("ada"), AccountEvent::Deposited { amount: 4 }])
///     .then_row("ada", &Holding { balance: 7 })
///     .then_no_row("bob")
///     .then_the_same_however_interleaved();
/// ```
#[derive(Clone)]
pub struct GivenEvents<P> {
    projection: P,
    streams: BTreeMap<StreamId, Option<StreamHead>>,
    events: Vec<RecordedEvent>,
    now: Timestamp,
    told: String,
}

/// A projection that has seen nothing yet.
pub fn given_events<P: Projection + Clone>(projection: P) -> GivenEvents<P> {
    GivenEvents {
        projection,
        streams: BTreeMap::new(),
        events: Vec::new(),
        now: Timestamp::UNIX_EPOCH,
        told: "\ngiven\n".to_owned(),
    }
}

#[expect(clippy::return_self_not_must_use, reason = "what a check gives back is there for the next check")]
impl<P: Projection + Clone> GivenEvents<P> {
    /// The next events of a stream.
    ///
    /// # Panics
    /// When the stream's name is not valid, or an event cannot be recorded.
    #[must_use]
    #[track_caller]
    pub fn of<E: DomainEvent + Debug>(mut self, stream: &str, events: impl IntoIterator<Item = E>) -> Self {
        let id: StreamId = stream.parse().unwrap_or_else(|error| panic!("{error}"));
        for event in events {
            let _ = writeln!(self.told, "  {stream} {event:?}");
            let head = self.streams.entry(id.clone()).or_default();
            let new = NewEvent::encode(&event, &Metadata::new());
            let commit = new.and_then(|new| {
                Commit::new(CommitId::new(), vec![Append::new(id.clone(), Expectation::Any, vec![new])])
            });
            let commit = commit.unwrap_or_else(|error| panic!("{event:?} cannot be recorded: {error}"));
            for append in commit.appends() {
                let (recorded, appended) = record_append(append, head.as_ref(), self.now);
                *head = Some(appended.head);
                self.events.extend(recorded);
            }
        }
        self
    }

    /// Records what comes at `now`; 1970-01-01T00:00:00Z unless said.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        let _ = writeln!(self.told, "  (it is {now})");
        self.now = now;
        self
    }

    /// Checks the row under `key`.
    ///
    /// # Panics
    /// When there is another row, or none, or an event does not decode.
    #[track_caller]
    pub fn then_row(self, key: &str, expected: &P::Row) -> Self
    where
        P::Row: Debug + PartialEq,
    {
        let fold = self.fold();
        let found = fold.rows().iter().find(|(found, _)| found.to_string() == key).map(|(_, row)| row);
        let got = || found.map_or_else(|| "no row".to_owned(), |row| format!("{row:?}"));
        assert!(
            found == Some(expected),
            "{}then expected\n  {key}: {expected:?}\nbut got\n  {}\n",
            self.told,
            got()
        );
        self
    }

    /// Checks that there is no row under `key`.
    ///
    /// # Panics
    /// When there is one, or an event does not decode.
    #[track_caller]
    pub fn then_no_row(self, key: &str) -> Self {
        let is_there = self.fold().rows().keys().any(|found| found.to_string() == key);
        assert!(!is_there, "{}then expected\n  no row {key}\nbut there is one\n", self.told);
        self
    }

    /// Checks that no event waits for a route.
    ///
    /// # Panics
    /// When one does, or an event does not decode.
    #[track_caller]
    pub fn then_nothing_waits(self) -> Self {
        let waiting = self.fold().parked();
        assert!(waiting == 0, "{}then expected\n  no event waits for a route\nbut {waiting} do\n", self.told);
        self
    }

    /// Checks law V06: the rows are the same for every interleaving of the streams, all of them when they are few.
    ///
    /// # Panics
    /// When two interleavings give different rows; both are told, one swap apart.
    #[track_caller]
    pub fn then_the_same_however_interleaved(self) -> Self {
        let mut streams: BTreeMap<&StreamId, Vec<RecordedEvent>> = BTreeMap::new();
        for event in &self.events {
            streams.entry(&event.header.stream).or_default().push(event.clone());
        }
        let streams: Vec<_> = streams.into_values().collect();
        if let Err(error) = interleavings(self.projection.clone(), &streams, 6, INTERLEAVINGS) {
            panic!("{}then\n{error}", self.told);
        }
        self
    }

    #[track_caller]
    fn fold(&self) -> Fold<P> {
        let mut fold = Fold::new(self.projection.clone());
        for event in &self.events {
            fold.push(event).unwrap_or_else(|error| panic!("{}then\n{error}", self.told));
        }
        fold
    }
}
