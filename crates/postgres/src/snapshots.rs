//! The latest snapshot of each stream. Laws S.

use annals_core::{Json, StreamId};
use annals_ports::{Snapshot, SnapshotStore, StoreError};
use async_trait::async_trait;

use crate::PostgresStore;
use crate::fault::Fault;
use crate::rows::{self, Stamp, number};
use crate::sql;

#[async_trait]
impl SnapshotStore for PostgresStore {
    async fn latest(&self, stream: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        let database = self.database();
        let doing = || format!("reading the snapshot of {stream}");
        let find = || database.query(sql!("snapshot")).bind(stream.as_str().to_owned());
        let found = database.read(doing, find).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let read = || {
            let Some(head) = rows::head(row, 0)? else {
                return Err(Fault::damaged("a snapshot without a version"));
            };
            // What no release writes is passed over like any other schema that is not today's (S02).
            let schema = u32::try_from(rows::integer(row, 3)?).unwrap_or(u32::MAX);
            Ok(Snapshot::as_stored(stream.clone(), head, schema, Json::as_stored(rows::text(row, 4)?)))
        };
        read().map(Some).map_err(|fault| fault.told(&doing(), &database.options))
    }

    async fn save(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let database = self.database();
        let head = snapshot.head();
        let keep = || {
            let query = database.query(sql!("keep_snapshot")).bind(snapshot.stream().as_str().to_owned());
            let query = query.bind(number(head.version.get())).bind(Stamp(head.recorded_at));
            let query = query.bind(head.digest.as_bytes().to_vec()).bind(i64::from(snapshot.state_schema()));
            query.bind(snapshot.state().as_str().to_owned())
        };
        database.read(|| format!("saving the snapshot of {}", snapshot.stream()), keep).await?;
        Ok(())
    }

    async fn remove(&self, stream: &StreamId) -> Result<(), StoreError> {
        let database = self.database();
        let remove = || database.query(sql!("remove_snapshot")).bind(stream.as_str().to_owned());
        database.read(|| format!("removing the snapshot of {stream}"), remove).await?;
        Ok(())
    }
}
