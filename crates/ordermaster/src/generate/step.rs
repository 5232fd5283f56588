//! A step of a script: commands that are committed as one, once.

use annals::Timestamp;
use ordermaster_domain::{
    AccountCommand, AccountId, InventoryCommand, OrderCommand, OrderId, PaymentCommand, PaymentId, Sku,
};

/// Commands that are committed as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What makes it take effect once: no other step of any script has it.
    pub key: String,
    /// When it happens, in business time.
    pub at: Timestamp,
    /// The commands, each for another aggregate.
    pub acts: Vec<Act>,
    /// How it comes out.
    pub expected: Expected,
}

/// A command for an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// For an order.
    Order(OrderId, OrderCommand),
    /// For a payment.
    Payment(PaymentId, PaymentCommand),
    /// For an article's stock.
    Stock(Sku, InventoryCommand),
    /// For an account.
    Account(AccountId, AccountCommand),
}

/// How a step comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It is carried out.
    Done,
    /// It is refused, for it tries to do this.
    Refused(&'static str),
}

/// The steps of a story as they are told, each with its key.
pub(super) struct Telling {
    key: String,
    steps: Vec<Step>,
}

impl Telling {
    /// A story whose keys begin with `key`.
    pub(super) fn new(key: String) -> Self {
        Self { key, steps: Vec::new() }
    }

    /// Something happens.
    pub(super) fn done(&mut self, at: Timestamp, acts: impl IntoIterator<Item = Act>) {
        self.push(at, acts.into_iter().collect(), Expected::Done);
    }

    /// Something is tried that cannot be.
    pub(super) fn refused(&mut self, tried: &'static str, at: Timestamp, act: Act) {
        self.push(at, vec![act], Expected::Refused(tried));
    }

    pub(super) fn finish(self) -> Vec<Step> {
        self.steps
    }

    fn push(&mut self, at: Timestamp, acts: Vec<Act>, expected: Expected) {
        let key = format!("{} step {}", self.key, self.steps.len() + 1);
        self.steps.push(Step { key, at, acts, expected });
    }
}

/// A value made of a script's own digits and words.
pub(super) fn valid<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.expect("a script makes its values of words and small numbers, which the domain takes")
}
