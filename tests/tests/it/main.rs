//! Tests across stores, and of the whole as a newcomer meets it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod equivalence;
mod newcomer;
mod script;
