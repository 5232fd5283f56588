//! What a faulty endpoint did.

use std::collections::BTreeMap;

use super::Fault;

/// What was counted since the endpoint was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The requests that were forwarded, by operation: `PutItem`, `GetRecords`.
    pub forwarded: BTreeMap<String, u64>,
    /// The faults that happened by chance.
    pub faults: BTreeMap<Fault, u64>,
    /// The requests that were answered by the script.
    pub scripted: u64,
    /// The answers that were lost on demand.
    pub lost: u64,
    /// The records of the stream that were gone.
    pub forgotten: u64,
    /// The connections that were closed since the endpoint was away.
    pub refused: u64,
}

impl Counts {
    pub(super) fn forward(&mut self, operation: &str) {
        *self.forwarded.entry(operation.to_owned()).or_default() += 1;
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }
}
