//! What breaks laws A13 and A14: imports that lose something, and history that is edited on its way.

use annals_core::{Digest, StreamId};
use annals_ports::{
    Commit, CommitError, ImportError, Imported, Outcome, ReadRange, Receipt, RecordedCommit, StoreError,
    StreamPage,
};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// A13: imports events, and says that it imported refusals.
#[derive(Default)]
pub(super) struct LosesRefusals;

#[async_trait]
impl Breakage for LosesRefusals {
    async fn import(&self, sound: &Sound, commit: RecordedCommit) -> Result<Imported, ImportError> {
        match commit {
            RecordedCommit::Refusal { .. } => Ok(Imported::Written),
            other => sound.adapter.import.import(other).await,
        }
    }
}

/// A13: imports events and refusals, and says that it imported what changed nothing.
#[derive(Default)]
pub(super) struct LosesUnchanged;

#[async_trait]
impl Breakage for LosesUnchanged {
    async fn import(&self, sound: &Sound, commit: RecordedCommit) -> Result<Imported, ImportError> {
        match commit {
            RecordedCommit::Unchanged { .. } => Ok(Imported::Written),
            other => sound.adapter.import.import(other).await,
        }
    }
}

/// A14: another process reads that each commit had one event more.
#[derive(Default)]
pub(super) struct EditsHistory;

#[async_trait]
impl Breakage for EditsHistory {
    async fn read_stream(
        &self,
        sound: &Sound,
        stream: &StreamId,
        range: ReadRange,
    ) -> Result<StreamPage, StoreError> {
        let mut page = sound.adapter.events.read_stream(stream, range).await?;
        if sound.is_second {
            for event in &mut page.events {
                event.header.commit.size += 1;
            }
        }
        Ok(page)
    }
}

/// A13: says that it wrote what it refused.
#[derive(Default)]
pub(super) struct SaysWritten;

#[async_trait]
impl Breakage for SaysWritten {
    async fn import(&self, sound: &Sound, commit: RecordedCommit) -> Result<Imported, ImportError> {
        Ok(sound.adapter.import.import(commit).await.unwrap_or(Imported::Written))
    }
}

/// A14: every payment is told the same digest.
#[derive(Default)]
pub(super) struct TellsOneDigest;

#[async_trait]
impl Breakage for TellsOneDigest {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        let mut receipt = sound.adapter.events.commit(commit).await?;
        if let Outcome::Committed(appended) = &mut receipt.outcome
            && let [only] = &mut appended[..]
            && only.stream.category() == "payment"
            && only.first == only.head.version
        {
            only.head.digest = Digest::from_bytes([1; 32]);
        }
        Ok(receipt)
    }
}
