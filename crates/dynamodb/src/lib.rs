//! The DynamoDB store of annals: every port on four tables of Amazon DynamoDB, for any number of processes.
//!
//! A commit of one event is one conditional write; more events are one transaction. The feed is a log of its own that one
//! process at a time keeps from the table's stream, and that no event can slip past. Nothing is ever deleted from history.
//!
//! ```no_run
//! use annals_dynamodb::{DynamoOptions, DynamoStore};
//!
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let options = DynamoOptions::from_url("dynamodb://shop?region=eu-central-1")?;
//! let store = DynamoStore::open(options).await?;
//! let adapter = store.adapter();
//! assert_eq!(adapter.name, "dynamodb");
//! # Ok(()) }
//! ```

mod batch;
mod bodies;
mod broken;
mod by_type;
mod changes;
mod check;
mod check_history;
#[cfg(test)]
mod check_tests;
mod check_views;
mod commit;
pub mod cost;
mod database;
mod event_item;
mod fault;
mod feed;
mod feed_check;
mod feed_lag;
#[cfg(test)]
mod feed_tests;
mod handle;
mod heads;
mod health;
mod hub;
mod import;
mod indexed;
mod indexer;
mod indexing;
mod inspect;
mod item;
mod keeper_state;
mod leases;
mod log;
mod marker;
mod meter;
mod options;
mod page;
mod patience;
mod place;
mod read;
mod recover;
mod recovery;
mod shards;
mod snapshots;
mod standing;
mod store;
mod store_item;
mod streamed;
mod streams;
mod tables;
mod tail;
#[cfg(test)]
mod trap;
mod unseen;
mod upkeep;
mod view_cells;
mod view_changes;
mod view_items;
#[cfg(test)]
mod view_model;
mod view_numbers;
mod view_pages;
#[cfg(test)]
mod view_races;
mod view_reads;
#[cfg(test)]
mod view_seen;
mod view_standing;
mod view_sweep;
#[cfg(test)]
mod view_tests;
#[cfg(test)]
mod view_work;
mod view_writes;
mod views;
mod vouch;
mod write;

/// The SDK, for those who work on the tables by themselves.
pub use aws_sdk_dynamodb as sdk;
pub use feed_lag::FeedLag;
pub use handle::DynamoStore;
pub use meter::Usage;
pub use options::DynamoOptions;
