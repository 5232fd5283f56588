//! Short reads that wait at once share a statement; each has its own stream's events.

use std::time::Duration;

use annals_core::CommitId;
use annals_ports::{Append, Commit, EventStore, EventStoreExt, Expectation, ReadRange};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::shop::{database, event, open, stream};

/// Longer than all of it takes.
const BOUND: Duration = Duration::from_secs(60);

/// Streams of one event, of two, and so on; the last is longer than what is read together.
const STREAMS: u64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_beside_others_reads_his_own_stream() {
    let database = database().await;
    let store = open(database.url()).await;
    for number in 1..=STREAMS {
        let events = (1..=number).map(|version| event(number * 1_000 + version)).collect();
        let append = Append::new(stream(&format!("order-{number}")), Expectation::NoStream, events);
        store.commit(Commit::new(CommitId::new(), vec![append]).unwrap()).await.unwrap();
    }
    let mut readers = JoinSet::new();
    for number in 1..=STREAMS {
        let store = store.clone();
        readers.spawn(async move {
            let name = stream(&format!("order-{number}"));
            for _ in 0..10 {
                let events = store.read_all(&name, ReadRange::all()).await.unwrap();
                let expected = (1..=number).map(|version| event(number * 1_000 + version).payload);
                assert!(events.iter().map(|event| event.payload.clone()).eq(expected), "{name}: {events:?}");
                assert!(events.iter().all(|event| event.header.stream == name), "{name}: {events:?}");
            }
        });
    }
    timeout(BOUND, readers.join_all()).await.expect("reads are answered");
}
