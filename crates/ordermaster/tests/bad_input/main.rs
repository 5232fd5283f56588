//! Bad input, and what becomes of it: the program as it is built, a case a line. Each case compares the exit code, the one
//! line on stderr with its remedy, stdout, and everything that the store holds before and after.
//!
//! Every case starts from a store of its own, and none waits for a time to pass.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod arguments;
mod damage;
mod invoices;
mod place;
#[cfg(unix)]
mod read_only;
#[cfg(unix)]
mod signals;
mod stores;
