//! What is SQLite's own: opening files, guarding history, sharing a file with other processes, and surviving their
//! death. The laws that all stores keep are tried in `conformance.rs`.

#![expect(clippy::unwrap_used, reason = "what a test sets up is there, or the test fails")]

mod feed;
mod file;
mod history;
mod opening;
mod processes;
mod sharing;
mod upkeep;
