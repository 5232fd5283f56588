//! What chance brings: which fault strikes a request, and what it looks like.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::Value;

use super::requests::Request;
use super::{Answer, Fault, Requests};

/// The seeded source of all that happens by chance.
#[derive(Debug)]
pub(super) struct Chance {
    pub(super) rng: Rng,
    rates: BTreeMap<Fault, f64>,
    scope: Requests,
}

impl Chance {
    pub(super) fn seeded(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), rates: BTreeMap::new(), scope: Requests::all() }
    }

    pub(super) fn set(&mut self, fault: Fault, rate: f64) {
        self.rates.insert(fault, rate);
    }

    pub(super) fn strike_only(&mut self, scope: Requests) {
        self.scope = scope;
    }

    /// The fault that this request meets: each that can strike it is drawn, and of several one is taken.
    pub(super) fn strike(&mut self, request: &Request) -> Option<Fault> {
        if request.operation.is_empty() || !self.scope.hold(request) {
            return None;
        }
        let Self { rng, rates, .. } = self;
        let possible = rates.iter().filter(|(fault, _)| fault.can_strike(&request.operation));
        let struck: Vec<Fault> =
            possible.filter(|(_, rate)| rng.f64() < **rate).map(|(fault, _)| *fault).collect();
        self.rng.choice(struck)
    }

    /// One of the ways in which DynamoDB says that this is too much.
    pub(super) fn throttling(&mut self, request: &Request) -> Answer {
        let answers: &[fn() -> Answer] = match request.operation.as_str() {
            "GetRecords" | "GetShardIterator" | "DescribeStream" => {
                &[Answer::limit_exceeded, Answer::throttled]
            }
            _ => &[Answer::throughput_exceeded, Answer::throttled, Answer::request_limit_exceeded],
        };
        let items = transact_items(request);
        if items > 0 && self.rng.bool() {
            let code = if self.rng.bool() { "ProvisionedThroughputExceeded" } else { "ThrottlingError" };
            return self.cancelled(items, code);
        }
        answers[self.rng.usize(..answers.len())]()
    }

    /// What is said of a conflict with another transaction.
    pub(super) fn conflict(&mut self, request: &Request) -> Answer {
        match transact_items(request) {
            0 => Answer::transaction_conflict(),
            items => self.cancelled(items, "TransactionConflict"),
        }
    }

    /// At least one of the items is to blame.
    fn cancelled(&mut self, items: usize, code: &str) -> Answer {
        let blamed = self.rng.usize(..items);
        let codes: Vec<&str> = (0..items)
            .map(|item| if item == blamed || self.rng.u8(..4) == 0 { code } else { "None" })
            .collect();
        Answer::transaction_cancelled(&codes)
    }
}

/// How many items a transaction has; none for all other requests.
fn transact_items(request: &Request) -> usize {
    request.json().get("TransactItems").and_then(Value::as_array).map_or(0, Vec::len)
}
