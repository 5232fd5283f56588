//! What only a store itself can do for its soundness: check what lies below the other ports, copy itself while it is in
//! use, and remove what is ahead of history after a restore.
//!
//! For operators and their tools; no command and no projection needs it. A store hands it out through
//! [`Inspect::upkeep`](crate::Inspect::upkeep).

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Serialize;

use crate::{Findings, StoreError, ViewId};

/// A store's own upkeep.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Checks what the other ports do not show. What is wrong with the store is no error, but a finding.
    async fn check(&self, on_progress: OnUpkeep<'_>) -> Result<Findings, StoreError>;

    /// The values by which the rows with these keys can be found: for each key its `(index, value)` pairs by index
    /// name, a value as [`IndexValue::as_str`](crate::IndexValue::as_str) gives it.
    async fn index_values(
        &self,
        view: &ViewId,
        keys: &[String],
    ) -> Result<Vec<Vec<(String, String)>>, StoreError>;

    /// Copies the store as it is at one moment into a new file, while others go on reading and writing. The copy is
    /// whole and on disk when this answers; a file that is there is never touched.
    async fn backup(&self, file: &Path, on_progress: OnUpkeep<'_>) -> Result<Backup, StoreError>;

    /// Removes what is ahead of history, as it can be after a restore: views whose checkpoints name events that are not
    /// there, snapshots of such states, outcomes that contradict history. History itself is never touched.
    async fn recover(&self) -> Result<Recovered, StoreError>;
}

/// How far a piece of upkeep has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpkeepProgress {
    /// What is being done.
    pub doing: &'static str,
    /// How much of it is done, in whatever it is counted.
    pub done: u64,
    /// How much there is to do; none while that is not known.
    pub of: Option<u64>,
}

/// Whoever is told of progress: `&mut |progress| …`.
pub type OnUpkeep<'a> = &'a mut (dyn FnMut(UpkeepProgress) + Send);

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Events in it.
    pub events: u64,
}

/// What a recovery removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// Views, which their runners build again from the first event on.
    pub views: Vec<ViewId>,
    /// Snapshots, which loads replace.
    pub snapshots: u64,
    /// Outcomes recorded once that contradict history.
    pub once: u64,
}
