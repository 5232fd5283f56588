//! Health names who holds readers of the feed back: process, application, age (law F07).

use std::time::{Duration, Instant};

use annals_ports::{EventFeed, EventStore, Expectation, WriterHold};
use annals_postgres::PostgresStore;

use crate::shop::{commit, database, eventually, open};

/// Who holds readers back, once that is as many.
async fn holds(store: &PostgresStore, many: usize) -> Vec<WriterHold> {
    eventually(async || {
        let holds = store.health().await.unwrap().holds;
        if holds.len() == many { Ok(holds) } else { Err(format!("{many} should be named: {holds:?}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_hangs_is_named_with_its_process_its_application_and_its_age() {
    let database = database().await;
    let store = open(database.url()).await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    assert_eq!(store.health().await.unwrap().holds, []);

    let (mut writer, mut reader) = (database.connect().await, database.connect().await);
    let begin = "SET application_name = 'nightly'; BEGIN;
        INSERT INTO annals.events OVERRIDING SYSTEM VALUE SELECT * FROM annals.events WHERE false";
    sqlx::raw_sql(begin).execute(&mut writer).await.unwrap();
    // Who only reads holds nobody back, however long it takes.
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM annals.events").execute(&mut reader).await.unwrap();
    let process: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut writer).await.unwrap();
    // He holds nobody back before there is something to come after him.
    assert_eq!(store.health().await.unwrap().holds, []);
    store.commit(commit("order-2", Expectation::NoStream, 1)).await.unwrap();
    let named = holds(&store, 1).await;
    assert_eq!((named[0].process.clone(), named[0].application.as_str()), (process.to_string(), "nightly"));
    let later = Instant::now();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (age, waited) = (holds(&store, 1).await[0].age, later.elapsed());
    let grown = age.saturating_sub(named[0].age);
    assert!((Duration::from_millis(250)..waited + Duration::from_secs(1)).contains(&grown), "{grown:?}");

    sqlx::raw_sql("ROLLBACK").execute(&mut writer).await.unwrap();
    assert_eq!(holds(&store, 0).await, []);
}
