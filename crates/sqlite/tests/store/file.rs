//! A file of a test's own, and commits to put into it.

use std::path::{Path, PathBuf};

use annals_core::{CommitId, EventId, EventType, Json, StreamId};
use annals_ports::{Append, Commit, Expectation, NewEvent};
use annals_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

pub(crate) struct File {
    folder: TempDir,
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub(crate) fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.path())
    }

    pub(crate) async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.options()).await.unwrap()
    }

    /// The file behind the store's back.
    pub(crate) fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

pub(crate) fn stream(name: &str) -> StreamId {
    name.parse().unwrap()
}

pub(crate) fn event(number: u64) -> NewEvent {
    NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").unwrap(),
        schema_version: 1,
        payload: Json::parse(&format!(r#"{{"number":{number}}}"#)).unwrap(),
        metadata: Json::empty(),
    }
}

/// A commit of one event.
pub(crate) fn commit(name: &str, expected: Expectation, number: u64) -> Commit {
    Commit::new(CommitId::new(), vec![Append::new(stream(name), expected, vec![event(number)])]).unwrap()
}
