//! What breaks law I01: a store that tells otherwise of itself than it is.

use std::path::Path;

use annals_ports::{Backup, Findings, OnUpkeep, Recovered, StoreDescription, StoreError, Upkeep, ViewId};
use async_trait::async_trait;

use super::{Breakage, Sound};

/// I01: commits without events are not counted.
#[derive(Default)]
pub(super) struct CountsNoOutcomes;

#[async_trait]
impl Breakage for CountsNoOutcomes {
    async fn describe(&self, sound: &Sound) -> Result<StoreDescription, StoreError> {
        let description = sound.adapter.inspect.describe().await?;
        Ok(StoreDescription { outcomes: 0, ..description })
    }
}

/// I01: a row does not tell by what it is found.
#[derive(Default)]
pub(super) struct KnowsNoIndexValues;

impl Breakage for KnowsNoIndexValues {
    fn upkeep<'a>(&'a self, _: &'a Sound) -> Option<&'a dyn Upkeep> {
        Some(self)
    }
}

#[async_trait]
impl Upkeep for KnowsNoIndexValues {
    async fn check(&self, _: OnUpkeep<'_>) -> Result<Findings, StoreError> {
        Ok(Findings::new())
    }

    async fn index_values(
        &self,
        _: &ViewId,
        keys: &[String],
    ) -> Result<Vec<Vec<(String, String)>>, StoreError> {
        Ok(vec![Vec::new(); keys.len()])
    }

    async fn backup(&self, _: &Path, _: OnUpkeep<'_>) -> Result<Backup, StoreError> {
        let (doing, reason) = ("backing up".to_owned(), "it is kept in no file".to_owned());
        Err(StoreError::Refused { doing, reason })
    }

    async fn recover(&self) -> Result<Recovered, StoreError> {
        Ok(Recovered::default())
    }
}
