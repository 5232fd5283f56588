//! The store's own upkeep: its parts for [`Upkeep`], each in a room of its own.

use std::path::Path;

use annals_ports::{Backup, Findings, OnUpkeep, Recovered, StoreError, Upkeep, ViewId};
use async_trait::async_trait;

use crate::fault::Fault;
use crate::{DynamoStore, check, recover};

/// Values by index, by which a row is found.
type Values = Vec<(String, String)>;

#[async_trait]
impl Upkeep for DynamoStore {
    async fn check(&self, on_progress: OnUpkeep<'_>) -> Result<Findings, StoreError> {
        let options = &self.database().options;
        let told = |fault: Fault| fault.told(&format!("checking {}", options.location()), options);
        check::check(self, on_progress).await.map_err(told)
    }

    async fn index_values(&self, view: &ViewId, keys: &[String]) -> Result<Vec<Values>, StoreError> {
        self.read_index_values(view, keys).await.map_err(|fault| self.told("index values", view, &fault))
    }

    async fn backup(&self, _: &Path, _: OnUpkeep<'_>) -> Result<Backup, StoreError> {
        let options = &self.database().options;
        let reason = "DynamoDB has backups of its own: point-in-time recovery, which the tables are made with, to any \
             second of the last 35 days; on-demand backups and AWS Backup, which keep copies; and the export of a table to \
             S3. Restore the four tables to the same second, and recover the store";
        Err(StoreError::Refused {
            doing: format!("backing up {}", options.location()),
            reason: reason.to_owned(),
        })
    }

    async fn recover(&self) -> Result<Recovered, StoreError> {
        let options = &self.database().options;
        let told = |fault: Fault| fault.told("removing what is ahead of history", options);
        recover::recover(self).await.map_err(told)
    }
}
