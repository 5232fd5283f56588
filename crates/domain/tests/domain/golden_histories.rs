//! Whole histories, and the states that they led to. A state that changes without its `STATE_SCHEMA`, or the other
//! way round, would let old snapshots pass for new ones (law S02).

use std::fmt::Debug;

use annals_core::{Digest, Json, Rehydrated, Snapshotted};
use ordermaster_domain::{Account, Inventory, Order, Payment};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::golden::{Example, files, read};

#[derive(Deserialize)]
struct History {
    states: Vec<RecordedState>,
    events: Vec<Example>,
}

/// What a history led to, at one state schema.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct RecordedState {
    state_schema: u32,
    state_sha256: String,
}

fn check<A: Snapshotted + PartialEq + Debug>() {
    for file in files(&format!("{}/histories", A::CATEGORY)) {
        let history: History = read(&file);
        let mut rehydrated = Rehydrated::<A>::default();
        for (version, event) in (1..).zip(&history.events) {
            rehydrated
                .apply(&event.recorded(A::CATEGORY, version))
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
        let json = Json::from_serialize(&rehydrated.state).expect("every state can be kept");
        let hash = Digest::from_bytes(Sha256::digest(json.as_str()).into()).to_string();
        let today = RecordedState { state_schema: A::STATE_SCHEMA, state_sha256: hash };
        assert_eq!(
            history.states.last(),
            Some(&today),
            "{}: the state changed, or its schema did. Where the state changed, raise STATE_SCHEMA and add the new \
             state to the file; it is now {json:?}",
            file.display()
        );
        assert!(
            history.states.windows(2).all(|pair| pair[0].state_schema < pair[1].state_schema),
            "{}: each recorded state has a schema of its own, the newest last",
            file.display()
        );
    }
}

#[test]
fn an_orders_state_changes_only_with_its_schema() {
    check::<Order>();
}

#[test]
fn a_payments_state_changes_only_with_its_schema() {
    check::<Payment>();
}

#[test]
fn a_stocks_state_changes_only_with_its_schema() {
    check::<Inventory>();
}

#[test]
fn an_accounts_state_changes_only_with_its_schema() {
    check::<Account>();
}
