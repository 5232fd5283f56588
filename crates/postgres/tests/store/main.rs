//! The store on real servers, beyond the laws: how it opens and what it refuses, what it does while servers, lines
//! and disks fail, and a dump that goes on elsewhere.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod dump;
mod faults;
mod following;
mod health;
mod lanes;
mod load;
mod opening;
mod own_tables;
mod plans;
mod reading;
mod shop;
mod sweeping;
