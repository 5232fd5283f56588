//! Servers that are killed, lines that are cut in the middle of a commit, servers without a connection to spare: no
//! answered commit is lost, none is doubled, every error says that it will pass, and work goes on by itself.

use std::time::{Duration, Instant};

use annals_ports::{EventStore, Expectation, StoreError};
use annals_services::{Collation, PrivateOptions, Proxy, Version, private_postgres};
use sqlx::{Connection, PgConnection};

use crate::load::{Load, commit_at_last};
use crate::shop::{commit, database, open, stream};

/// How often the server is killed; a long run asks for more.
fn kills() -> usize {
    std::env::var("ANNALS_SERVER_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_under_load_loses_nothing_that_was_answered() {
    let mut server = private_postgres(Version::V15).await;
    let database = server.database(Collation::Server).await;
    let store = open(database.url()).await;
    let load = Load::start(&store, 16);
    let begun = Instant::now();
    for round in 0..kills() {
        load.goes_on(200 + 37 * (round % 5)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.restart().await;
    }
    load.goes_on(200).await;
    let outcome = load.end().await;
    eprintln!("{} kills, {} answered commits, {:.0?}", kills(), outcome.answered, begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_cut_at_any_moment_lose_and_double_nothing() {
    let database = database().await;
    let line = Proxy::to(database.url()).await;
    let store = open(&line.url(database.url())).await;
    let load = Load::start(&store, 16);
    for round in 0..30_u64 {
        load.goes_on(20).await;
        match round % 3 {
            0 => line.cut(),
            // In the middle of an answer.
            1 => line.cut_after(round * 7 % 200),
            _ => {
                line.delay(Duration::from_millis(round % 7));
                line.cut();
            }
        }
    }
    line.delay(Duration::ZERO);
    load.goes_on(100).await;
    assert!(load.end().await.answered > 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_answered_in_the_end_and_stands_once() {
    let database = database().await;
    let line = Proxy::to(database.url()).await;
    let store = open(&line.url(database.url())).await;
    for number in 0..20 {
        let value = commit("order-1", Expectation::Any, number);
        line.lose_answer_to(value.id().as_bytes().to_vec());
        let (adapter, lost) = (store.adapter(), line.lost());
        let committing = tokio::spawn(async move { commit_at_last(&adapter, value).await });
        let begun = Instant::now();
        while line.lost() == lost {
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing was sent");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        line.refuse(false);
        let (_, version) = committing.await.unwrap();
        assert_eq!(version.get(), number + 1);
    }
    let head = store.head(&stream("order-1")).await.unwrap().unwrap();
    assert_eq!(head.version.get(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_connection_to_spare_is_told_and_works_again() {
    let server = PrivateOptions::new(Version::V15).setting("max_connections", "12").start().await;
    let database = server.database(Collation::Server).await;
    drop(open(database.url()).await);
    let mut others = Vec::new();
    while let Ok(connection) = PgConnection::connect(database.url()).await {
        others.push(connection);
    }
    assert!(!others.is_empty());
    let opening = annals_postgres::PostgresStore::open(crate::shop::options(database.url())).await;
    let error = opening.expect_err("nobody is let in");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let (mut first, rest) = (others.remove(0), others);
    first.ping().await.unwrap();
    drop(first);
    let begun = Instant::now();
    let store = loop {
        match annals_postgres::PostgresStore::open(crate::shop::options(database.url())).await {
            Ok(store) => break store,
            Err(error) => {
                assert!(error.is_transient() && begun.elapsed() < Duration::from_secs(10), "{error}");
            }
        }
    };
    // One connection is to be had: what needs another is told so in time, and nothing hangs.
    let load = async {
        for number in 0..5 {
            let begun = Instant::now();
            if let Err(error) = store.commit(commit("order-1", Expectation::Any, number)).await {
                assert!(error.is_transient(), "{error:?}");
            }
            assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        }
    };
    load.await;
    drop(rest);
    let load = Load::start(&open(database.url()).await, 8);
    load.goes_on(50).await;
    drop(store);
}
