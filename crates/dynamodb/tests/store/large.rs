//! Large and crowded streams: every page is followed to its end, of racing writers one wins a version, and no commit is
//! ever seen in part.

use std::collections::BTreeMap;

use annals_core::{CommitId, Version};
use annals_ports::{
    Append, Commit, CommitError, EventStore, EventStoreExt, Expectation, ReadRange, verify_stream,
};
use tokio::task::JoinSet;

use crate::tables::{Tables, commit_to, event, stream};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_twelve_thousand_events_reads_back_whole() {
    const EVENTS: u64 = 12_000;
    const A_COMMIT: u64 = 60;
    let tables = Tables::new().await;
    let store = tables.open().await;
    let mut head = None;
    for _ in 0..EVENTS / A_COMMIT {
        let events = (0..A_COMMIT).map(|_| event(450)).collect();
        let value = commit_to("note-long", Expectation::unchanged(head), events);
        head = store.commit(value).await.unwrap().head(&stream("note-long"));
    }
    let events = store.read_all(&stream("note-long"), ReadRange::all()).await.unwrap();
    let bytes: usize = events.iter().map(|event| event.payload.len()).sum();
    assert!(bytes > 5 * 1024 * 1024, "only {bytes} bytes");
    let versions: Vec<_> = events.iter().map(|event| event.header.version.get()).collect();
    assert_eq!(versions, (1..=EVENTS).collect::<Vec<_>>());
    let mut backward = store.read_all(&stream("note-long"), ReadRange::all().backward()).await.unwrap();
    backward.reverse();
    assert_eq!(backward, events);
    let verdict = verify_stream(&store, &stream("note-long")).await.unwrap();
    assert_eq!(verdict.head, head);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_racing_writers_one_wins_each_version() {
    const WRITERS: u32 = 50;
    const ROUNDS: u64 = 10;
    let tables = Tables::new().await;
    let handles = [tables.open().await, tables.open().await];
    let mut head = None;
    for round in 1..=ROUNDS {
        let mut racing = JoinSet::new();
        for writer in 0..WRITERS {
            let store = handles[(writer % 2) as usize].clone();
            let value = commit_to("note-crowded", Expectation::unchanged(head), vec![event(40)]);
            racing.spawn(async move { store.commit(value).await });
        }
        let mut won = Vec::new();
        for answer in racing.join_all().await {
            match answer {
                Ok(receipt) => won.push(receipt),
                Err(CommitError::Conflict(conflict)) => {
                    assert_eq!(conflict.actual.map(|head| head.version), Some(Version::new(round)));
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won.len(), 1, "round {round}");
        head = won[0].head(&stream("note-crowded"));
    }
    let events = handles[0].read_all(&stream("note-crowded"), ReadRange::all()).await.unwrap();
    assert_eq!(events.len() as u64, ROUNDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_sixty_four_events_over_three_streams_is_never_seen_torn() {
    const COMMITS: usize = 20;
    let tables = Tables::new().await;
    let (writer, reader) = (tables.open().await, tables.open().await);
    let names = ["note-a", "note-b", "note-c"];
    let parts = [22, 21, 21];
    let writing = tokio::spawn(async move {
        for _ in 0..COMMITS {
            let appends = names.iter().zip(parts).map(|(name, count)| {
                Append::new(stream(name), Expectation::Any, (0..count).map(|_| event(60)).collect())
            });
            writer.commit(Commit::new(CommitId::new(), appends.collect()).unwrap()).await.unwrap();
        }
    });
    let mut looks = 0;
    loop {
        let is_over = writing.is_finished();
        for (name, part) in names.iter().zip(parts) {
            let events = reader.read_all(&stream(name), ReadRange::all()).await.unwrap();
            let mut commits: BTreeMap<CommitId, usize> = BTreeMap::new();
            for event in &events {
                *commits.entry(event.header.commit.id).or_default() += 1;
            }
            assert!(commits.values().all(|count| *count == part), "{name}: {commits:?}");
            looks += usize::from(!events.is_empty());
        }
        if is_over {
            break;
        }
    }
    writing.await.unwrap();
    assert!(looks > 10, "the reader looked {looks} times");
}
