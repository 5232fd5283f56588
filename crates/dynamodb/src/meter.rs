//! What the store asked of DynamoDB: requests by their kind, and capacity units by the [cost model](crate::cost). Counted for
//! every open store, since it is what Amazon's bill is made of.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::cost::Units;

/// What a store has used since it was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Requests sent, by the API's name for them; each attempt counts.
    pub requests: BTreeMap<&'static str, u64>,
    /// Write request units, by the cost model.
    pub write_units: f64,
    /// Read request units, by the cost model.
    pub read_units: f64,
}

/// Counts as requests are answered.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Usage>);

impl Meter {
    pub(crate) fn asked(&self, request: &'static str) {
        *self.usage().requests.entry(request).or_default() += 1;
    }

    pub(crate) fn wrote(&self, units: Units) {
        self.usage().write_units += units.as_f64();
    }

    pub(crate) fn read(&self, units: Units) {
        self.usage().read_units += units.as_f64();
    }

    pub(crate) fn usage(&self) -> std::sync::MutexGuard<'_, Usage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
