//! Upkeep: a copy made while others write is one moment's history, whole; it overwrites nothing; a check finds nothing
//! in a file that commits were refused and taken back in.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use annals_core::{CommitId, RecordedEvent};
use annals_ports::{
    Append, Commit, EventFeed, EventFeedExt, EventStore, Expectation, FeedPosition, FeedQuery, Findings,
    Inspect, StoreError, Upkeep,
};
use annals_sqlite::{SqliteOptions, SqliteStore};

use crate::file::{File, commit, event, stream};

async fn feed(store: &SqliteStore) -> Vec<RecordedEvent> {
    store.read_to_end(&FeedQuery::all(), FeedPosition::beginning(store.id())).await.unwrap().0
}

async fn check(store: &SqliteStore) -> Findings {
    Upkeep::check(store, &mut |_| {}).await.unwrap()
}

async fn backup(store: &SqliteStore, file: &Path) -> Result<annals_ports::Backup, StoreError> {
    Upkeep::backup(store, file, &mut |_| {}).await
}

/// Commits of two events in two streams, one after the other, until asked to stop.
async fn write(store: SqliteStore, number: usize, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let append = |name: &str| {
            Append::new(stream(&format!("{name}-{number}")), Expectation::Any, vec![event(1), event(2)])
        };
        let both = Commit::new(CommitId::new(), vec![append("order"), append("payment")]).unwrap();
        store.commit(both).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_under_load_is_a_whole_beginning_of_history_and_goes_on_as_a_store() {
    let file = File::new();
    let store = file.open().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8).map(|n| tokio::spawn(write(store.clone(), n, stop.clone()))).collect();
    let mut copies = Vec::new();
    for number in 0..3 {
        // Each is taken of a history that has grown since the one before.
        while store.describe().await.unwrap().events < 400 * (number + 1) {
            tokio::task::yield_now().await;
        }
        let answered = feed(&store).await.len();
        let path = file.folder().join(format!("copy-{number}.db"));
        let mut told = Vec::new();
        let copied = Upkeep::backup(&store, &path, &mut |progress| told.push(progress)).await.unwrap();
        assert!(told.iter().all(|progress| progress.of.is_some_and(|of| progress.done <= of)), "{told:?}");
        assert!(copied.events >= answered as u64, "{copied:?}: {answered} events were answered before");
        copies.push((path, copied));
    }
    let end_of_the_last = feed(&store).await.len();
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let history = feed(&store).await;
    assert!(history.len() >= end_of_the_last);
    for (path, copied) in copies {
        assert_eq!(std::fs::metadata(&path).unwrap().len(), copied.bytes);
        let copy = SqliteStore::open(SqliteOptions::new(&path).create(false)).await.unwrap();
        let events = feed(&copy).await;
        assert_eq!(events.len() as u64, copied.events);
        assert!(history[..events.len()] == events, "the copy is a beginning of history");
        assert_eq!(check(&copy).await, Findings::new());
        assert_eq!(copy.id(), store.id(), "it is the same store, at an earlier moment");
        copy.commit(commit("order-0", Expectation::Exists, 9)).await.unwrap();
        // F09: where the two have parted, positions of the one are no places in the other.
        let ahead = copy.health().await.unwrap().end;
        let asked = store.next(&FeedQuery::all(), &ahead, std::time::Duration::ZERO).await;
        assert!(matches!(asked, Err(StoreError::PositionLost { .. })), "{asked:?}");
    }
}

#[tokio::test]
async fn a_copy_overwrites_nothing_and_leaves_nothing_behind_when_it_is_refused() {
    let file = File::new();
    let store = file.open().await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let names = || {
        let entries = std::fs::read_dir(file.folder()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<HashSet<_>>()
    };
    std::fs::write(file.folder().join("taken.db"), "something else").unwrap();
    std::fs::write(file.folder().join("half.db-wal"), "of another store").unwrap();
    let before = names();
    for (name, reason) in [
        ("taken.db", "taken.db is there already: name another file, or move it away"),
        ("half.db", "half.db-wal is there already"),
        ("store.db", "store.db is there already"),
        ("nowhere/copy.db", "create its directory first"),
    ] {
        let error = backup(&store, &file.folder().join(name)).await.unwrap_err().to_string();
        assert!(error.contains("backing up") && error.contains(reason), "{error}");
    }
    assert_eq!(names(), before);
    assert_eq!(std::fs::read_to_string(file.folder().join("taken.db")).unwrap(), "something else");
    let copied = backup(&store, &file.folder().join("copy.db")).await.unwrap();
    assert_eq!((copied.events, names().len()), (1, before.len() + 1));
}

#[tokio::test]
async fn a_copy_of_a_store_opened_for_reading_can_be_made() {
    let file = File::new();
    let writable = file.open().await;
    writable.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let reading = SqliteStore::open(file.options().read_only(true)).await.unwrap();
    let path = file.folder().join("copy.db");
    assert_eq!(backup(&reading, &path).await.unwrap().events, 1);
    assert_eq!(check(&reading).await, Findings::new());
}

#[cfg(unix)]
#[tokio::test]
async fn who_may_not_read_the_store_may_not_read_its_copy() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    let store = file.open().await;
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    let path = file.folder().join("copy.db");
    backup(&store, &path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// What makes a gap in positions a finding: a batch that was taken back uses none up.
#[tokio::test(flavor = "multi_thread")]
async fn positions_stay_dense_when_batches_are_taken_back() {
    let file = File::new();
    let store = file.open().await;
    let other = file.raw();
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON events WHEN NEW.payload LIKE '%\"number\":13}%'
                BEGIN SELECT RAISE(ABORT, 'trapped'); END; BEGIN IMMEDIATE";
    other.execute_batch(trap).unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            let commit = commit(&format!("order-{number}"), Expectation::NoStream, number);
            tokio::spawn(async move { store.commit(commit).await.is_ok() })
        })
        .collect();
    other.execute_batch("ROLLBACK").unwrap();
    let mut refused = 0;
    for task in tasks {
        refused += u32::from(!task.await.unwrap());
    }
    other.execute_batch("DROP TRIGGER trap").unwrap();
    store.commit(commit("order-13", Expectation::NoStream, 1)).await.unwrap();
    assert_eq!(refused, 1);
    let positions: (i64, i64) = other
        .query_row("SELECT count(*), max(position) FROM events", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(positions, (20, 20));
    assert_eq!(check(&store).await, Findings::new());
}

#[tokio::test]
async fn events_that_were_removed_are_told_by_their_positions() {
    let file = File::new();
    let store = file.open().await;
    for number in 1..=10 {
        store.commit(commit(&format!("order-{number}"), Expectation::NoStream, number)).await.unwrap();
    }
    let raw = file.raw();
    let triggers = "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'";
    let drop_triggers: Vec<String> =
        raw.prepare(triggers).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    raw.execute_batch(&drop_triggers.join("; ")).unwrap();
    raw.execute_batch("DELETE FROM events WHERE position IN (3, 6, 7, 8)").unwrap();
    let findings = check(&store).await;
    let told: Vec<_> = findings.kept().iter().map(|finding| finding.problem.as_str()).collect();
    for expected in [
        "position 3 is gone: an event was removed from history",
        "positions 6 to 8 are gone: 3 events were removed from history",
    ] {
        assert!(told.contains(&expected), "{told:?}");
    }
}

#[tokio::test]
async fn an_empty_store_has_nothing_wrong_and_can_be_copied() {
    let file = File::new();
    let store = file.open().await;
    assert_eq!(check(&store).await, Findings::new());
    assert_eq!(backup(&store, &file.folder().join("copy.db")).await.unwrap().events, 0);
    assert_eq!(Upkeep::recover(&store).await.unwrap(), annals_ports::Recovered::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_beside_the_file_of_a_store_that_was_closed() {
    for round in 0..20 {
        let file = File::new();
        let store = file.open().await;
        store.commit(commit("order-1", Expectation::NoStream, round)).await.unwrap();
        feed(&store).await;
        assert_eq!(check(&store).await, Findings::new());
        drop(store);
        let names = std::fs::read_dir(file.folder()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["store.db"], "round {round}");
    }
}
