//! Opening: what is refused, with which words, and that a file which is not ours is left as it was.

use std::time::{Duration, Instant};

use annals_core::Version;
use annals_ports::{CommitError, EventStore, Expectation, Inspect, StoreError};
use annals_sqlite::{SqliteOptions, SqliteStore};

use crate::file::{File, commit, stream};

#[test]
fn the_bundled_sqlite_is_one_whose_log_is_safe_under_concurrent_connections() {
    assert!(rusqlite::version_number() >= 3_051_003, "SQLite {} can corrupt a WAL file", rusqlite::version());
}

#[tokio::test]
async fn a_text_file_is_no_store_and_stays_as_it_was() {
    let file = File::new();
    std::fs::write(file.path(), "shopping list: bread, milk").unwrap();
    let begun = Instant::now();
    let error = SqliteStore::open(file.options()).await.unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(1), "a refusal waits for nobody: {:?}", begun.elapsed());
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "shopping list: bread, milk");
}

#[tokio::test]
async fn a_database_of_another_program_is_no_store_and_stays_as_it_was() {
    let file = File::new();
    file.raw().execute_batch("CREATE TABLE contacts (name TEXT)").unwrap();
    let before = std::fs::read(file.path()).unwrap();
    let error = SqliteStore::open(file.options()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::NotAStore { detail, .. } if detail.contains("another program")),
        "{error}"
    );
    assert_eq!(std::fs::read(file.path()).unwrap(), before);
}

#[tokio::test]
async fn a_file_of_a_newer_schema_is_refused_with_both_versions_named() {
    let file = File::new();
    drop(file.open().await);
    file.raw().pragma_update(None, "user_version", 7).unwrap();
    let error = SqliteStore::open(file.options()).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 7, supported: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn a_missing_directory_is_named_with_its_remedy() {
    let file = File::new();
    let path = file.folder().join("nowhere").join("store.db");
    let error = SqliteStore::open(SqliteOptions::new(path)).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("nowhere") && text.contains("create the directory"), "{text}");
}

#[tokio::test]
async fn a_file_that_must_not_be_created_is_not() {
    let file = File::new();
    let error = SqliteStore::open(file.options().create(false)).await.unwrap_err();
    assert!(error.to_string().contains("there is no such file"), "{error}");
    assert!(!file.path().exists());
    drop(file.open().await);
    SqliteStore::open(file.options().create(false)).await.unwrap();
}

#[tokio::test]
async fn a_store_opened_for_reading_reads_and_refuses_to_write() {
    let file = File::new();
    let writable = file.open().await;
    writable.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let store = SqliteStore::open(file.options().read_only(true)).await.unwrap();
    assert_eq!(store.head(&stream("order-1")).await.unwrap().unwrap().version, Version::FIRST);
    let error = store.commit(commit("order-2", Expectation::NoStream, 1)).await.unwrap_err();
    assert!(matches!(&error, CommitError::Store { source: StoreError::ReadOnly { .. }, .. }), "{error:?}");
    drop((store, writable));
    let alone = SqliteStore::open(file.options().read_only(true)).await.unwrap();
    assert_eq!(alone.describe().await.unwrap().events, 1);
}

#[tokio::test]
async fn a_store_keeps_its_id_and_describes_itself() {
    let file = File::new();
    let store = file.open().await;
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    let description = store.describe().await.unwrap();
    assert_eq!((description.events, description.streams), (1, 1));
    assert!(description.bytes.unwrap() > 4_096);
    let setting = |name: &str| {
        let found = description.settings.iter().find(|(setting, _)| setting == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!((setting("journal_mode"), setting("durability")), (Some("wal"), Some("full")));
    let id = store.id();
    drop(store);
    assert_eq!(file.open().await.id(), id);
}

#[tokio::test]
async fn a_file_that_is_held_gives_an_error_in_time_and_works_again_afterwards() {
    let file = File::new();
    let patience = Duration::from_millis(200);
    let store = SqliteStore::open(file.options().busy_timeout(patience)).await.unwrap();
    let other = file.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    let retried = commit("order-1", Expectation::NoStream, 1);
    let error = store.commit(retried.clone()).await.unwrap_err();
    assert!(begun.elapsed() >= patience && begun.elapsed() < Duration::from_secs(5));
    assert!(error.is_transient(), "{error:?}");
    assert!(
        error.to_string().contains("order-1") && error.to_string().contains("nothing was written"),
        "{error}"
    );
    assert_eq!(store.head(&stream("order-1")).await.unwrap(), None, "readers are not held up");
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(retried).await.unwrap();
}

#[test]
fn a_url_names_the_file_and_the_options() {
    let options =
        SqliteOptions::from_url("sqlite:///var/my%20shop.db?durability=off&busy_timeout=250").unwrap();
    assert_eq!(options.path().to_str(), Some("/var/my shop.db"));
    let shown = format!("{options:?}");
    assert!(shown.contains("durability: Off") && shown.contains("busy_timeout: 250ms"), "{shown}");
    assert_eq!(SqliteOptions::from_url("sqlite://shop.db").unwrap().path().to_str(), Some("shop.db"));
}

#[test]
fn a_url_that_is_not_understood_says_what_would_be() {
    let refused = |url| SqliteOptions::from_url(url).unwrap_err().to_string();
    assert!(
        refused("sqlite://shop.db?durabilty=off").contains("\"durabilty\" is not known; known are batch_max")
    );
    assert!(refused("sqlite://shop.db?durability=some").contains("full, normal or off"));
    assert!(refused("sqlite://shop.db?create=perhaps").contains("true or false"));
    assert!(refused("sqlite://shop.db?batch_max=0").contains("a number from 1"));
    assert!(
        refused("sqlite://shop.db?batch_max=1\n\u{1b}[2J")
            .contains(r"batch_max=1\n\u{1b}[2J is not understood")
    );
    assert!(refused("sqlite:shop.db").contains("sqlite://FILE"));
    assert!(refused("sqlite://:memory:").contains("memory:"));
}

#[tokio::test]
async fn patience_without_end_is_patience_for_a_long_time() {
    let file = File::new();
    let store = SqliteStore::open(file.options().busy_timeout(Duration::MAX)).await.unwrap();
    store.commit(commit("order-1", Expectation::NoStream, 1)).await.unwrap();
    assert_eq!(store.head(&stream("order-1")).await.unwrap().unwrap().version.get(), 1);
}
