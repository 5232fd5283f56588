//! Upkeep of a store in memory: there is nothing below its ports to check, and nothing can come to be ahead of history.

use std::path::Path;

use annals_ports::{Backup, CategoryCount, Findings, OnUpkeep, Recovered, StoreError, Upkeep, ViewId};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::store::{Standing, State};

#[async_trait]
impl Upkeep for MemoryStore {
    async fn check(&self, _: OnUpkeep<'_>) -> Result<Findings, StoreError> {
        Ok(Findings::new())
    }

    async fn index_values(
        &self,
        view: &ViewId,
        keys: &[String],
    ) -> Result<Vec<Vec<(String, String)>>, StoreError> {
        let state = self.shared.state();
        let of = |key: &String| state.views.get(view).map_or_else(Vec::new, |found| found.index_values(key));
        Ok(keys.iter().map(of).collect())
    }

    async fn backup(&self, file: &Path, _: OnUpkeep<'_>) -> Result<Backup, StoreError> {
        Err(StoreError::Refused {
            doing: format!("backing up into {}", file.display()),
            reason: "a store in memory is not kept in a file; copy its history into another store".to_owned(),
        })
    }

    async fn recover(&self) -> Result<Recovered, StoreError> {
        Ok(Recovered::default())
    }
}

impl State {
    /// Streams by category; streams are sorted by name, so that those of a category stand side by side.
    pub(crate) fn categories(&self) -> Vec<CategoryCount> {
        let mut counts: Vec<CategoryCount> = Vec::new();
        for stream in self.streams.keys() {
            match counts.last_mut() {
                Some(last) if last.category == stream.category() => last.streams += 1,
                _ => counts.push(CategoryCount { category: stream.category().to_owned(), streams: 1 }),
            }
        }
        counts
    }

    pub(crate) fn outcomes(&self) -> u64 {
        self.commits.values().filter(|standing| !matches!(standing, Standing::Events(_))).count() as u64
    }
}
