//! The latest snapshot of each stream, an item each. Laws S.

use annals_core::limits::ROW_BYTES_MAX;
use annals_core::{StreamHead, StreamId, Version};
use annals_ports::{Snapshot, SnapshotStore, StoreError};
use async_trait::async_trait;

use crate::DynamoStore;
use crate::event_item;
use crate::fault::{Fault, Kind};
use crate::item::{self, Attributes, Item};
use crate::read::Freshness;
use crate::tables::Table;
use crate::write::Write;

#[async_trait]
impl SnapshotStore for DynamoStore {
    async fn latest(&self, stream: &StreamId) -> Result<Option<Snapshot>, StoreError> {
        let database = self.database();
        let found = database.get(Table::Snapshots, &key(stream), Freshness::Consistent).await;
        let read = found.and_then(|found| found.map(|item| read(stream, &item)).transpose());
        read.map_err(|fault| fault.told(&format!("reading the snapshot of {stream}"), &database.options))
    }

    async fn save(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let database = self.database();
        let head = snapshot.head();
        let mut kept = key(snapshot.stream());
        for (name, value) in [
            ("Version", item::number(head.version.get())),
            ("Timestamp", item::text(head.recorded_at.to_string())),
            ("Digest", item::bytes(*head.digest.as_bytes())),
            ("StateSchema", item::number(snapshot.state_schema())),
            ("State", item::json(snapshot.state())),
        ] {
            kept.insert(name.to_owned(), value);
        }
        // S02: one of another schema takes the place at any version; of the same, the higher version stays.
        let keep = Write::put(Table::Snapshots, kept)
            .when("attribute_not_exists(#version) OR #schema <> :schema OR #version <= :version")
            .name("#version", "Version")
            .name("#schema", "StateSchema")
            .value(":schema", item::number(snapshot.state_schema()))
            .value(":version", item::number(head.version.get()));
        match database.write(&keep).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.kind == Kind::Condition => Ok(()),
            Err(fault) => {
                let doing = format!("saving the snapshot of {}", snapshot.stream());
                Err(fault.told(&doing, &database.options))
            }
        }
    }

    async fn remove(&self, stream: &StreamId) -> Result<(), StoreError> {
        let database = self.database();
        let removed = database.write(&Write::delete(Table::Snapshots, key(stream))).await;
        let told =
            |fault: Fault| fault.told(&format!("removing the snapshot of {stream}"), &database.options);
        removed.map(drop).map_err(told)
    }
}

/// The key of a stream's snapshot.
pub(crate) fn key(stream: &StreamId) -> Item {
    Item::from([("AggregateId".to_owned(), item::text(stream.as_str()))])
}

/// The last event that a snapshot's item says it has in it.
pub(crate) fn head(item: &Item) -> Result<StreamHead, Fault> {
    Ok(StreamHead {
        version: item.number("Version").map(Version::new)?,
        recorded_at: item.instant("Timestamp")?,
        digest: event_item::digest(item)?,
    })
}

fn read(stream: &StreamId, item: &Item) -> Result<Snapshot, Fault> {
    // What no release writes is passed over like any other schema that is not today's (S02).
    let schema = item.number("StateSchema").unwrap_or(u32::MAX);
    let state = item.json("State", ROW_BYTES_MAX)?;
    Ok(Snapshot::as_stored(stream.clone(), head(item)?, schema, state))
}
