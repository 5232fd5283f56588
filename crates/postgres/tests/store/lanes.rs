//! Append lanes: commits share statements, and nobody else pays for the one that conflicts or waits.

use std::time::{Duration, Instant};

use annals_core::CommitId;
use annals_ports::{Append, Commit, CommitError, EventStore, EventStoreExt, Expectation, ReadRange, Receipt};
use annals_postgres::PostgresStore;
use annals_services::TestDatabase;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use tokio::task::JoinHandle;

use crate::shop::{commit, database, event, open, options, stream};

/// Another program's transaction, left open, that takes the first place of a stream.
async fn hold(database: &TestDatabase, stream: &str) -> PgConnection {
    let mut holder = database.connect().await;
    let hold = format!(
        "BEGIN; INSERT INTO annals.events (stream_id, version, event_id, event_type, schema_version, commit_id,
             commit_index, commit_size, recorded_at, digest, metadata, payload)
         VALUES ('{stream}', 1, gen_random_uuid(), 'Counted', 1, gen_random_uuid(), 0, 1, now(),
             decode(repeat('00', 32), 'hex'), '{{}}', '{{}}')"
    );
    holder.execute(AssertSqlSafe(hold)).await.unwrap();
    holder
}

async fn end(mut holder: PgConnection, how: &'static str) {
    holder.execute(how).await.unwrap();
}

/// Waits until so many transactions of this database wait for others.
async fn until_waiting(database: &TestDatabase, transactions: usize) {
    let mut connection = database.connect().await;
    let begun = Instant::now();
    let count = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        let waiting: i64 = connection.fetch_one(count).await.unwrap().get(0);
        if usize::try_from(waiting) == Ok(transactions) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{waiting} wait, not {transactions}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A store with a single lane, which waits long for what others hold.
async fn one_patient_lane(database: &TestDatabase) -> PostgresStore {
    let options = options(database.url()).lanes(1).lock_timeout(Duration::from_secs(20));
    PostgresStore::open(options).await.unwrap()
}

/// Commits in a task of its own.
fn send(store: &PostgresStore, value: Commit) -> JoinHandle<Result<Receipt, CommitError>> {
    let store = store.clone();
    tokio::spawn(async move { store.commit(value).await })
}

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
    let holder = hold(&database, "order-7").await;
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
    end(holder, "ROLLBACK").await;
    waiting.await.unwrap().expect("the place is free again");
}

/// Somebody else takes the first of the places that a commit wants, after the heads were read.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_lost_in_a_race_takes_the_whole_commit_back() {
    let database = database().await;
    let store = one_patient_lane(&database).await;
    let holder = hold(&database, "order-1").await;
    let value = {
        let append = Append::new(stream("order-1"), Expectation::NoStream, vec![event(1), event(2)]);
        let other = Append::new(stream("order-2"), Expectation::NoStream, vec![event(3)]);
        Commit::new(CommitId::new(), vec![append, other]).unwrap()
    };
    let committing = send(&store, value);
    until_waiting(&database, 1).await;
    end(holder, "COMMIT").await;
    let answer = committing.await.unwrap();
    let Err(CommitError::Conflict(conflict)) = answer else { panic!("{answer:?}") };
    assert_eq!(
        (conflict.stream, conflict.actual.map(|head| head.version.get())),
        (stream("order-1"), Some(1))
    );
    let row = database.connect().await.fetch_one("SELECT count(*) FROM annals.events").await.unwrap();
    assert_eq!(row.get::<i64, _>(0), 1, "nothing of the commit is there");
}

/// Two processes send the same places at the same moment, in contrary orders, and a third holds them up half-way.
#[tokio::test(flavor = "multi_thread")]
async fn lanes_of_two_processes_never_wait_for_each_other() {
    let database = database().await;
    let mut waiting = Vec::new();
    let mut gates = Vec::new();
    for (number, names) in
        [["order-a", "order-m", "order-z"], ["order-z", "order-m", "order-a"]].iter().enumerate()
    {
        let store = one_patient_lane(&database).await;
        let send = |name: &str| send(&store, commit(name, Expectation::Any, 1));
        // The first is sent in its own task, the second by the only lane; what comes while they wait goes on together.
        for gate in [format!("gate-{number}"), format!("gate_of_lane-{number}")] {
            gates.push(hold(&database, &gate).await);
            waiting.push(send(&gate));
            until_waiting(&database, gates.len()).await;
        }
        for name in names {
            waiting.push(send(name));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let middle = hold(&database, "order-m").await;
    for gate in gates {
        end(gate, "ROLLBACK").await;
    }
    until_waiting(&database, 2).await;
    end(middle, "ROLLBACK").await;
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    assert_eq!(deadlocks(&database).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_leaves_the_stream_to_others() {
    let database = database().await;
    let store = one_patient_lane(&database).await;
    let holder = hold(&database, "order-1").await;
    let send = |number| send(&store, commit("order-1", Expectation::Any, number));
    let goes_away = send(1);
    until_waiting(&database, 1).await;
    goes_away.abort();
    assert!(goes_away.await.unwrap_err().is_cancelled());
    let stays = send(2);
    end(holder, "ROLLBACK").await;
    let version = stays.await.unwrap().unwrap().appended()[0].head.version.get();
    // What nobody waits for any more may be recorded or not, and is whole either way.
    let events = store.adapter().events.read_all(&stream("order-1"), ReadRange::all()).await.unwrap();
    assert!((1..=2).contains(&version) && events.len() as u64 >= version, "{version} of {}", events.len());
}

/// The deadlocks that the server broke up in this database, once every other connection has ended and told of its own.
async fn deadlocks(database: &TestDatabase) -> i64 {
    let mut connection = database.connect().await;
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let begun = Instant::now();
    while connection.fetch_one(others).await.unwrap().get::<i64, _>(0) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "connections stay open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    connection.fetch_one(count).await.unwrap().get(0)
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
