//! Views: the port, and reading what a view keeps. Laws V.

use annals_core::{Json, StreamId, Timestamp, Version};
use annals_ports::{
    Checkpoint, Lease, Parked, RowPage, RowQuery, StoreError, ViewBatch, ViewError, ViewId, ViewState,
    ViewStore,
};
use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use crate::SqliteStore;
use crate::fault::{Failure, Fault};
use crate::rows::{self, Names, count};
use crate::sql;
use crate::view_changes;
use crate::view_pages::{self, Start};

#[async_trait]
impl ViewStore for SqliteStore {
    async fn list(&self) -> Result<Vec<ViewState>, StoreError> {
        let read = |connection: &Connection, _: &mut Names| {
            let mut statement = connection.prepare_cached(sql!("views"))?;
            let mut found = statement.query([])?;
            let mut states = Vec::new();
            while let Some(row) = found.next()? {
                states.push(Standing::read(row)?.state);
            }
            Ok(states)
        };
        self.shared.readers.read(|| "listing the views".to_owned(), read).await
    }

    async fn state(&self, view: &ViewId) -> Result<Option<ViewState>, StoreError> {
        let wanted = view.clone();
        let read = move |connection: &Connection, _: &mut Names| {
            Ok(Standing::find(connection, &wanted)?.map(|standing| standing.state))
        };
        self.shared.readers.read(|| format!("reading the state of {view}"), read).await
    }

    async fn rows(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Option<Json>>, StoreError> {
        let keys = keys.to_vec();
        self.each(view, "rows", keys, |connection, id, key| {
            let mut statement = connection.prepare_cached(sql!("view_row"))?;
            let mut found = statement.query(params![id, key])?;
            found.next()?.map(|row| Ok(Json::as_stored(rows::text(row, 0)?))).transpose()
        })
        .await
    }

    async fn page(&self, view: &ViewId, query: &RowQuery) -> Result<RowPage, StoreError> {
        let store = self.shared.id;
        let start = Start::of(view, query, store)?;
        let (wanted, query) = (view.clone(), query.clone());
        let read = move |connection: &Connection, _: &mut Names| match Standing::find(connection, &wanted)? {
            Some(standing) => Ok(view_pages::page(connection, standing.id, &query, start, &wanted, store)?),
            None => Ok(RowPage { rows: Vec::new(), next: None }),
        };
        self.shared.readers.read(|| format!("reading rows of {view}"), read).await
    }

    async fn routes(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Vec<String>>, StoreError> {
        self.each(view, "routes", streams.to_vec(), |connection, id, stream| {
            let mut statement = connection.prepare_cached(sql!("routes"))?;
            let keys = statement.query_map(params![id, stream.as_str()], |row| row.get(0))?;
            Ok(keys.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn parked(&self, view: &ViewId, streams: &[StreamId]) -> Result<Vec<Parked>, StoreError> {
        let awaited = self.each(view, "parked events", streams.to_vec(), parked).await?;
        let mut parked: Vec<_> = awaited.into_iter().flatten().collect();
        parked.sort_unstable_by_key(|(id, _)| *id);
        // A stream that was asked for twice counts once.
        parked.dedup_by_key(|(id, _)| *id);
        Ok(parked.into_iter().map(|(_, parked)| parked).collect())
    }

    async fn apply(&self, batch: ViewBatch) -> Result<(), ViewError> {
        batch.checkpoint.position.single_in(self.shared.id)?;
        let view = batch.view.clone();
        let apply = move |connection: &Connection| view_changes::apply(connection, &batch);
        self.shared.writer.change(|| format!("changing {view}"), apply).await?
    }

    async fn reset(&self, view: &ViewId, lease: &Lease) -> Result<(), ViewError> {
        let (dropped, held) = (view.clone(), lease.clone());
        let reset = move |connection: &Connection| view_changes::reset(connection, &dropped, &held);
        self.shared.writer.change(|| format!("dropping {view}"), reset).await?
    }
}

impl SqliteStore {
    /// What `read` finds for each of `wanted`, all in one read transaction; nothing in a view that is not there.
    pub(crate) async fn each<W, T>(
        &self,
        view: &ViewId,
        what: &'static str,
        wanted: Vec<W>,
        read: fn(&Connection, i64, &W) -> Result<T, Fault>,
    ) -> Result<Vec<T>, StoreError>
    where
        W: Send + 'static,
        T: Default + Send + 'static,
    {
        let id = view.clone();
        let read = move |connection: &Connection, _: &mut Names| {
            let found: Result<_, Fault> = match Standing::find(connection, &id)? {
                Some(standing) => wanted.iter().map(|one| read(connection, standing.id, one)).collect(),
                None => Ok(wanted.iter().map(|_| T::default()).collect()),
            };
            found.map_err(Failure::from)
        };
        self.shared.readers.read(|| format!("reading {what} of {view}"), read).await
    }
}

/// What waits for a route of a stream, each with the number that tells the order of parking.
fn parked(connection: &Connection, view: i64, awaits: &StreamId) -> Result<Vec<(i64, Parked)>, Fault> {
    let mut statement = connection.prepare_cached(sql!("parked"))?;
    let mut found = statement.query(params![view, awaits.as_str()])?;
    let mut parked = Vec::new();
    while let Some(row) = found.next()? {
        let stream = rows::text(row, 1)?.parse();
        let stream = stream.map_err(|error| Fault::damaged(format!("a parked event: {error}")))?;
        let version = Version::new(count(row.get(2)?));
        parked.push((row.get(0)?, Parked { awaits: awaits.clone(), stream, version }));
    }
    Ok(parked)
}

/// A view as its row tells it.
pub(crate) struct Standing {
    pub(crate) id: i64,
    pub(crate) state: ViewState,
}

impl Standing {
    pub(crate) fn find(connection: &Connection, view: &ViewId) -> Result<Option<Self>, Fault> {
        let mut statement = connection.prepare_cached(sql!("view"))?;
        let mut found = statement.query(params![view.name, view.version])?;
        found.next()?.map(Self::read).transpose()
    }

    fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let view = ViewId { name: row.get(1)?, version: row.get(2)? };
        let position = rows::text(row, 3)?.parse();
        let position =
            position.map_err(|error| Fault::damaged(format!("the checkpoint of {view}: {error}")))?;
        let last_recorded_at = row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros);
        let checkpoint = Checkpoint { position, events: count(row.get(4)?), last_recorded_at };
        let (rows, parked) = (count(row.get(6)?), count(row.get(7)?));
        Ok(Self { id: row.get(0)?, state: ViewState { view, checkpoint, rows, parked } })
    }
}
