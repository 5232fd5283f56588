//! The write-ahead log: its size, and cutting it back when readers that follow each other without a gap have kept
//! it from starting anew.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::busy;

/// Bytes beyond which the log is cut back.
const TOO_LONG: u64 = 256 * 1024 * 1024;

/// Transactions between two looks at the log's size.
const LOOK_EVERY: u32 = 256;

/// How long readers are waited for.
const PATIENCE: Duration = Duration::from_millis(50);

/// The log of one file, looked after by its writer.
pub(crate) struct Log {
    path: PathBuf,
    transactions: u32,
}

impl Log {
    pub(crate) fn of(file: &Path) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), transactions: 0 }
    }

    /// Its size; 0 when there is none.
    pub(crate) fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |log| log.len())
    }

    /// What a person should know of its size.
    pub(crate) fn warning(&self) -> Option<String> {
        let bytes = self.bytes();
        (bytes > TOO_LONG).then(|| {
            format!("the write-ahead log has {bytes} bytes: something reads the file for long, a backup or a check perhaps")
        })
    }

    /// Counts a transaction, and cuts the log back when it has grown too long.
    pub(crate) fn tend(&mut self, connection: &Connection) {
        self.transactions = self.transactions.wrapping_add(1);
        if self.transactions.is_multiple_of(LOOK_EVERY) && self.bytes() > TOO_LONG {
            cut_back(connection, PATIENCE);
        }
    }
}

/// Copies the log into the file and empties it, if readers let go of it within `patience`.
pub(crate) fn cut_back(connection: &Connection, patience: Duration) {
    busy::until(Instant::now() + patience);
    // Tidiness alone: the log is as good as the file, and whoever opens the file reads both.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}
