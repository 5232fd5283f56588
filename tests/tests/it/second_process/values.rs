//! The ports' values, as they are carried to another process and back. What is valid by construction is made anew by its
//! own constructor; JSON is carried as its text, to the letter.

use annals::ports::{
    Acquired, Append, Appended, BoxError, CategoryCount, Checkpoint, Commit, CommitBody, CommitError,
    Conflict, Direction, Effect, Expectation, FeedFilter, FeedHealth, FeedPage, FeedPosition, FeedQuery,
    FeedStart, Freshness, ImportError, Imported, IndexValue, IndexValues, Lease, NewEvent, Outcome,
    PageToken, Parked, ReadRange, Receipt, RecordedCommit, Route, Row, RowChange, RowPage, RowQuery,
    RowSelection, Snapshot, StoreDescription, StoreError, StreamPage, TypePage, TypeQuery, ViewBatch,
    ViewError, ViewId, ViewState, WriterHold,
};
use annals::{
    Category, CommitId, CommitPlace, Digest, DigestMismatch, EventHeader, EventId, EventType, Json,
    RecordedEvent, StoreId, StreamHead, StreamId, Timestamp, Version,
};
use serde_json::Value;

use super::carried::{Carried, Parts, carried, carried_as_it_is};

carried_as_it_is!(
    Category,
    CommitId,
    CommitPlace,
    Digest,
    Direction,
    EventId,
    EventType,
    FeedPosition,
    Lease,
    StoreId,
    StreamHead,
    StreamId,
    Version,
);

carried! {
    struct EventHeader {
        id, stream, version, event_type, schema_version, recorded_at, commit, metadata, digest
    }
    struct RecordedEvent { header, payload }
    struct NewEvent { id, event_type, schema_version, payload, metadata }
    struct Append { stream, expected, events }
    struct Conflict { stream, expected, actual }
    struct Receipt { commit, outcome, replayed }
    struct Appended { stream, first, head }
    struct ReadRange { from, to, direction, limit }
    struct StreamPage { events, rest }
    struct TypeQuery { event_type, since, limit, after }
    struct TypePage { events, next, freshness }
    struct FeedQuery { filter, limit }
    struct FeedFilter { categories, event_types }
    struct FeedPage { events, next, at_end }
    struct FeedHealth { end, last_recorded_at, holds, warnings }
    struct WriterHold { process, application, age }
    struct ViewId { name, version }
    struct ViewState { view, checkpoint, rows, parked }
    struct Checkpoint { position, events, last_recorded_at }
    struct Route { stream, key }
    struct Parked { awaits, stream, version }
    struct ViewBatch { view, lease, from, changes, routes, park, unpark, checkpoint }
    struct RowQuery { select, direction, limit, after }
    struct Row { key, row }
    struct RowPage { rows, next }
    struct CategoryCount { category, streams }
    struct StoreDescription {
        adapter, location, store, schema_version, events, streams, categories, snapshots, outcomes, views, view_rows,
        last_recorded_at, bytes, settings
    }
}

carried! {
    enum Expectation { NoStream, Head(head), Exact(version), Exists, Any }
    enum Outcome { Committed(appended), Refused { reason }, Unchanged }
    enum Freshness { Complete, BestEffort }
    enum FeedStart { Beginning, End, Time(instant) }
    enum RecordedCommit { Events(events), Refusal { id, reason }, Unchanged { id } }
    enum Imported { Written, AlreadyThere }
    enum Acquired { Granted(lease), Held { owner, until } }
    enum RowSelection { Keys { prefix }, Index { name, prefix } }
    enum Effect { NotWritten, Unknown }
    enum StoreError {
        Unavailable { doing, source },
        TimedOut { doing, after },
        Full { doing, source },
        ReadOnly { doing, source },
        Damaged { doing, detail },
        NotAStore { what, detail },
        NewerSchema { what, found, supported },
        WrongStore { what, expected, found },
        InvalidToken { text, reason },
        PositionLost { position },
        Refused { doing, reason }
    }
    enum CommitError {
        Conflict(conflict),
        CommitIdReused { commit, stream },
        ClockSkew { ours, theirs },
        Store { effect, source }
    }
    enum DigestMismatch { Changed { stream, version, recorded, computed } }
    enum ImportError { Conflict(conflict), Digest(mismatch), NotACommit { id, reason }, Commit(error) }
    enum ViewError { LeaseLost { view, lease, owner }, CheckpointMoved { view, expected, found }, Store(error) }
}

impl Carried for Timestamp {
    fn put(&self) -> Value {
        self.as_micros().put()
    }

    fn take(value: Value) -> Self {
        Self::from_micros(Carried::take(value))
    }
}

impl Carried for Json {
    fn put(&self) -> Value {
        self.as_str().into()
    }

    fn take(value: Value) -> Self {
        Self::as_stored(&String::take(value))
    }
}

/// A cause, as far as it is told.
impl Carried for BoxError {
    fn put(&self) -> Value {
        self.to_string().into()
    }

    fn take(value: Value) -> Self {
        String::take(value).into()
    }
}

impl Carried for Commit {
    fn put(&self) -> Value {
        let appends: Vec<Append> = self
            .appends()
            .iter()
            .map(|append| {
                let events = append.events.iter().map(|prepared| prepared.event.clone()).collect();
                Append::new(append.stream.clone(), append.expected, events)
            })
            .collect();
        let refusal = match self.body() {
            CommitBody::Refusal(reason) => Some(reason.clone()),
            CommitBody::Events(_) | CommitBody::Unchanged => None,
        };
        Value::Array(vec![self.id().put(), self.is_once().put(), appends.put(), refusal.put()])
    }

    fn take(value: Value) -> Self {
        let mut parts = Parts::of(value);
        let (id, is_once): (CommitId, bool) = (parts.next(), parts.next());
        let (appends, refusal): (Vec<Append>, Option<Json>) = (parts.next(), parts.next());
        let made = match (refusal, appends.is_empty(), is_once) {
            (Some(reason), _, _) => Self::refusal(id, reason),
            (None, true, _) => Ok(Self::unchanged(id)),
            (None, false, true) => Self::once(id, appends),
            (None, false, false) => Self::new(id, appends),
        };
        made.expect("it was made before")
    }
}

impl Carried for PageToken {
    fn put(&self) -> Value {
        self.to_string().into()
    }

    fn take(value: Value) -> Self {
        String::take(value).parse().expect("it was a token")
    }
}

impl Carried for Snapshot {
    fn put(&self) -> Value {
        let parts = [self.stream().put(), self.head().put(), self.state_schema().put(), self.state().put()];
        Value::Array(parts.into())
    }

    fn take(value: Value) -> Self {
        let mut parts = Parts::of(value);
        Self::as_stored(parts.next(), parts.next(), parts.next(), parts.next())
    }
}

impl Carried for RowChange {
    fn put(&self) -> Value {
        let row = self.row().map(|(row, index)| (row.clone(), index.clone()));
        (self.key().to_owned(), row).put()
    }

    fn take(value: Value) -> Self {
        let made = match Carried::take(value) {
            (key, Some((row, index))) => Self::put(key, row, index),
            (key, None) => Self::delete(key),
        };
        made.expect("it was made before")
    }
}

impl Carried for IndexValues {
    fn put(&self) -> Value {
        self.iter().map(|(name, value)| (name, value.clone()).put()).collect()
    }

    fn take(value: Value) -> Self {
        let values: Vec<(&'static str, Vec<String>)> = Carried::take(value);
        values.into_iter().fold(Self::none(), |index, (name, parts)| index.with(name, parts))
    }
}

/// Its parts, as they were before they were put together.
impl Carried for IndexValue {
    fn put(&self) -> Value {
        let parts: Vec<String> = self.as_str().split_terminator('\u{1f}').map(shifted_back).collect();
        parts.put()
    }

    fn take(value: Value) -> Self {
        Self::of(Vec::<String>::take(value))
    }
}

/// A part of an index value without the marks that keep it from ending early.
fn shifted_back(part: &str) -> String {
    let mut text = String::new();
    let mut characters = part.chars();
    while let Some(character) = characters.next() {
        let shifted =
            |next: char| char::from_u32(u32::from(next) - 0x40).expect("it was a control character");
        text.push(if character == '\u{1e}' {
            shifted(characters.next().expect("a character follows its mark"))
        } else {
            character
        });
    }
    text
}
