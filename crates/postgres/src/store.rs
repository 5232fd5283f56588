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
use crate::page;
use crate::reads::Part;
use crate::rows::{self, Names, number};
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
        let limit = range.limit.clamp(1, PAGE_MAX);
        let (from, to) = (number(range.from.get()), number(range.to.get()));
        let doing = || format!("reading {stream}");
        let told = |fault: Fault| fault.told(&doing(), &database.options);
        let (found, limit) = match range.direction {
            Direction::Forward => {
                let part = Part { stream: stream.clone(), from, to, limit };
                let found = self.shared.reads.forward(database, part).await.map_err(told)?;
                (found.rows, found.limit)
            }
            Direction::Backward => {
                // One more than is wanted tells whether anything is left.
                let ask = i64::try_from(limit + 1).unwrap_or(i64::MAX);
                let query = || {
                    let query = database.query(sql!("stream_backward")).bind(stream.as_str());
                    query.bind(from).bind(to).bind(ask)
                };
                (database.rows(query).await.map_err(told)?, limit)
            }
        };
        let page = page(&found, limit, Names::of(stream)).map_err(told)?;
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
pub(crate) fn page(found: &[PgRow], limit: usize, names: Names) -> Result<Page, Fault> {
    let mut page = page::Page::new(names, found.len().min(limit));
    for row in found {
        if page.len() >= limit || page.is_full() {
            return Ok(Page { events: page.into_events(), is_cut: true });
        }
        page.push(row, rows::texts(row)?)?;
    }
    Ok(Page { events: page.into_events(), is_cut: false })
}

fn rest_after(last: &RecordedEvent, range: ReadRange) -> ReadRange {
    let version: Version = last.header.version;
    match range.direction {
        Direction::Forward => ReadRange { from: version.next(), ..range },
        Direction::Backward => ReadRange { to: version.previous(), ..range },
    }
}
