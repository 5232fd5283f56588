//! What the laws do not say of the DynamoDB store: its tables, its refusals, what large and crowded streams come to, and
//! what each thing costs.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]
#![allow(clippy::print_stdout, reason = "what was measured is said")]

mod costs;
mod large;
mod lost_answers;
mod refusals;
mod requests;
mod sizes;
mod tables;
mod template;
