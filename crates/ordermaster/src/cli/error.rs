//! Why a command was not carried out, in one line.

use std::path::PathBuf;

use annals::ports::{BoxError, StoreError};
use annals::projection::{ProjectionError, ViewReadError};
use annals::{ConnectError, ExecuteError, LoadError, StreamId};

use crate::app::CatchUpError;
use crate::check::CheckError;
use crate::demo::DemoError;
use crate::generate::GenerateError;
use crate::import::ImportError;
use crate::queries::streams::StreamError;

/// Why a command was not carried out. Every message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The store could not be opened.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There is no store where one was to be read.
    #[error(
        "there is no store at {} yet: make one with `ordermaster generate`, `ordermaster import` or `ordermaster order \
         create`, or name another with --store", .path.display()
    )]
    NoStoreYet {
        /// The store's file.
        path: PathBuf,
    },
    /// The domain refused.
    #[error("{stream} refused: {reason}")]
    Refused {
        /// The stream.
        stream: StreamId,
        /// The domain's reason.
        reason: String,
    },
    /// The domain allowed it, but it could not be recorded.
    #[error(transparent)]
    Failed(BoxError),
    /// State could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A stream could not be looked at.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A read model could not be brought up to date.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError),
    /// What keeps a read model up to date cannot be looked at.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// A read model cannot be read at all.
    #[error("{view} cannot be read: {reason}; build it again with `ordermaster views rebuild {view}`")]
    GarbledView {
        /// The view.
        view: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A read model could not be read.
    #[error(transparent)]
    View(#[from] ViewReadError),
    /// No read model has this name.
    #[error("there is no view {name:?}: known are {known}")]
    NoSuchView {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// There is nothing under this key.
    #[error("{view} has no row {key:?}: `ordermaster views show {view}` lists those that it has")]
    NoSuchRow {
        /// The view.
        view: String,
        /// The key.
        key: String,
    },
    /// The store is not as it should be.
    #[error("{} in this store: see above for each and its remedy", counted(*.findings))]
    Damaged {
        /// What was found wrong.
        findings: u64,
    },
    /// The store has no upkeep of its own.
    #[error("a store of the adapter {adapter} has no upkeep of its own: use its database's tools")]
    NoUpkeep {
        /// The adapter.
        adapter: &'static str,
    },
    /// The store could not be checked.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// What a command is about is not in the store.
    #[error("there is no {what} {id} in this store: create it first, or look at its spelling")]
    NotThere {
        /// What it is.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A file cannot be opened.
    #[error("{name} cannot be opened: {source}; look at its path")]
    File {
        /// The file.
        name: String,
        /// Why not.
        source: std::io::Error,
    },
    /// An import ended early.
    #[error("{name}: {source}")]
    Import {
        /// The file.
        name: String,
        /// Why.
        source: Box<ImportError>,
    },
    /// Generating ended early.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A piece of the demo cannot be shown.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A proof of the demo failed.
    #[error("a proof failed: see above; the store is not as it should be")]
    ProofFailed,
    /// It was stopped before its end.
    #[error("stopped before the end: `ordermaster {done}` goes on from there")]
    Stopped {
        /// The arguments that go on with it.
        done: String,
    },
    /// It was stopped, and had nothing to go on with.
    #[error("stopped before the end: run it again")]
    Interrupted,
    /// An argument does not fit.
    #[error("{0}")]
    Argument(String),
    /// The command line is not understood.
    #[error("{0}")]
    Usage(String),
    /// The answer cannot be written as JSON.
    #[error("the answer cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The answer cannot be written.
    #[error("the answer cannot be written: {source}")]
    Output {
        /// Why not.
        source: std::io::Error,
    },
    /// Whoever read the answer went away: no failure.
    #[error("the reader of the answer went away")]
    OutputClosed,
    /// No threads.
    #[error("the machine gives this program no threads: {source}")]
    Runtime {
        /// Why not.
        source: std::io::Error,
    },
}

fn counted(findings: u64) -> String {
    if findings == 1 { "1 thing is wrong".to_owned() } else { format!("{findings} things are wrong") }
}

impl AppError {
    /// An argument does not fit; `reason` says what to write.
    pub fn argument(reason: impl std::fmt::Display) -> Self {
        Self::Argument(reason.to_string())
    }

    /// Why a command to `stream` was not carried out.
    pub fn of_command<R>(stream: StreamId, error: ExecuteError<R>) -> Self
    where
        R: std::error::Error + Send + Sync + 'static,
    {
        match error {
            ExecuteError::Rejected(rejection) => Self::Refused { stream, reason: rejection.to_string() },
            error => Self::Failed(Box::new(error)),
        }
    }
}

impl From<std::io::Error> for AppError {
    fn from(source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::Output { source }
        }
    }
}
