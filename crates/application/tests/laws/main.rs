//! The laws that running commands and reading state keep: C01 to C03, S01 to S04, A06, A07 and A12, each shown
//! against the store in memory, with what a store can do to a caller played by a watched one.

#![allow(clippy::unwrap_used)]

mod account;
mod commands;
mod equivalence;
mod once;
mod snapshots;
mod temporal;
mod uncertainty;
mod units;
mod unreliable_snapshots;
mod watched;
