//! Why a service is not there, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a service could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// No source has it.
    #[error("{what} cannot be had: {remedy}")]
    Missing {
        /// The service.
        what: String,
        /// How to get it.
        remedy: String,
    },
    /// A program that ought to have worked did not.
    #[error("{what} failed: {detail}")]
    Failed {
        /// What was being done.
        what: String,
        /// What was said.
        detail: String,
    },
    /// A file or folder.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The server was asked something and did not answer well.
    #[error("{doing}: {source}")]
    Sql {
        /// What was being done.
        doing: String,
        /// Why not.
        source: sqlx::Error,
    },
}

impl ServiceError {
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }

    pub(crate) fn sql(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Sql { doing, source }
    }

    pub(crate) fn failed(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), detail: detail.into() }
    }
}

/// Ends the test that cannot have what it needs, with the one line that says why.
#[track_caller]
pub(crate) fn or_fail<T>(outcome: Result<T, ServiceError>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error}"))
}
