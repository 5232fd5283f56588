//! A PostgreSQL server whose disk is full: a clear error, nothing answered that is not there, and work goes on once there
//! is room. The disk is a small one of the test's own, in memory.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use annals::ports::{
    Append, Commit, CommitError, EventStore, EventStoreExt, Expectation, NewEvent, ReadRange, StoreError,
};
use annals::postgres::{PostgresOptions, PostgresStore};
use annals::{CommitId, EventId, EventType, Json};
use annals_services::{Collation, PrivateOptions, PrivatePostgres, Version};
use sqlx::{Connection, PgConnection};

use crate::child;

/// Longer than any of this may take.
const AGES: Duration = Duration::from_secs(60);

fn commit(number: u64) -> Commit {
    let event = NewEvent {
        id: EventId::new(),
        event_type: EventType::new("Noted").unwrap(),
        schema_version: 1,
        payload: Json::parse(&format!(r#"{{"number":{number},"text":"{}"}}"#, "x".repeat(20_000))).unwrap(),
        metadata: Json::empty(),
    };
    let append = Append::new("note-1".parse().unwrap(), Expectation::Any, vec![event]);
    Commit::new(CommitId::new(), vec![append]).unwrap()
}

/// Commits until it is answered; a server that gave up for want of room is started again, as its keeper would.
async fn commit_at_last(store: &PostgresStore, server: &mut PrivatePostgres, value: Commit) {
    let begun = Instant::now();
    while let Err(error) = store.commit(value.clone()).await {
        assert!(error.is_transient() && begun.elapsed() < AGES, "{error}");
        if PgConnection::connect(server.url()).await.is_err() {
            server.restart().await;
        }
    }
}

#[test]
fn a_server_whose_disk_is_full_is_told_and_work_goes_on_once_there_is_room() {
    let Some(folder) = child::role() else {
        let folder = tempfile::tempdir().unwrap();
        // The account that runs the server must get there.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let name = "full_server::a_server_whose_disk_is_full_is_told_and_work_goes_on_once_there_is_room";
        let command = child::command_in_own_mounts(name, folder.path().to_str().unwrap());
        return child::run_to_end(command);
    };
    child::run("mount", &["-t", "tmpfs", "-o", "size=160m,mode=0755", "none", &folder].map(AsRef::as_ref));
    annals::block_on(full(Path::new(&folder)));
    child::say("done");
}

async fn full(disk: &Path) {
    let mut server = PrivateOptions::new(Version::V15).within(disk).start().await;
    let database = server.database(Collation::Server).await;
    let store = PostgresStore::open(PostgresOptions::from_url(database.url()).unwrap()).await.unwrap();
    let mut answered = 0;
    for _ in 0..20 {
        store.commit(commit(answered)).await.unwrap();
        answered += 1;
    }
    let filler = disk.join("filler");
    // What is left of the disk goes to somebody else.
    let filled =
        std::fs::File::create(&filler).and_then(|mut file| std::io::copy(&mut std::io::repeat(0), &mut file));
    assert!(filled.is_err(), "the disk is small");
    let (begun, mut refused) = (Instant::now(), None);
    while refused.is_none() {
        assert!(begun.elapsed() < AGES, "nothing is refused, and it should be");
        let value = commit(answered);
        match store.commit(value.clone()).await {
            Ok(_) => answered += 1,
            Err(error) => refused = Some((value, error)),
        }
    }
    let Some((value, error)) = refused else { return };
    assert!(error.is_transient(), "{error:?}");
    let CommitError::Store { source, .. } = &error else { panic!("{error:?}") };
    // A server that cannot even write its log ends; either is said.
    assert!(
        matches!(
            source,
            StoreError::Full { .. } | StoreError::Unavailable { .. } | StoreError::TimedOut { .. }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("note-1"), "{error}");
    println!("a full disk: {error}");
    std::fs::remove_file(&filler).unwrap();
    commit_at_last(&store, &mut server, value).await;
    commit_at_last(&store, &mut server, commit(answered + 1)).await;
    let events = store.read_all(&"note-1".parse().unwrap(), ReadRange::all()).await.unwrap();
    let numbers: Vec<_> = events.iter().map(|event| event.payload.as_str().to_owned()).collect();
    assert_eq!(numbers.len() as u64, answered + 2, "nothing is lost, nothing doubled");
}
