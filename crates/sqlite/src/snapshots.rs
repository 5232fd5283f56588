//! The latest snapshot of each stream. Laws S.

use annals_core::{Json, StreamId};
use annals_ports::{Snapshot, SnapshotStore, StoreError};
use async_trait::async_trait;
use rusqlite::{Connection, params};

use crate::SqliteStore;
use crate::rows::{self, Names, integer};
use crate::sql;

#[async_trait]
impl SnapshotStore for SqliteStore {
    async fn latest(&self, stream: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        let wanted = stream.clone();
        let read = move |connection: &Connection, _: &mut Names| {
            let mut statement = connection.prepare_cached(sql!("snapshot"))?;
            let mut found = statement.query([wanted.as_str()])?;
            let Some(row) = found.next()? else { return Ok(None) };
            let state = Json::as_stored(rows::text(row, 4)?);
            Ok(Some(Snapshot::as_stored(wanted, rows::head(row, 0)?, row.get(3)?, state)))
        };
        self.shared.readers.read(|| format!("reading the snapshot of {stream}"), read).await
    }

    async fn save(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let stream = snapshot.stream().clone();
        let save = move |connection: &Connection| {
            let head = snapshot.head();
            connection.prepare_cached(sql!("keep_snapshot"))?.execute(params![
                snapshot.stream().as_str(),
                integer(head.version.get()),
                head.recorded_at.as_micros(),
                head.digest.as_bytes(),
                snapshot.state_schema(),
                snapshot.state().as_str(),
            ])?;
            Ok(())
        };
        self.shared.writer.change(|| format!("saving the snapshot of {stream}"), save).await
    }

    async fn remove(&self, stream: &StreamId) -> Result<(), StoreError> {
        let removed = stream.clone();
        let remove = move |connection: &Connection| {
            connection.prepare_cached(sql!("remove_snapshot"))?.execute([removed.as_str()])?;
            Ok(())
        };
        self.shared.writer.change(|| format!("removing the snapshot of {stream}"), remove).await
    }
}
