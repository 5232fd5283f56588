//! Tests across stores, and of the whole as a newcomer meets it.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::print_stdout, reason = "what was tried is said")]

mod aftermath;
mod answers;
mod child;
mod crash;
mod equivalence;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(target_os = "linux")]
mod full_server;
mod indexers;
mod load;
mod newcomer;
#[cfg(target_os = "linux")]
mod power_cut;
mod processes;
mod replay;
mod script;
mod second_process;
mod skip;
mod swapping;
