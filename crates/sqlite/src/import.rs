//! Recorded commits, written as they were (law A13). They share the writer's transactions with commits.

use annals_core::{Json, RecordedEvent};
use annals_ports::{
    CommitError, Effect, HistoryImport, ImportError, Imported, RecordedCommit, check_continues, check_whole,
};
use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::SqliteStore;
use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::options::SqliteOptions;
use crate::writer::{Lost, Work};

#[async_trait]
impl HistoryImport for SqliteStore {
    async fn import(&self, commit: RecordedCommit) -> Result<Imported, ImportError> {
        if let RecordedCommit::Events(events) = &commit {
            check_whole(events)?;
        }
        let doing = doing(&commit);
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Importing { commit: canonical(commit), settled: None, reply });
        match self.shared.writer.record(work, answer, || doing.clone()).await {
            Ok(settled) => settled,
            Err(Lost::NotTaken(error)) => Err(CommitError::not_written(error).into()),
            Err(Lost::Taken(error)) => Err(CommitError::unknown(error).into()),
        }
    }
}

fn doing(commit: &RecordedCommit) -> String {
    commit.id().map_or_else(|| "importing a commit".to_owned(), |id| format!("importing commit {id}"))
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
        unchanged @ RecordedCommit::Unchanged { .. } => unchanged,
    }
}

/// A recorded commit on its way through the writer.
struct Importing {
    commit: RecordedCommit,
    settled: Option<Result<Imported, ImportError>>,
    reply: oneshot::Sender<Result<Imported, ImportError>>,
}

impl Work for Importing {
    fn settle(&mut self, ledger: &mut Ledger) -> Result<(), Fault> {
        self.settled = Some(settle(&self.commit, ledger)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(settled) = self.settled {
            // A caller who went away imports the same commit again to find out.
            let _ = self.reply.send(settled);
        }
    }

    fn fail(self: Box<Self>, fault: &Fault, effect: Effect, options: &SqliteOptions) {
        let source = fault.told(&doing(&self.commit), options);
        let _ = self.reply.send(Err(CommitError::Store { effect, source }.into()));
    }
}

/// Checks everything first, then writes.
fn settle(commit: &RecordedCommit, ledger: &mut Ledger) -> Result<Result<Imported, ImportError>, Fault> {
    let standing = match commit.id() {
        Some(id) => ledger.standing(id)?,
        None => None,
    };
    if standing.as_ref() == Some(commit) {
        return Ok(Ok(Imported::AlreadyThere));
    }
    if let RecordedCommit::Events(events) = commit {
        for piece in pieces(events) {
            let head = ledger.head(&piece[0].header.stream)?;
            if let Err(error) = check_continues(head.as_ref(), piece) {
                return Ok(Err(error));
            }
        }
    }
    if standing.is_some()
        && let Some(id) = commit.id()
    {
        return Ok(Err(CommitError::CommitIdReused { commit: id, stream: None }.into()));
    }
    match commit {
        RecordedCommit::Events(events) => pieces(events).try_for_each(|piece| ledger.add(piece))?,
        RecordedCommit::Refusal { id, reason } => ledger.settle(*id, Some(reason))?,
        RecordedCommit::Unchanged { id } => ledger.settle(*id, None)?,
    }
    Ok(Ok(Imported::Written))
}

/// The events of each stream.
fn pieces(events: &[RecordedEvent]) -> impl Iterator<Item = &[RecordedEvent]> {
    events.chunk_by(|before, after| before.header.stream == after.header.stream)
}
