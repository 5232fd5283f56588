//! For tests, of stores and of domains:
//!
//! * [`given`](fn@given) an aggregate's history, when a command comes, then these events happen, or it is refused;
//! * `given_events` of some streams, then a projection has these rows, however the streams are interleaved (with the
//!   feature `projection`);
//! * [`generators`] of portable JSON, stream names, metadata and commit scripts, for property tests;
//! * [`conformance_suite!`]: one test for each law that every store keeps, to be run against the real thing;
//! * `broken`: a broken store for each law, which the suite must catch (with the feature `broken`);
//! * [`faults`]: any adapter with failures, lost answers, delays and crashes in its way, and scenarios that survive them;
//! * [`history`]: recorded concurrent histories, checked for linearizability per stream and for the laws of the feed;
//! * [`ManualClock`], a clock that tests set, advance and step back.
//!
//! Everything here panics where an expectation does not hold, as tests want it. Nothing here is for production.

#[cfg(feature = "broken")]
pub mod broken;
mod clock;
pub mod conformance;
pub mod faults;
pub mod generators;
mod given;
#[cfg(feature = "projection")]
mod given_events;
pub mod history;
mod seeds;

pub use clock::ManualClock;
pub use given::{Given, When, given};
#[cfg(feature = "projection")]
pub use given_events::{GivenEvents, given_events};
