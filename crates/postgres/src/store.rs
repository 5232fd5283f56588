//! Commits in, streams out. Laws A and R.

use std::sync::Arc;

use annals_core::{RecordedEvent, StreamHead, StreamId, Version};
use annals_ports::{
    Commit, CommitError, Direction, EventStore, ReadRange, Receipt, StoreError, StreamPage, TypePage,
    TypeQuery,
};
use async_trait::async_trait;
use sqlx::postgres::PgRow;

use crate::PostgresStore;
use crate::by_type;
use crate::commit::find_heads;
use crate::fault::Fault;
use crate::rows::{self, Names, PAGE_BYTES, number};
use crate::sql;

/// The most events in a page of a stream, whatever is asked for: a page is held whole while it is decoded.
const PAGE_MAX: usize = 2_000;

#[async_trait]
impl EventStore for PostgresStore {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.record(&Arc::new(commit)).await
    }

    async fn read_stream(&self, stream: &StreamId, range: ReadRange) -> Result<StreamPage, StoreError> {
        let database = self.database();
        let statement = match range.direction {
            Direction::Forward => sql!("stream_forward"),
            Direction::Backward => sql!("stream_backward"),
        };
        let limit = range.limit.clamp(1, PAGE_MAX);
        let (from, to) = (number(range.from.get()), number(range.to.get()));
        // One more than is wanted tells whether anything is left.
        let ask = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let query = || database.query(statement).bind(stream.as_str()).bind(from).bind(to).bind(ask);
        let doing = || format!("reading {stream}");
        let found = database.read(doing, query).await?;
        let page = page(&found, limit).map_err(|fault| fault.told(&doing(), &database.options))?;
        let rest = page.is_cut.then(|| page.events.last().map(|last| rest_after(last, range))).flatten();
        Ok(StreamPage { events: page.events, rest })
    }

    async fn head(&self, stream: &StreamId) -> Result<Option<StreamHead>, StoreError> {
        let database = self.database();
        let found = find_heads(database, std::iter::once(stream)).await;
        let doing = || format!("reading the head of {stream}");
        let heads = found.map_err(|fault| fault.told(&doing(), &database.options))?;
        Ok(heads.first().copied().flatten())
    }

    async fn read_by_type(&self, query: &TypeQuery) -> Result<TypePage, StoreError> {
        by_type::page(self, query).await
    }
}

/// Events decoded from the first rows of an answer.
pub(crate) struct Page {
    pub(crate) events: Vec<RecordedEvent>,
    /// Whether rows are left.
    pub(crate) is_cut: bool,
}

/// The events of at most `limit` rows, and of at most so many bytes as a page may have.
pub(crate) fn page(found: &[PgRow], limit: usize) -> Result<Page, Fault> {
    let mut names = Names::default();
    let mut events = Vec::with_capacity(found.len().min(limit));
    let mut bytes = 0;
    for row in found {
        if events.len() >= limit || bytes >= PAGE_BYTES {
            return Ok(Page { events, is_cut: true });
        }
        let event = rows::event(row, &mut names)?;
        bytes += rows::weight(&event);
        events.push(event);
    }
    Ok(Page { events, is_cut: false })
}

fn rest_after(last: &RecordedEvent, range: ReadRange) -> ReadRange {
    let version: Version = last.header.version;
    match range.direction {
        Direction::Forward => ReadRange { from: version.next(), ..range },
        Direction::Backward => ReadRange { to: version.previous(), ..range },
    }
}
