//! History in the file: it cannot be edited by accident, a refused commit leaves no trace in it, and one that is
//! refused refuses itself alone.

use std::collections::HashSet;

use annals_core::{CommitId, Version};
use annals_ports::{
    Append, Commit, CommitError, EventFeed, EventFeedExt, EventStore, EventStoreExt, Expectation,
    FeedPosition, FeedQuery, Inspect, ReadRange, verify_stream,
};
use annals_sqlite::SqliteStore;

use crate::file::{File, commit, event, stream};

#[tokio::test]
async fn the_file_refuses_to_change_or_remove_events() {
    let file = File::new();
    let store = file.open().await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let columns = "position, stream, version, type, recorded_at, numbers, fixed, metadata, payload";
    let replace = format!("REPLACE INTO events ({columns}) SELECT {columns} FROM events");
    for edit in ["UPDATE events SET payload = '{}'", "DELETE FROM events", &replace] {
        let raw = file.raw();
        raw.pragma_update(None, "recursive_triggers", true).unwrap();
        let error = raw.execute_batch(edit).unwrap_err().to_string();
        assert!(error.contains("history cannot be changed"), "{edit}: {error}");
    }
    verify_stream(&store, &stream("order-1")).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_is_refused_leaves_no_trace() {
    let file = File::new();
    let store = file.open().await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let before = rows_of_all_tables(&file);
    let appends = vec![
        Append::new(stream("payment-new"), Expectation::NoStream, vec![event(1)]),
        Append::new(stream("order-1"), Expectation::NoStream, vec![event(2)]),
    ];
    let refused = Commit::new(CommitId::new(), appends).unwrap();
    let error = store.commit(refused).await.unwrap_err();
    assert!(matches!(error, CommitError::Conflict(_)), "{error:?}");
    assert_eq!(rows_of_all_tables(&file), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_commits_written_together_only_those_that_conflict_are_refused() {
    let file = File::new();
    let store = file.open().await;
    // While the file is held, all of them gather in the queue.
    let other = file.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let store = store.clone();
            let expected = if number % 3 == 0 { Expectation::Exists } else { Expectation::NoStream };
            let commit = commit(&format!("order-{number}"), expected, number);
            tokio::spawn(async move { (number, store.commit(commit).await) })
        })
        .collect();
    other.execute_batch("ROLLBACK").unwrap();
    for task in tasks {
        let (number, answer) = task.await.unwrap();
        if number % 3 == 0 {
            assert!(matches!(answer, Err(CommitError::Conflict(_))), "{number}: {answer:?}");
        } else {
            assert_eq!(answer.unwrap().appended()[0].head.version, Version::FIRST);
        }
    }
    let (events, _) =
        store.read_to_end(&FeedQuery::all(), FeedPosition::beginning(store.id())).await.unwrap();
    let streams: HashSet<_> = events.iter().map(|event| event.header.stream.clone()).collect();
    assert_eq!((events.len(), streams.len()), (133, 133));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_the_file_refuses_takes_no_other_with_it() {
    let file = File::new();
    let store = file.open().await;
    // As damage would: this one event cannot be inserted, which shows only once others were written.
    let other = file.raw();
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON events WHEN NEW.payload LIKE '%\"number\":13}%'
                BEGIN SELECT RAISE(ABORT, 'trapped'); END; BEGIN IMMEDIATE";
    other.execute_batch(trap).unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            let commit = commit(&format!("order-{number}"), Expectation::NoStream, number);
            tokio::spawn(async move { store.commit(commit).await })
        })
        .collect();
    other.execute_batch("ROLLBACK").unwrap();
    for (number, task) in tasks.into_iter().enumerate() {
        let answer = task.await.unwrap();
        if number == 13 {
            assert!(answer.unwrap_err().to_string().contains("trapped"));
        } else {
            assert!(!answer.unwrap().replayed);
        }
    }
    assert_eq!(store.describe().await.unwrap().events, 19);
}

#[tokio::test]
async fn a_store_that_is_dropped_still_does_what_was_handed_in() {
    let file = File::new();
    let store = file.open().await;
    let other = file.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut abandoned = Box::pin(commit_owned(store.clone(), commit("order-1", Expectation::NoStream, 1)));
    // Polled once, so that it is in the queue; then everybody goes away.
    assert!(futures_poll_once(&mut abandoned).await.is_none());
    let releasing = std::thread::spawn(move || other.execute_batch("ROLLBACK"));
    drop((abandoned, store));
    releasing.join().unwrap().unwrap();
    let events = file.open().await.read_all(&stream("order-1"), ReadRange::all()).await.unwrap();
    assert_eq!(events.len(), 1);
}

#[tokio::test]
async fn an_event_takes_less_than_three_times_its_text_on_disk() {
    let file = File::new();
    let store = file.open().await;
    let metadata = r#"{"actor":"ada","causation_id":"01938b9a-4c3e-7d52-8f4a-1c2d3e4f5a6b","correlation_id":"request-7"}"#;
    let payload = r#"{"customer":"customer-17","lines":[{"price":"12.50","quantity":2,"sku":"A-1001"}],"note":"leave at the door"}"#;
    let mut text = 0;
    for number in 0..200 {
        let mut events = Vec::new();
        for kind in ["OrderCreated", "OrderConfirmed", "OrderShipped"] {
            let mut new = event(0);
            new.event_type = annals_core::EventType::new(kind).unwrap();
            new.payload = annals_core::Json::parse(payload).unwrap();
            new.metadata = annals_core::Json::parse(metadata).unwrap();
            text += new.payload.len() + new.metadata.len();
            events.push(new);
        }
        let append = Append::new(stream(&format!("order-{number}")), Expectation::NoStream, events);
        store.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    }
    let position = store.health().await.unwrap().end;
    assert!(position.to_string().contains(".600."), "{position}");
    drop(store);
    let bytes = std::fs::metadata(file.path()).unwrap().len();
    assert!(bytes < 3 * text as u64, "{bytes} bytes on disk for {text} bytes of payload and metadata");
}

async fn commit_owned(store: SqliteStore, commit: Commit) {
    let _ = store.commit(commit).await;
}

async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        let polled = std::pin::Pin::new(&mut *future).poll(context);
        std::task::Poll::Ready(match polled {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

fn rows_of_all_tables(file: &File) -> Vec<(String, i64)> {
    let raw = file.raw();
    let mut names = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rows =
        |table: &str| raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
    names.into_iter().map(|name| (name.clone(), rows(&name))).collect()
}
