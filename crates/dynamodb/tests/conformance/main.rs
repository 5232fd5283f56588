//! Every law of the contract on DynamoDB Local, a process of its own; each test has tables of its own there.

mod lost_answers;
mod requests;
mod store;

annals_testkit::conformance_suite!(crate::store::OwnTables);
