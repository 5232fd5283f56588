//! A filled store, copies of it, and ways to do to them what the store itself would never do.

use std::path::{Path, PathBuf};

use annals::ports::{Append, Commit, Expectation, NewEvent, Snapshot};
use annals::{CommitId, EventId, EventType, Json, Metadata, Snapshotted};
use ordermaster::app::OrderMaster;
use ordermaster::check::StoreCheck;
use ordermaster::generate::{self, Business};
use ordermaster::stop::Stop;
use ordermaster_domain::{Account, AccountCommand, AccountId, DepositMethod};
use rusqlite::Connection;
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "account-checked";

pub(crate) fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// A store with a little of everything: orders, stock, an account of ten events with its snapshot, views up to date. Its
/// last event is alone in its commit.
pub(crate) async fn fill(file: &Path) {
    let shop = OrderMaster::open(&url(file)).await.unwrap();
    generate::run(&shop, Business { seed: 7, orders: 20, days: 1 }, &Stop::new(), &mut |_, _| {})
        .await
        .unwrap();
    let id: AccountId = "checked".parse().unwrap();
    let open =
        AccountCommand::Open { owner: "Ada".parse().unwrap(), opening_balance: "100 GBP".parse().unwrap() };
    shop.accounts().execute(&id, &open, Metadata::new()).await.unwrap();
    for _ in 0..9 {
        let amount = "5 GBP".parse().unwrap();
        let deposit = AccountCommand::Deposit { amount, method: DepositMethod::Cash };
        shop.accounts().execute(&id, &deposit, Metadata::new()).await.unwrap();
    }
    // Taken at version 8, so that there is a tail.
    let then = shop.accounts().load_at(&id, annals::AsOf::version(8)).await.unwrap();
    let state = Json::from_serialize(&then.state).unwrap();
    let snapshot = Snapshot::new(ACCOUNT.parse().unwrap(), then.head.unwrap(), Account::STATE_SCHEMA, state);
    shop.store().adapter().snapshots.save(snapshot.unwrap()).await.unwrap();
    shop.catch_up(&mut |_| {}).await.unwrap();
}

/// One filled store, and copies of it to be damaged.
pub(crate) struct Pattern {
    folder: TempDir,
}

impl Pattern {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fill(&folder.path().join("pattern.db")).await;
        Self { folder }
    }

    pub(crate) fn copy(&self, name: &str) -> PathBuf {
        let file = self.folder.path().join(format!("{name}.db"));
        std::fs::copy(self.folder.path().join("pattern.db"), &file).unwrap();
        file
    }
}

pub(crate) async fn check(file: &Path) -> StoreCheck {
    let shop = OrderMaster::open(&url(file)).await.unwrap();
    StoreCheck::run(&shop, &mut |_, _, _| {}).await.unwrap()
}

/// Does something to the file that the triggers would refuse, and leaves no trace of that.
pub(crate) fn tamper(file: &Path, damage: &str) {
    let raw = Connection::open(file).unwrap();
    let mut triggers = raw.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let triggers = triggers.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let triggers: Vec<(String, String)> = triggers.map(Result::unwrap).collect();
    for (name, _) in &triggers {
        raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    raw.execute_batch(damage).unwrap();
    for (_, sql) in &triggers {
        raw.execute_batch(sql).unwrap();
    }
}

pub(crate) async fn record(file: &Path, stream: &str, event_type: &str, schema_version: u16) {
    let shop = OrderMaster::open(&url(file)).await.unwrap();
    let event = NewEvent {
        id: EventId::new(),
        event_type: EventType::new(event_type).unwrap(),
        schema_version,
        payload: Json::empty(),
        metadata: Json::empty(),
    };
    let append = Append::new(stream.parse().unwrap(), Expectation::NoStream, vec![event]);
    let commit = Commit::new(CommitId::new(), vec![append]).unwrap();
    shop.store().adapter().events.commit(commit).await.unwrap();
}
