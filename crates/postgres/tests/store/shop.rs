//! A database of a test's own, and commits to put into it.

use annals_core::{CommitId, EventId, EventType, Json, StreamId};
use annals_ports::{Append, Commit, Expectation, NewEvent};
use annals_postgres::{PostgresOptions, PostgresStore};
use annals_services::{Collation, TestDatabase, Version, postgres};

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
