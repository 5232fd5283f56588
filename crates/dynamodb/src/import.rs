//! Recorded commits, written as they were (law A13).

use annals_ports::{HistoryImport, ImportError, Imported, RecordedCommit};
use async_trait::async_trait;

use crate::DynamoStore;

#[async_trait]
impl HistoryImport for DynamoStore {
    async fn import(&self, _: RecordedCommit) -> Result<Imported, ImportError> {
        unimplemented!()
    }
}
