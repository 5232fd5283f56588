//! The aggregate that the laws are shown on: an account that refuses to go below zero.

use std::sync::{Arc, Mutex};

use annals_application::{Repository, RepositoryOptions};
use annals_core::{Aggregate, Context, DomainEvent, Metadata, Snapshotted, Timestamp, Upcast, Upcasters};
use annals_ports::{Adapter, Clock};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DomainEvent)]
#[event(category = "account", upcasters = upcasters)]
pub(crate) enum AccountEvent {
    Deposited { amount: u64 },
    Withdrawn { amount: u64 },
    Stamped { at: Timestamp, by: Option<String> },
}

fn upcasters() -> Upcasters {
    Upcasters::new().step("Frozen", 1, |_, _| Ok(Upcast::Retired))
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) balance: u64,
    pub(crate) moves: Vec<i64>,
}

#[derive(Clone, Debug)]
pub(crate) enum AccountCommand {
    Deposit(u64),
    Withdraw(u64),
    /// Takes out everything: nothing happens to an empty account.
    Empty,
    /// Takes out everything, one by one.
    EmptyOneByOne,
    /// Deposits several times.
    Deposits(Vec<u64>),
    /// Records what the decision knew.
    Stamp,
}

pub(crate) use AccountCommand::{Deposit, Deposits, Empty, EmptyOneByOne, Stamp, Withdraw};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Overdrawn {
    pub(crate) balance: u64,
    pub(crate) wanted: u64,
}

impl std::fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} wanted, {} there", self.wanted, self.balance)
    }
}

impl std::error::Error for Overdrawn {}

impl Aggregate for Account {
    type Id = String;
    type Event = AccountEvent;
    type Command = AccountCommand;
    type Rejection = Overdrawn;

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Deposited { amount } => {
                self.balance += amount;
                self.moves.push(i64::try_from(*amount).unwrap());
            }
            AccountEvent::Withdrawn { amount } => {
                self.balance -= amount;
                self.moves.push(-i64::try_from(*amount).unwrap());
            }
            AccountEvent::Stamped { .. } => {}
        }
    }

    fn decide(&self, command: &AccountCommand, context: &Context) -> Result<Vec<AccountEvent>, Overdrawn> {
        match command {
            Deposit(amount) => Ok(vec![AccountEvent::Deposited { amount: *amount }]),
            Deposits(amounts) => {
                Ok(amounts.iter().map(|amount| AccountEvent::Deposited { amount: *amount }).collect())
            }
            Withdraw(wanted) if *wanted > self.balance => {
                Err(Overdrawn { balance: self.balance, wanted: *wanted })
            }
            Withdraw(amount) => Ok(vec![AccountEvent::Withdrawn { amount: *amount }]),
            Empty if self.balance == 0 => Ok(vec![]),
            Empty => Ok(vec![AccountEvent::Withdrawn { amount: self.balance }]),
            EmptyOneByOne => Ok((0..self.balance).map(|_| AccountEvent::Withdrawn { amount: 1 }).collect()),
            Stamp => {
                let by = context.metadata.actor().map(str::to_owned);
                Ok(vec![AccountEvent::Stamped { at: context.now, by }])
            }
        }
    }
}

impl Snapshotted for Account {
    const STATE_SCHEMA: u32 = 2;
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct SetClock(Mutex<Timestamp>);

impl SetClock {
    pub(crate) fn at(seconds: i64) -> Arc<Self> {
        let clock = Self(Mutex::new(Timestamp::UNIX_EPOCH));
        clock.set(seconds);
        Arc::new(clock)
    }

    pub(crate) fn set(&self, seconds: i64) {
        *self.0.lock().unwrap() = second(seconds);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) fn second(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

pub(crate) fn ada() -> String {
    "ada".to_owned()
}

pub(crate) fn accounts(adapter: &Adapter) -> Repository<Account> {
    Repository::new(adapter.clone()).with_options(quick())
}

pub(crate) fn uncached(adapter: &Adapter) -> Repository<Account> {
    Repository::new(adapter.clone()).with_options(quick().cache_capacity(0))
}

/// The default options with pauses that a test need not wait for.
pub(crate) fn quick() -> RepositoryOptions {
    let micros = std::time::Duration::from_micros;
    RepositoryOptions::default().backoff(micros(10), micros(100))
}

pub(crate) async fn deposit(accounts: &Repository<Account>, amount: u64) {
    accounts.execute(&ada(), &Deposit(amount), Metadata::new()).await.unwrap();
}

pub(crate) async fn balance(accounts: &Repository<Account>) -> u64 {
    accounts.load(&ada()).await.unwrap().state.balance
}
