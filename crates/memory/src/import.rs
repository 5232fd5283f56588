//! Recorded commits, written as they were. Law A13.

use annals_core::StreamHead;
use annals_ports::{
    CommitError, HistoryImport, ImportError, Imported, RecordedCommit, check_continues, check_whole,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::store::Standing;

#[async_trait]
impl HistoryImport for MemoryStore {
    async fn import(&self, commit: RecordedCommit) -> Result<Imported, ImportError> {
        let state = &mut *self.shared.state();
        if let RecordedCommit::Events(events) = &commit {
            check_whole(events)?;
        }
        let standing = commit.id().and_then(|id| state.standing(id));
        if standing.as_ref() == Some(&commit) {
            return Ok(Imported::AlreadyThere);
        }
        if let RecordedCommit::Events(events) = &commit {
            for piece in events.chunk_by(|a, b| a.header.stream == b.header.stream) {
                let head: Option<StreamHead> = state.head(&piece[0].header.stream);
                check_continues(head.as_ref(), piece)?;
            }
        }
        if standing.is_some()
            && let Some(id) = commit.id()
        {
            return Err(CommitError::CommitIdReused { commit: id, stream: None }.into());
        }
        match commit {
            RecordedCommit::Events(events) => {
                let id = events[0].header.commit.id;
                state.add(id, events);
                self.shared.end.send_replace(state.events.len());
            }
            RecordedCommit::Refusal { id, reason } => {
                state.commits.insert(id, Standing::Refusal(reason));
            }
            RecordedCommit::Unchanged { id } => {
                state.commits.insert(id, Standing::Unchanged);
            }
        }
        Ok(Imported::Written)
    }
}
