//! The shop as a program runs it over a store: commands, and where faults are in the way, each under a key of its own until
//! it is answered.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use annals::{
    Aggregate, CommitId, ExecuteError, Executed, Metadata, OnceOutcome, Repository, RepositoryOptions,
    SnapshotPolicy, Snapshotted, Store,
};
use annals_testkit::ManualClock;
use ordermaster_domain::{Account, Inventory, Order, OrderCommand, Payment};

use super::policy::Policy;
use crate::script::Step;

/// Tries of one command or catching up: of a thousand calls fewer than two hundred fail.
pub(crate) const TRIES: usize = 100;

pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) orders: Repository<Order>,
    pub(crate) payments: Repository<Payment>,
    pub(crate) inventory: Repository<Inventory>,
    pub(crate) accounts: Repository<Account>,
    /// Commands are given under keys.
    is_once: bool,
}

impl Shop {
    pub(crate) fn over(store: Store, clock: &ManualClock, policy: &Policy) -> Self {
        Self {
            orders: repository(&store, clock, policy),
            payments: repository(&store, clock, policy),
            inventory: repository(&store, clock, policy),
            accounts: repository(&store, clock, policy),
            store,
            is_once: policy.faults.is_some(),
        }
    }

    /// Carries a round out, and answers in its order. Commands to one aggregate go one after the other.
    pub(crate) async fn round(&self, steps: &[Step]) -> Vec<String> {
        let mut lanes: BTreeMap<String, Vec<(usize, &Step)>> = BTreeMap::new();
        for (place, step) in steps.iter().enumerate() {
            lanes.entry(aggregate(step)).or_default().push((place, step));
        }
        let lane = async |steps: Vec<(usize, &Step)>| {
            let mut answers = Vec::new();
            for (place, step) in steps {
                answers.push((place, self.run(step).await));
            }
            answers
        };
        let answered = futures::future::join_all(lanes.into_values().map(lane)).await;
        let mut answers: Vec<_> = answered.into_iter().flatten().collect();
        answers.sort_unstable();
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    async fn run(&self, step: &Step) -> String {
        match step {
            Step::Order(id, command) => self.answered(&self.orders, id, command).await,
            Step::PayInFull(id, payment) => {
                let mut tries = 0..TRIES;
                let order = loop {
                    match self.orders.load(id).await {
                        Ok(order) => break order.state,
                        Err(error) => assert!(error.is_transient() && tries.next().is_some(), "{error}"),
                    }
                };
                let Some(total) = order.placed().map(|placed| placed.total) else {
                    return "nothing to pay".to_owned();
                };
                let command = OrderCommand::MarkPaid { payment: payment.clone(), amount: total };
                self.answered(&self.orders, id, &command).await
            }
            Step::Payment(id, command) => self.answered(&self.payments, id, command).await,
            Step::Inventory(id, command) => self.answered(&self.inventory, id, command).await,
            Step::Account(id, command) => self.answered(&self.accounts, id, command).await,
        }
    }

    async fn answered<A: Aggregate>(
        &self,
        repository: &Repository<A>,
        id: &A::Id,
        command: &A::Command,
    ) -> String {
        let metadata = || Metadata::correlated("script").by("Ada");
        if !self.is_once {
            return match repository.execute(id, command, metadata()).await {
                Ok(done) => accepted(&done),
                Err(ExecuteError::Rejected(rejection)) => refused(&rejection),
                Err(other) => panic!("a store failed: {other}"),
            };
        }
        let key = CommitId::new();
        let mut tries = 0..TRIES;
        loop {
            match repository.execute_once(key, id, command, metadata()).await {
                Ok(OnceOutcome::Accepted(done)) => return accepted(&done),
                Ok(OnceOutcome::Refused { reason, .. }) => return refused(&reason),
                Err(error) => {
                    assert!(error.is_transient() && tries.next().is_some(), "a store failed: {error}");
                }
            }
        }
    }
}

fn accepted<A: Aggregate>(done: &Executed<A>) -> String {
    format!("version {}, {} events", done.version, done.events.len())
}

fn refused(reason: &impl Display) -> String {
    format!("refused: {reason}")
}

fn aggregate(step: &Step) -> String {
    match step {
        Step::Order(id, _) | Step::PayInFull(id, _) => format!("order {id}"),
        Step::Payment(id, _) => format!("payment {id}"),
        Step::Inventory(sku, _) => format!("inventory {sku}"),
        Step::Account(id, _) => format!("account {id}"),
    }
}

fn repository<A: Snapshotted>(store: &Store, clock: &ManualClock, policy: &Policy) -> Repository<A> {
    let capacity = if policy.cached { 100 } else { 0 };
    let options = RepositoryOptions::default().clock(Arc::new(clock.clone())).cache_capacity(capacity);
    store.repository().with_options(options).with_snapshots(SnapshotPolicy::every(policy.snapshot_every))
}
