//! The memory store keeps every law of the contract, also while several tasks are at work on it and faults are in the
//! way.

mod history;
mod store;

annals_testkit::conformance_suite!(crate::store::Memory);
