//! The program as people run it: arguments in, text or JSON out, an exit code. Each test has a store of its own.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod commands;
mod shop;
mod streaming;
mod views;
