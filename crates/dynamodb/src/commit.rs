//! One commit's way: from what it stands on to one write, and from what that write found to an answer. Laws A.
//!
//! The write's own conditions are the judge: an event is put only where none stands, so that a place has one winner, and
//! a marker only where none stands, so that an id has one outcome. What stands in the way answers a retry.

use annals_core::Timestamp;
use annals_ports::{
    Appended, Commit, CommitBody, CommitError, Effect, Outcome, Receipt, RecordedCommit, record_append,
    replay, stamp,
};
use futures::future::try_join_all;
use futures::try_join;

use crate::DynamoStore;
use crate::event_item::{self, Beside};
use crate::fault::{Fault, Kind, Standing};
use crate::heads::Known;
use crate::item::{self, Attributes, Item};
use crate::marker::{self, Marked, Marker, Places};
use crate::patience::Patience;
use crate::standing::is_of;
use crate::tables::Table;
use crate::vouch::Footing;
use crate::write::Write;

/// The attribute by which a call knows its own events after an answer was lost.
const OWN: &str = "By";

/// A commit as it is to be written.
struct Draft {
    /// One for each event, in the commit's order; then its marker, if it has one.
    writes: Vec<Write>,
    /// Of each event: which append it is of.
    events: Vec<usize>,
    added: Vec<Appended>,
    /// By what its events are known to be this call's.
    own: [u8; 4],
    /// By what its marker is.
    by: Option<String>,
}

impl Draft {
    fn of(commit: &Commit, footings: &[Footing], now: Timestamp, type_shards: u32) -> Self {
        let (mut writes, mut events, mut added) = (Vec::new(), Vec::new(), Vec::new());
        let own = fastrand::u32(..).to_be_bytes();
        for (index, (append, footing)) in commit.appends().iter().zip(footings).enumerate() {
            let known = footing.known();
            let head = known.map(|known| known.head);
            // A10: one stamp for the append, never before the head's.
            let recorded_at = stamp(head.as_ref(), now);
            let (recorded, appended) = record_append(append, head.as_ref(), recorded_at);
            let mut previous = known.map(|known| known.written);
            for event in recorded {
                let beside = Beside { previous, written: None, append_end: appended.head.version };
                let mut item = event_item::encode(&event, beside, type_shards);
                item.insert(OWN.to_owned(), item::bytes(own));
                writes.push(Write::put(Table::Events, item).where_none_stands());
                events.push(index);
                previous = Some(recorded_at);
            }
            added.push(appended);
        }
        let by = marker::is_needed(commit).then(marker::draw);
        if let Some(by) = &by {
            let what = Marked::Events(added.iter().map(Places::of).collect());
            writes.push(marker::write(commit.id(), &Marker { what, by: by.clone() }));
        }
        Self { writes, events, added, own, by }
    }
}

impl DynamoStore {
    /// Records a commit, or answers with what is recorded under its id.
    pub(crate) async fn record(&self, commit: &Commit) -> Result<Receipt, CommitError> {
        let receipt = match commit.body() {
            CommitBody::Events(_) => self.record_events(commit).await?,
            CommitBody::Refusal(reason) => {
                self.record_outcome(commit, Outcome::Refused { reason: reason.clone() }).await?
            }
            CommitBody::Unchanged => self.record_outcome(commit, Outcome::Unchanged).await?,
        };
        if !receipt.appended().is_empty() {
            self.shared.hub.committed(receipt.appended());
        }
        Ok(receipt)
    }

    /// Records an outcome without events: its marker.
    async fn record_outcome(&self, commit: &Commit, outcome: Outcome) -> Result<Receipt, CommitError> {
        let what = match &outcome {
            Outcome::Refused { reason } => Marked::Refusal(reason.clone()),
            _ => Marked::Unchanged,
        };
        let marker = Marker { what, by: marker::draw() };
        let replayed = match self.database().write(&marker::write(commit.id(), &marker)).await {
            Ok(_) => None,
            Err(fault) => match (fault.kind, fault.found(0)) {
                (Kind::Condition, Some(found)) => self.by_marker(commit, found, &marker.by).await?,
                _ => return Err(fault.told_of_commit(&commit.doing(), &self.database().options)),
            },
        };
        Ok(replayed.unwrap_or(Receipt { commit: commit.id(), outcome, replayed: false }))
    }

    async fn record_events(&self, commit: &Commit) -> Result<Receipt, CommitError> {
        let mut patience = Patience::of(self.database().options.timeout);
        loop {
            let footings =
                commit.appends().iter().map(|append| self.footing(&append.stream, &append.expected));
            let footings = try_join_all(footings).await;
            let footings = footings.map_err(|fault| self.failed(commit, &fault, Effect::NotWritten))?;
            let answer = match footings.iter().position(|footing| *footing == Footing::None) {
                Some(index) => self.without_footing(commit, index).await?,
                None => self.write_on(commit, &footings).await?,
            };
            if let Some(receipt) = answer {
                return Ok(receipt);
            }
            // A06: to another place only now that another commit was seen in this one.
            if !patience.wait().await {
                let fault = Fault::new(Kind::Contended, "other commits came first, again and again");
                return Err(self.failed(commit, &fault, Effect::NotWritten));
            }
        }
    }

    /// Writes a commit at the places that its footings give; none when others were seen there that it may yet follow.
    async fn write_on(&self, commit: &Commit, footings: &[Footing]) -> Result<Option<Receipt>, CommitError> {
        let database = self.database();
        let draft = Draft::of(commit, footings, database.now(), database.shape.type_shards);
        let written = match draft.writes.as_slice() {
            [alone] => database.write(alone).await.map(drop),
            together => database.transact(together).await,
        };
        match written {
            Ok(()) => Ok(Some(self.recorded(commit, &draft))),
            Err(fault) if fault.kind == Kind::Condition => self.judge(commit, &draft, &fault).await,
            Err(fault) => Err(fault.told_of_commit(&commit.doing(), &database.options)),
        }
    }

    /// The answer to a commit that this call wrote.
    fn recorded(&self, commit: &Commit, draft: &Draft) -> Receipt {
        for added in &draft.added {
            self.shared
                .heads
                .learn(&added.stream, Known { head: added.head, written: added.head.recorded_at });
        }
        Receipt { commit: commit.id(), outcome: Outcome::Committed(draft.added.clone()), replayed: false }
    }

    /// What follows from what stood in the way of a write.
    async fn judge(
        &self,
        commit: &Commit,
        draft: &Draft,
        fault: &Fault,
    ) -> Result<Option<Receipt>, CommitError> {
        if let (Some(by), Some(found)) = (&draft.by, fault.found(draft.events.len())) {
            let replayed = self.by_marker(commit, found, by).await?;
            return Ok(Some(replayed.unwrap_or_else(|| self.recorded(commit, draft))));
        }
        for place in 0..draft.events.len() {
            let Some(found) = fault.found(place).filter(|item| is_of(item, commit.id())) else { continue };
            // An attempt whose answer was lost, and not an earlier call, put just this there.
            if found.bytes(OWN).is_ok_and(|standing| standing == draft.own) {
                return Ok(Some(self.recorded(commit, draft)));
            }
            return self.by_event(commit, found).await.map(Some);
        }
        for (place, append) in draft.events.iter().enumerate() {
            if let Some(known) = fault.found(place).and_then(|found| Known::of(found).ok()) {
                self.shared.heads.learn(&commit.appends()[*append].stream, known);
            }
        }
        let is_taken = |place: usize| fault.standing.get(place).is_some_and(|at| *at != Standing::Passed);
        let refused = draft.events.iter().enumerate().find(|(place, append)| {
            is_taken(*place) && commit.appends()[**append].expected.place().is_some()
        });
        let Some((_, append)) = refused else { return Ok(None) };
        let stream = &commit.appends()[*append].stream;
        // A06: the id is looked up after the conflict was seen.
        let found = try_join!(self.marker_of(commit.id()), self.head_of(stream));
        let (marker, head) = found.map_err(|fault| self.failed(commit, &fault, Effect::NotWritten))?;
        self.refuse(commit, *append, marker, head).await
    }

    /// What follows when an append expects what its stream never was, or no longer is.
    async fn without_footing(&self, commit: &Commit, append: usize) -> Result<Option<Receipt>, CommitError> {
        let not_written = |fault: Fault| self.failed(commit, &fault, Effect::NotWritten);
        let head = self.head_of(&commit.appends()[append].stream).await.map_err(not_written)?;
        // A06: the id is looked up after the conflict was seen, at all places where it may stand.
        let (marker, event) = self.look_up(commit).await.map_err(not_written)?;
        if let (None, Some(event)) = (&marker, &event) {
            return self.by_event(commit, event).await.map(Some);
        }
        self.refuse(commit, append, marker, head).await
    }

    /// Answers with the marker under the commit's id, or else refuses the commit for the head of one of its streams; none
    /// when that holds by now.
    async fn refuse(
        &self,
        commit: &Commit,
        append: usize,
        marker: Option<Marker>,
        head: Option<Known>,
    ) -> Result<Option<Receipt>, CommitError> {
        if let Some(marker) = marker {
            return self.replayed(commit, self.marked(commit.id(), marker).await).map(Some);
        }
        let append = &commit.appends()[append];
        append.expected.check(&append.stream, head.map(|known| known.head).as_ref())?;
        Ok(None)
    }

    /// Answers with the marker that stands under the commit's id; none when this call itself put it there, in an attempt
    /// whose answer was lost.
    async fn by_marker(
        &self,
        commit: &Commit,
        found: &Item,
        own: &str,
    ) -> Result<Option<Receipt>, CommitError> {
        let standing = match marker::read(found) {
            Ok(marker) if marker.by == own => return Ok(None),
            Ok(marker) => self.marked(commit.id(), marker).await,
            Err(fault) => Err(fault),
        };
        self.replayed(commit, standing).map(Some)
    }

    /// Answers with the commit that an event, which bears the commit's id, is part of.
    async fn by_event(&self, commit: &Commit, found: &Item) -> Result<Receipt, CommitError> {
        let by_marker = if marker::is_needed(commit) { self.marker_of(commit.id()).await } else { Ok(None) };
        let standing = match by_marker {
            Ok(Some(marker)) => self.marked(commit.id(), marker).await,
            Ok(None) => match self.whole(commit, found).await {
                Ok(Some(standing)) => Ok(standing),
                Ok(None) => {
                    let stream = event_item::stream(found).ok();
                    return Err(CommitError::CommitIdReused { commit: commit.id(), stream });
                }
                Err(fault) => Err(fault),
            },
            Err(fault) => Err(fault),
        };
        self.replayed(commit, standing)
    }

    fn replayed(
        &self,
        commit: &Commit,
        standing: Result<RecordedCommit, Fault>,
    ) -> Result<Receipt, CommitError> {
        // What was seen under the id may be this very value: E01.
        let standing = standing.map_err(|fault| self.failed(commit, &fault, Effect::Unknown))?;
        replay(commit, &standing)
    }

    fn failed(&self, commit: &Commit, fault: &Fault, effect: Effect) -> CommitError {
        CommitError::Store { effect, source: fault.told(&commit.doing(), &self.database().options) }
    }
}
