//! One run: which store, how thorough, and the folder that holds its files until the run ends.

use std::path::{Path, PathBuf};

use annals::Store;
use tokio::sync::OnceCell;

use crate::history::{self, Mix};
use crate::stores::{Kind, Risk};

/// What goes wrong ends the run, in words.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// How a measurement ends.
pub(crate) type Outcome<T = ()> = Result<T, Fault>;

/// One run.
pub(crate) struct Bench {
    pub(crate) kind: &'static Kind,
    pub(crate) quick: bool,
    folder: PathBuf,
    mix: OnceCell<Mix>,
}

impl Bench {
    /// A run on stores of this kind, in a new folder under `target/bench`.
    pub(crate) fn new(kind: &'static Kind, quick: bool) -> Outcome<Self> {
        let folder = PathBuf::from("target/bench").join(format!("run-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self { kind, quick, folder: folder.canonicalize()?, mix: OnceCell::new() })
    }

    /// One of two sizes, by how thorough the run is.
    pub(crate) fn size(&self, full: u64, quick: u64) -> u64 {
        if self.quick { quick } else { full }
    }

    /// How often each measurement is repeated.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    /// The file of the store with this name.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.db"))
    }

    /// The folder that holds the files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of the store with this name.
    pub(crate) fn url(&self, name: &str, risk: Risk) -> String {
        (self.kind.url)(&self.file(name), risk)
    }

    /// Opens the store with this name; an empty one the first time.
    pub(crate) async fn open(&self, name: &str, risk: Risk) -> Outcome<Store> {
        Ok(annals::connect(&self.url(name, risk)).await?)
    }

    /// Waits until all that was written to the store with this name without waiting for the disk is on it, lest the disk
    /// be still at work when something else is measured.
    pub(crate) fn settle(&self, name: &str) -> Outcome {
        if self.kind.is_sqlite {
            rusqlite::Connection::open(self.file(name))?.query_row(
                "PRAGMA wal_checkpoint(TRUNCATE)",
                [],
                |_| Ok(()),
            )?;
            std::fs::File::open(self.file(name))?.sync_all()?;
        }
        Ok(())
    }

    /// The demo's business, in the store named `mix`; generated when it is first asked for.
    pub(crate) async fn mix(&self) -> Outcome<&Mix> {
        self.mix.get_or_try_init(|| history::mix(self, "mix")).await
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
