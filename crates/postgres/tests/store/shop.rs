//! A database of a test's own, and commits to put into it.

use std::time::{Duration, Instant};

use annals_core::{CommitId, EventId, EventType, Json, StreamId};
use annals_ports::{Acquired, Append, Commit, Expectation, Lease, Leases, NewEvent};
use annals_postgres::{PostgresOptions, PostgresStore};
use annals_services::{Collation, TestDatabase, Version, postgres};

/// Longer than what comes by itself takes.
const BOUND: Duration = Duration::from_secs(30);

/// An empty database.
pub(crate) async fn database() -> TestDatabase {
    postgres(Version::V15).await.database(Collation::Server).await
}

pub(crate) fn options(url: &str) -> PostgresOptions {
    PostgresOptions::from_url(url).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(options(url)).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A lease that nobody else asks for, for as long as a test takes.
pub(crate) async fn lease(store: &PostgresStore, name: &str) -> Lease {
    match store.acquire(name, "me", Duration::from_secs(600)).await.unwrap() {
        Acquired::Granted(lease) => lease,
        Acquired::Held { owner, .. } => panic!("{owner} holds {name}"),
    }
}

/// Looks until there is an answer; what was seen instead is told when none comes.
pub(crate) async fn eventually<T>(look: impl AsyncFn() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(answer) => return answer,
            Err(seen) => assert!(begun.elapsed() < BOUND, "{seen}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn stream(name: &str) -> StreamId {
    name.parse().unwrap()
}

pub(crate) fn event(number: u64) -> NewEvent {
    NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Counted").unwrap(),
        schema_version: 1,
        payload: Json::parse(&format!(r#"{{"number":{number}}}"#)).unwrap(),
        metadata: Json::empty(),
    }
}

/// A commit of one event.
pub(crate) fn commit(name: &str, expected: Expectation, number: u64) -> Commit {
    Commit::new(CommitId::new(), vec![Append::new(stream(name), expected, vec![event(number)])]).unwrap()
}
