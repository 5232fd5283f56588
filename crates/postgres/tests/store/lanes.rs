//! Append lanes: commits share statements, and nobody else pays for the one that conflicts or waits.

use std::time::{Duration, Instant};

use annals_ports::{CommitError, EventStoreExt, Expectation, ReadRange};
use annals_postgres::PostgresStore;
use sqlx::{Executor, Row};

use crate::shop::{commit, database, open, options, stream};

/// Commits one event to each of so many streams at once.
async fn commit_at_once(store: &PostgresStore, commits: u64) {
    let events = store.adapter().events;
    let all: Vec<_> = (0..commits)
        .map(|number| {
            let events = events.clone();
            let value = commit(&format!("order-{number}"), Expectation::NoStream, number);
            tokio::spawn(async move { events.commit(value).await })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_at_once_share_transactions_unless_gathering_is_off() {
    for (parameter, shares) in [("gathering=on", true), ("gathering=off", false)] {
        let database = database().await;
        let url = database.url();
        let with =
            if url.contains('?') { format!("{url}&{parameter}") } else { format!("{url}?{parameter}") };
        let store = open(&with).await;
        commit_at_once(&store, 200).await;
        let mut connection = database.connect().await;
        let count = "SELECT count(*), count(DISTINCT xmin::text) FROM annals.events";
        let row = connection.fetch_one(count).await.unwrap();
        let (events, transactions): (i64, i64) = (row.get(0), row.get(1));
        assert_eq!(events, 200);
        if shares {
            assert!(transactions < 100, "{transactions} transactions for 200 commits");
        } else {
            assert_eq!(transactions, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_among_commits_at_once_refuses_itself_alone() {
    let database = database().await;
    let store = open(database.url()).await;
    let events = store.adapter().events;
    for number in (0..100).step_by(3) {
        events.commit(commit(&format!("order-{number}"), Expectation::NoStream, 0)).await.unwrap();
    }
    let all: Vec<_> = (0..100)
        .map(|number| {
            let events = events.clone();
            let value = commit(&format!("order-{number}"), Expectation::NoStream, 1);
            tokio::spawn(async move { (number, events.commit(value).await) })
        })
        .collect();
    for one in all {
        match one.await.unwrap() {
            (number, Ok(_)) => assert_ne!(number % 3, 0, "order-{number} was there"),
            (number, Err(CommitError::Conflict(conflict))) => {
                assert_eq!(number % 3, 0, "order-{number} was not there");
                assert_eq!(conflict.actual.map(|head| head.version.get()), Some(1));
            }
            (number, Err(error)) => panic!("order-{number}: {error}"),
        }
    }
}

/// Somebody else holds the place that one commit wants. The others are answered while it is still held.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_another_program_holds_delays_nobody_else_for_long() {
    let database = database().await;
    let store =
        PostgresStore::open(options(database.url()).lock_timeout(Duration::from_millis(200))).await.unwrap();
    let mut holder = database.connect().await;
    let hold = "BEGIN; INSERT INTO annals.events (stream_id, version, event_id, event_type, schema_version, commit_id,
                    commit_index, commit_size, recorded_at, digest, metadata, payload)
                VALUES ('order-7', 1, gen_random_uuid(), 'Counted', 1, gen_random_uuid(), 0, 1, now(), '', '{}', '{}')";
    sqlx::raw_sql(hold).execute(&mut holder).await.unwrap();
    let events = store.adapter().events;
    let waiting = tokio::spawn({
        let (events, value) = (events.clone(), commit("order-7", Expectation::NoStream, 7));
        async move { events.commit(value).await }
    });
    let begun = Instant::now();
    for round in 0..5 {
        let all: Vec<_> = (100..140)
            .map(|number| {
                let events = events.clone();
                let value = commit(&format!("order-{number}"), Expectation::Any, round);
                tokio::spawn(async move { events.commit(value).await })
            })
            .collect();
        for one in all {
            one.await.unwrap().unwrap();
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "the others took {:?}", begun.elapsed());
    assert!(!waiting.is_finished(), "the place is still held");
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    waiting.await.unwrap().expect("the place is free again");
}

/// Two stores on one schema, as two processes have it, commit to the same few streams.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_the_same_streams_lose_and_double_nothing() {
    let database = database().await;
    let patient = || options(database.url()).timeout(Duration::from_secs(30));
    let stores =
        [PostgresStore::open(patient()).await.unwrap(), PostgresStore::open(patient()).await.unwrap()];
    let all: Vec<_> = (0..32_u64)
        .map(|task| {
            let events = stores[usize::from(task % 2 == 0)].adapter().events;
            tokio::spawn(async move {
                for number in 0..10 {
                    let name = format!("order-{}", (task + number) % 4);
                    events.commit(commit(&name, Expectation::Any, task * 100 + number)).await.unwrap();
                }
            })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    let mut seen = Vec::new();
    for number in 0..4 {
        let name = stream(&format!("order-{number}"));
        let events = stores[0].adapter().events.read_all(&name, ReadRange::all()).await.unwrap();
        let versions: Vec<u64> = events.iter().map(|event| event.header.version.get()).collect();
        assert_eq!(versions, (1..=versions.len() as u64).collect::<Vec<_>>());
        seen.extend(events.iter().map(|event| event.payload.as_str().to_owned()));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 320);
}
