//! Recorded commits, written as they were (law A13). They share the lanes with commits.

use annals_core::{Json, RecordedEvent, StreamHead};
use annals_ports::{
    CommitError, HistoryImport, ImportError, Imported, RecordedCommit, check_continues, check_whole,
};
use async_trait::async_trait;

use crate::PostgresStore;
use crate::batch::{Answer, Once, Piece, Proposal, Task};
use crate::commit::{Tries, find_heads, find_standing};
use crate::fault::{Fault, Kind};

#[async_trait]
impl HistoryImport for PostgresStore {
    async fn import(&self, commit: RecordedCommit) -> Result<Imported, ImportError> {
        if let RecordedCommit::Events(events) = &commit {
            check_whole(events)?;
        }
        let Some(id) = commit.id() else {
            let id = annals_core::CommitId::from_bytes([0; 16]);
            return Err(ImportError::NotACommit { id, reason: "it has no events".to_owned() });
        };
        let doing = format!("importing commit {id}");
        let commit = canonical(commit);
        let database = self.database();
        let mut tries = Tries::new(database);
        loop {
            let fault = match self.import_once(&commit, id, &tries).await {
                Ok(Some(done)) => return done,
                // The heads moved meanwhile.
                Ok(None) => Fault::new(Kind::Taken, "other commits came first"),
                Err(fault) => fault,
            };
            tries.again(fault, &doing, database).await?;
        }
    }
}

impl PostgresStore {
    /// One try; none when another commit came in between.
    async fn import_once(
        &self,
        commit: &RecordedCommit,
        id: annals_core::CommitId,
        tries: &Tries,
    ) -> Result<Option<Result<Imported, ImportError>>, Fault> {
        let database = self.database();
        let pieces: Vec<&[RecordedEvent]> = match commit {
            RecordedCommit::Events(events) => pieces(events).collect(),
            RecordedCommit::Refusal { .. } | RecordedCommit::Unchanged { .. } => Vec::new(),
        };
        let heads = find_heads(database, pieces.iter().map(|piece| &piece[0].header.stream)).await?;
        let standing = find_standing(database, id).await?;
        if standing.as_ref() == Some(commit) {
            return Ok(Some(Ok(Imported::AlreadyThere)));
        }
        for (piece, head) in pieces.iter().zip(&heads) {
            if let Err(error) = check_continues(head.as_ref(), piece) {
                return Ok(Some(Err(error)));
            }
        }
        if standing.is_some() {
            return Ok(Some(Err(CommitError::CommitIdReused { commit: id, stream: None }.into())));
        }
        let once = match commit {
            RecordedCommit::Refusal { reason, .. } => Some(Once::Refused(reason.clone())),
            RecordedCommit::Unchanged { .. } => Some(Once::Unchanged),
            RecordedCommit::Events(_) => None,
        };
        let piece = |(piece, head): (&&[RecordedEvent], &Option<StreamHead>)| Piece {
            stream: piece[0].header.stream.clone(),
            head: *head,
            events: piece.to_vec(),
        };
        let pieces = pieces.iter().zip(&heads).map(piece).collect();
        let proposal = Proposal { id, clock: None, once, pieces, added: Vec::new() };
        match self.shared.lanes.submit(Task::fixed(proposal), tries).await? {
            Answer::Recorded(_) => Ok(Some(Ok(Imported::Written))),
            Answer::Refused(_) => Ok(None),
        }
    }
}

/// The commit with its texts in canonical form. One that has none fails its digest's check.
fn canonical(commit: RecordedCommit) -> RecordedCommit {
    let text = |json: Json| json.canonical().unwrap_or(json);
    match commit {
        RecordedCommit::Events(events) => RecordedCommit::Events(
            events
                .into_iter()
                .map(|mut event: RecordedEvent| {
                    event.header.metadata = text(event.header.metadata);
                    event.payload = text(event.payload);
                    event
                })
                .collect(),
        ),
        RecordedCommit::Refusal { id, reason } => RecordedCommit::Refusal { id, reason: text(reason) },
        RecordedCommit::Unchanged { id } => RecordedCommit::Unchanged { id },
    }
}

/// The events of each stream.
fn pieces(events: &[RecordedEvent]) -> impl Iterator<Item = &[RecordedEvent]> {
    events.chunk_by(|before, after| before.header.stream == after.header.stream)
}
