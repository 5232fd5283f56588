//! Every law of the contract, on real files, also while several tasks are at work on one and faults are in the way.

mod history;
mod store;

annals_testkit::conformance_suite!(crate::store::OneFile<crate::store::AsOpened>);
