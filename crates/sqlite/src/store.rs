//! Commits in, streams out. Laws A and R.

use annals_core::{StreamHead, StreamId, Version};
use annals_ports::{
    Commit, CommitBody, CommitError, Direction, Effect, EventStore, Outcome, ReadRange, Receipt, StoreError,
    StreamPage, TypePage, TypeQuery, record_append, replay, stamp,
};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use crate::SqliteStore;
use crate::by_type;
use crate::fault::{Failure, Fault};
use crate::heads;
use crate::ledger::Ledger;
use crate::options::SqliteOptions;
use crate::page::Page;
use crate::rows::{Names, integer};
use crate::sql;
use crate::writer::{Lost, Work};

/// The most events of a stream that are handed over at once: whoever folds a long stream folds one piece while the next
/// is read.
const PIECE: usize = 250;

#[async_trait]
impl EventStore for SqliteStore {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        let doing = commit.doing();
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Committing { commit, settled: None, reply });
        match self.shared.writer.record(work, answer, || doing.clone()).await {
            Ok(settled) => settled,
            Err(Lost::NotTaken(error)) => Err(CommitError::not_written(error)),
            Err(Lost::Taken(error)) => Err(CommitError::unknown(error)),
        }
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        let wanted = stream.clone();
        let read = move |connection: &Connection, names: &mut Names| page(connection, names, &wanted, range);
        let (page, has_more) = self.shared.readers.read(|| format!("reading {stream}"), read).await?;
        let events = page.into_events();
        let rest = events.last().filter(|_| has_more).map(|last| rest_after(last, range));
        Ok(StreamPage { events, rest })
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        let wanted = stream.clone();
        let read = move |connection: &Connection, _: &mut Names| {
            Ok(heads::find(connection, &wanted)?.map(|known| known.head))
        };
        self.shared.readers.read(|| format!("reading the head of {stream}"), read).await
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        let start = by_type::Start::of(query, self.shared.id)?;
        let (wanted, store) = (query.clone(), self.shared.id);
        let read = move |connection: &Connection, names: &mut Names| {
            by_type::page(connection, names, &wanted, &start, store)
        };
        self.shared.readers.read(|| format!("reading the events of type {}", query.event_type), read).await
    }
}

/// A commit on its way through the writer.
struct Committing {
    commit: Commit,
    settled: Option<Result<Receipt, CommitError>>,
    reply: oneshot::Sender<Result<Receipt, CommitError>>,
}

impl Work for Committing {
    fn settle(&mut self, ledger: &mut Ledger) -> Result<(), Fault> {
        self.settled = Some(settle(&self.commit, ledger)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(settled) = self.settled {
            // A caller who went away commits the same value again to find out (A06).
            let _ = self.reply.send(settled);
        }
    }

    fn fail(self: Box<Self>, fault: &Fault, effect: Effect, options: &SqliteOptions) {
        let source = fault.told(&self.commit.doing(), options);
        let _ = self.reply.send(Err(CommitError::Store { effect, source }));
    }
}

/// Checks everything first, then writes: a commit that is refused has written nothing.
fn settle(commit: &Commit, ledger: &mut Ledger) -> Result<Result<Receipt, CommitError>, Fault> {
    if let Some(standing) = ledger.standing(commit.id())? {
        return Ok(replay(commit, &standing));
    }
    let receipt = |outcome| Receipt { commit: commit.id(), outcome, replayed: false };
    let appends = match commit.body() {
        CommitBody::Events(appends) => appends,
        CommitBody::Refusal(reason) => {
            ledger.settle(commit.id(), Some(reason))?;
            return Ok(Ok(receipt(Outcome::Refused { reason: reason.clone() })));
        }
        CommitBody::Unchanged => {
            ledger.settle(commit.id(), None)?;
            return Ok(Ok(receipt(Outcome::Unchanged)));
        }
    };
    let mut heads = Vec::with_capacity(appends.len());
    for append in appends {
        let head = ledger.head(&append.stream)?;
        if let Err(conflict) = append.expected.check(&append.stream, head.as_ref()) {
            return Ok(Err(conflict.into()));
        }
        heads.push(head);
    }
    let now = ledger.now();
    let mut added = Vec::with_capacity(appends.len());
    for (append, head) in appends.iter().zip(heads) {
        // A10: one stamp for the append, never before the head's.
        let (events, appended) = record_append(append, head.as_ref(), stamp(head.as_ref(), now));
        ledger.add(&events)?;
        added.push(appended);
    }
    Ok(Ok(receipt(Outcome::Committed(added))))
}

/// The events, and whether the range goes on behind them.
fn page(
    connection: &Connection,
    names: &mut Names,
    stream: &StreamId,
    range: ReadRange,
) -> Result<(Page, bool), Failure> {
    let statement = match range.direction {
        Direction::Forward => sql!("stream_forward"),
        Direction::Backward => sql!("stream_backward"),
    };
    let mut statement = connection.prepare_cached(statement)?;
    let (from, to) = (integer(range.from.get()), integer(range.to.get()));
    let mut found = statement.query(params![stream.as_str(), from, to])?;
    let limit = range.limit.clamp(1, PIECE);
    let mut page = Page::new();
    while let Some(row) = found.next()? {
        if page.len() >= limit || page.is_full() {
            return Ok((page, true));
        }
        page.push(row, connection, names)?;
    }
    Ok((page, false))
}

fn rest_after(last: &annals_core::RecordedEvent, range: ReadRange) -> ReadRange {
    let version: Version = last.header.version;
    match range.direction {
        Direction::Forward => ReadRange { from: version.next(), ..range },
        Direction::Backward => ReadRange { to: version.previous(), ..range },
    }
}
