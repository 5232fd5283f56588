//! The SQLite store of annals: every port on one file, for programs that want no server.
//!
//! Commits are durable when they are answered, and gathered: whatever waits while one transaction is being written
//! goes into the next, each commit checked for itself. Any number of processes may open the same file; they take
//! turns at writing and wake each other's followers. Nothing here runs SQL on a thread of the caller's runtime.
//!
//! ```
//! use annals_sqlite::{SqliteOptions, SqliteStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("shop.db");
//! let store = SqliteStore::open(SqliteOptions::new(file)).await?;
//! let adapter = store.adapter();
//! assert_eq!(adapter.name, "sqlite");
//! # Ok(()) }
//! ```

mod backup;
mod busy;
mod by_type;
mod catching_up;
mod check;
mod check_history;
mod connection;
mod fault;
mod feed;
mod handle;
mod heads;
mod import;
mod inbox;
mod index_entries;
mod inspect;
mod leases;
mod ledger;
mod log;
mod options;
mod page;
mod presence;
mod readers;
mod recover;
mod rows;
mod schema;
mod snapshots;
mod store;
mod sweep;
mod upkeep;
mod view_changes;
mod view_pages;
mod views;
mod wake;
mod writer;

pub use handle::SqliteStore;
pub use options::{Durability, SqliteOptions};

/// The statement in `sql/<name>.sql`.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("sql/", $name, ".sql"))
    };
}
use sql;
