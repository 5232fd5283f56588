//! A load as a bank has it: deposits one by one, transfers over several accounts in one commit, commands that must
//! take effect once and are given several times, refusals that are recorded; read models follow meanwhile. It runs
//! in a child, which tells each answer to its parent, until it is killed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use annals::projection::{AnyRunner, RunnerOptions};
use annals::sqlite::{Durability, SqliteOptions, SqliteStore};
use annals::{
    CommitId, DomainEvent, ExecuteError, Keys, Metadata, OnceOutcome, Projection, Recorded, Repository,
    SnapshotPolicy, Store, Unit, UnitError,
};
use ordermaster::read_models::{AccountSummary, TransactionHistory};
use ordermaster_domain::{
    Account, AccountCommand, AccountEvent, AccountId, Currency, DepositMethod, Money, Owner,
};
use serde::{Deserialize, Serialize};

use crate::{answers, child};

/// Events in a file at most.
pub(crate) const EVENTS_MAX: u64 = 50_000;

/// Events that may still be on their way when the load sees that it is enough.
const ON_THE_WAY: u64 = 1_000;

const TASKS: u64 = 24;
const ACCOUNTS: u64 = 60;

/// What an owner holds in all accounts: a read model that needs the route from an account to its owner.
pub(crate) struct OwnerTotals;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnerTotal {
    accounts: u64,
    movements: u64,
}

impl Projection for OwnerTotals {
    const NAME: &'static str = "owner_totals";
    const VERSION: u32 = 1;
    type Event = AccountEvent;
    type Key = String;
    type Row = OwnerTotal;

    fn keys(&self, event: &Recorded<AccountEvent>) -> Keys<String> {
        match &event.event {
            AccountEvent::Opened { owner, .. } => Keys::one(owner.to_string()).learn(owner.to_string()),
            _ => Keys::routed(),
        }
    }

    fn apply(
        &self,
        _: &String,
        row: Option<OwnerTotal>,
        event: &Recorded<AccountEvent>,
    ) -> Option<OwnerTotal> {
        let mut row = row.unwrap_or_default();
        row.accounts += u64::from(event.event.kind().name == "AccountOpened");
        row.movements += 1;
        Some(row)
    }
}

/// A read model's runner that any process may take over at once: all are the same owner.
fn runner<P: Projection>(store: &Store, projection: P) -> Box<dyn AnyRunner> {
    let options = RunnerOptions { owner: "the load".to_owned(), page_size: 200, ..RunnerOptions::default() };
    Box::new(store.runner(projection).with_options(options))
}

/// The load's read models.
pub(crate) fn runners(store: &Store) -> Vec<Box<dyn AnyRunner>> {
    vec![runner(store, AccountSummary), runner(store, TransactionHistory), runner(store, OwnerTotals)]
}

/// How a load is started.
pub(crate) struct Orders {
    pub(crate) durability: Durability,
    pub(crate) seed: u64,
}

impl Orders {
    const STORE: &'static str = "ANNALS_TEST_STORE";
    const SEED: &'static str = "ANNALS_TEST_SEED";

    /// The command that runs the load on `file` as the test `name`.
    pub(crate) fn command(&self, name: &str, file: &Path) -> std::process::Command {
        let mut command = child::command(name, "load");
        let durability = format!("{:?}", self.durability).to_lowercase();
        command.env(Self::STORE, format!("sqlite://{}?durability={durability}", file.display()));
        command.env(Self::SEED, self.seed.to_string());
        command
    }
}

/// Runs the load that the parent ordered, without end.
pub(crate) async fn run() {
    child::end_on_panic();
    let options = SqliteOptions::from_url(&child::given::<String>(Orders::STORE)).unwrap();
    let store = Store::new(SqliteStore::open(options).await.unwrap().adapter());
    let seed: u64 = child::given(Orders::SEED);
    for runner in runners(&store) {
        tokio::spawn(async move {
            runner.follow(Box::pin(std::future::pending()), &mut |_| {}).await.unwrap();
        });
    }
    let bank = Bank {
        accounts: store.repository::<Account>().with_snapshots(SnapshotPolicy::every(20)),
        store,
        events: Arc::default(),
        seed,
    };
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(bank.clone().work(task))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    child::say("enough");
    std::future::pending::<()>().await;
}

#[derive(Clone)]
struct Bank {
    store: Store,
    accounts: Repository<Account>,
    events: Arc<AtomicU64>,
    seed: u64,
}

impl Bank {
    async fn work(self, task: u64) {
        let mut random = fastrand::Rng::with_seed(self.seed ^ (task << 32));
        for number in 0.. {
            if self.events.load(Ordering::Relaxed) > EVENTS_MAX - ON_THE_WAY {
                return;
            }
            match random.u8(0..20) {
                0..11 => self.deposit(&mut random).await,
                11..15 => self.transfer(&mut random).await,
                15..18 => self.deposit_once(&mut random, number).await,
                _ => self.overdraw_once(&mut random, task, number).await,
            }
        }
    }

    async fn deposit(&self, random: &mut fastrand::Rng) {
        let id = some_account(random);
        let command = deposit(random.i64(1..100));
        match self.accounts.execute(&id, &command, metadata()).await {
            Ok(done) => self.answered(done.receipt.as_ref(), false),
            Err(ExecuteError::Rejected(_)) => self.open(&id).await,
            Err(error) => assert_contended(matches!(error, ExecuteError::Contended { .. }), &error),
        }
    }

    async fn open(&self, id: &AccountId) {
        let owner = Owner::new(&format!("owner {}", id.as_str().len())).unwrap();
        let command = AccountCommand::Open { owner, opening_balance: money(10) };
        match self.accounts.execute(id, &command, metadata()).await {
            Ok(done) => self.answered(done.receipt.as_ref(), false),
            // Another task was quicker.
            Err(ExecuteError::Rejected(_)) => {}
            Err(error) => assert_contended(matches!(error, ExecuteError::Contended { .. }), &error),
        }
    }

    /// From one account to two to seven others, in one commit.
    async fn transfer(&self, random: &mut fastrand::Rng) {
        let mut others: Vec<_> = (0..random.usize(2..8)).map(|_| some_account(random)).collect();
        others.sort_unstable();
        others.dedup();
        let from = others.pop().unwrap();
        if others.is_empty() {
            return;
        }
        let total = money(i64::try_from(others.len()).unwrap());
        let mut unit = Unit::new(self.store.adapter(), metadata());
        unit = unit.execute(&self.accounts, from, AccountCommand::Withdraw { amount: total });
        for to in others {
            unit = unit.execute(&self.accounts, to, deposit(1));
        }
        match unit.commit().await {
            Ok(done) => self.answered(done.receipt.as_ref(), false),
            Err(UnitError::Rejected { .. }) => {}
            Err(error) => assert_contended(matches!(error, UnitError::Contended { .. }), &error),
        }
    }

    /// A deposit that three tasks or so are told to make, and that must be made once.
    async fn deposit_once(&self, random: &mut fastrand::Rng, number: u64) {
        let key = CommitId::from_key(&format!("deposit {} {number}", random.u64(0..TASKS / 3)));
        let id = some_account(random);
        match self.accounts.execute_once(key, &id, &deposit(3), metadata()).await {
            Ok(OnceOutcome::Accepted(done)) => self.answered(done.receipt.as_ref(), true),
            Ok(OnceOutcome::Refused { .. }) => answers::report_refusal(key),
            // The key's one outcome is another account's; or there were too many others.
            Err(ExecuteError::Commit(annals::ports::CommitError::CommitIdReused { .. })) => {}
            Err(error) => assert_contended(matches!(error, ExecuteError::Contended { .. }), &error),
        }
    }

    /// Asks for more than anybody has; the refusal is recorded.
    async fn overdraw_once(&self, random: &mut fastrand::Rng, task: u64, number: u64) {
        let key = CommitId::from_key(&format!("withdrawal {task} {number}"));
        let id = some_account(random);
        let command = AccountCommand::Withdraw { amount: money(1_000_000_000) };
        match self.accounts.execute_once(key, &id, &command, metadata()).await {
            Ok(OnceOutcome::Refused { .. }) => answers::report_refusal(key),
            other => panic!("nobody has that much, and the answer is {other:?}"),
        }
    }

    fn answered(&self, receipt: Option<&annals::ports::Receipt>, is_once: bool) {
        let receipt = receipt.expect("each of these commands changes something");
        answers::report(receipt, is_once);
        let events = receipt.appended().len() as u64;
        self.events.fetch_add(events, Ordering::Relaxed);
    }
}

fn assert_contended(is_so: bool, error: &dyn std::error::Error) {
    assert!(is_so, "the store failed under load: {error}");
}

fn some_account(random: &mut fastrand::Rng) -> AccountId {
    // Names of several lengths, which give the owners their accounts.
    let number = random.u64(0..ACCOUNTS);
    AccountId::new(&format!("{}{number}", "a".repeat(1 + usize::try_from(number % 5).unwrap()))).unwrap()
}

fn deposit(amount: i64) -> AccountCommand {
    AccountCommand::Deposit { amount: money(amount), method: DepositMethod::Cash }
}

fn money(amount: i64) -> Money {
    Money::new(amount.into(), Currency::EUR).unwrap()
}

fn metadata() -> Metadata {
    Metadata::correlated("load").by("a task")
}
