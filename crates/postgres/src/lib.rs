//! The PostgreSQL store of annals: every port on one schema of a database, for any number of processes.
//!
//! Commits are durable when they are answered, and gathered: whatever waits while a statement is under way goes into
//! the next, each commit checked for itself. The feed stays behind a fence, so that no event is ever skipped.
//!
//! ```no_run
//! use annals_postgres::{PostgresOptions, PostgresStore};
//!
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let options = PostgresOptions::from_url("postgres://shop:secret@localhost/shop")?;
//! let store = PostgresStore::open(options).await?;
//! let adapter = store.adapter();
//! assert_eq!(adapter.name, "postgres");
//! # Ok(()) }
//! ```

mod batch;
mod broken;
mod by_type;
mod check;
mod commit;
mod database;
mod fault;
mod feed;
mod fence;
mod handle;
mod health;
mod import;
mod inspect;
mod lanes;
mod leases;
mod one;
mod options;
mod own_tables;
mod own_tables_runner;
mod page;
mod reads;
mod recover;
mod rows;
mod scan;
mod schema;
mod snapshots;
mod statement;
mod store;
mod sweep;
mod upkeep;
mod view_changes;
mod view_pages;
mod views;
mod wake;

pub use handle::PostgresStore;
pub use options::{Pooler, PostgresOptions};
pub use own_tables::{OwnTables, OwnTablesError};
pub use own_tables_runner::OwnTablesRunner;
/// The driver, for projections into tables of one's own.
pub use sqlx;

/// The statement in `sql/<name>.sql`.
macro_rules! sql {
    ($name:literal) => {
        crate::database::Statement { name: $name, text: include_str!(concat!("sql/", $name, ".sql")) }
    };
}
use sql;
