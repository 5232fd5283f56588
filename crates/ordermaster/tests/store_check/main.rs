//! `store check` finds every kind of damage by name, and nothing in a store that is as it should be; copies and recovery
//! through the command line. `pattern` fills the store that is copied and damaged, `table` lists the kinds of damage.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod commands;
mod damage;
mod pattern;
mod sound;
mod table;
