//! What breaks laws E01, E02 and E04: errors that say what is not so, calls that hang, secrets that are told.

use std::future::pending;

use annals_ports::{Commit, CommitError, Effect, Receipt, StoreDescription, StoreError, TypePage, TypeQuery};
use async_trait::async_trait;

use super::store::SECRET;
use super::{Breakage, Sound};

/// E01: when the answer is lost, the error says that nothing was written.
#[derive(Default)]
pub(super) struct DeniesTheWrite;

impl Breakage for DeniesTheWrite {
    fn effect_of_a_lost_answer(&self) -> Effect {
        Effect::NotWritten
    }
}

/// E01: a page token that is refused is not named.
#[derive(Default)]
pub(super) struct NamesNoToken;

#[async_trait]
impl Breakage for NamesNoToken {
    async fn read_by_type(&self, sound: &Sound, query: &TypeQuery) -> Result<TypePage, StoreError> {
        sound.adapter.events.read_by_type(query).await.map_err(|error| match error {
            StoreError::InvalidToken { .. } => {
                StoreError::InvalidToken { text: "something".to_owned(), reason: "it is wrong".to_owned() }
            }
            other => other,
        })
    }
}

/// E02: a commit waits until the store is back, however long that takes.
#[derive(Default)]
pub(super) struct HangsWhileAway;

#[async_trait]
impl Breakage for HangsWhileAway {
    async fn commit(&self, sound: &Sound, commit: Commit) -> Result<Receipt, CommitError> {
        match sound.adapter.events.commit(commit).await {
            Err(CommitError::Store { source: StoreError::Unavailable { .. }, .. }) => pending().await,
            answer => answer,
        }
    }
}

/// E04: the store's description tells the password that it was opened with.
#[derive(Default)]
pub(super) struct TellsItsPassword;

#[async_trait]
impl Breakage for TellsItsPassword {
    async fn describe(&self, sound: &Sound) -> Result<StoreDescription, StoreError> {
        let description = sound.adapter.inspect.describe().await?;
        let location = format!("store://user:{SECRET}@server/{}", description.location);
        Ok(StoreDescription { location, ..description })
    }
}
