//! The tests of running projections, through the public interface alone, over the memory store, as one program.
//!
//! `sales` is the little domain that the others project; `shop` records its histories; `faulty` breaks the store.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands, in its own functions too")]

mod comparison;
mod equivalence;
mod faults;
mod faulty;
mod following;
mod gathering;
mod interleaving;
mod leases;
mod replaying;
mod routes;
mod sales;
mod shop;
mod views;
