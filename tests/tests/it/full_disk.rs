//! A disk that is full, one that turns read-only or fails, and a file that is taken away while it is open: a clear
//! error, nothing answered that is not there, and work goes on once the cause is gone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use annals::ports::{Append, Commit, CommitError, Effect, Expectation, NewEvent, StoreError};
use annals::sqlite::{SqliteOptions, SqliteStore};
use annals::{CommitId, EventId, EventType, Json, Store};
use tempfile::TempDir;

use crate::answers::Answers;
use crate::power_cut::shim::Shim;
use crate::{aftermath, child};

/// Longer than any of this may take.
const AGES: Duration = Duration::from_secs(60);

async fn open(file: &Path) -> Store {
    Store::new(SqliteStore::open(SqliteOptions::new(file)).await.unwrap().adapter())
}

/// Commits and what became of them.
struct Ledger {
    store: Store,
    answers: Answers,
    refused: Vec<Commit>,
    number: u64,
}

impl Ledger {
    async fn over(file: &Path) -> Self {
        Self { store: open(file).await, answers: Answers::default(), refused: Vec::new(), number: 0 }
    }

    fn commit(&mut self) -> Commit {
        self.number += 1;
        let event = NewEvent {
            id: EventId::new(),
            event_type: EventType::new("Noted").unwrap(),
            schema_version: 1,
            payload: Json::parse(&format!(r#"{{"text":"{}"}}"#, "x".repeat(2_000))).unwrap(),
            metadata: Json::empty(),
        };
        let stream = format!("note-{}", self.number % 5).parse().unwrap();
        Commit::new(CommitId::new(), vec![Append::new(stream, Expectation::Any, vec![event])]).unwrap()
    }

    /// Commits something new, and keeps the answer.
    async fn add(&mut self) -> Result<(), CommitError> {
        let commit = self.commit();
        let done = self.store.adapter().events.commit(commit.clone()).await;
        match done {
            Ok(receipt) => {
                let said = crate::answers::line(&receipt, false);
                assert!(self.answers.keep(&said).unwrap());
                Ok(())
            }
            Err(error) => {
                self.refused.push(commit);
                Err(error)
            }
        }
    }

    /// Commits until the store refuses.
    async fn add_until_refused(&mut self) -> CommitError {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < AGES, "nothing is refused, and it should be");
            if let Err(error) = self.add().await {
                return error;
            }
        }
    }

    /// What was refused, committed again, is there once; everything that was answered is there.
    async fn check(mut self, file: &Path) {
        for commit in std::mem::take(&mut self.refused) {
            let receipt = self.store.adapter().events.commit(commit).await.unwrap();
            self.answers.keep(&crate::answers::line(&receipt, false)).unwrap();
        }
        let Self { store, answers, .. } = self;
        drop(store);
        let found = aftermath::check(file, &answers).await.unwrap_or_else(|broken| panic!("{broken}"));
        assert_eq!((found.lost, found.events), (0, answers.outcomes.len()));
    }

    async fn events(&self) -> u64 {
        self.store.adapter().inspect.describe().await.unwrap().events
    }
}

fn source(error: &CommitError) -> &StoreError {
    match error {
        CommitError::Store { source, .. } => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_disk_is_told_and_work_goes_on_once_there_is_room() {
    let Some(folder) = child::role() else {
        let folder = tempfile::tempdir().unwrap();
        let name = "full_disk::a_full_disk_is_told_and_work_goes_on_once_there_is_room";
        let command = child::command_in_own_mounts(name, folder.path().to_str().unwrap());
        return child::run_to_end(command);
    };
    child::run("mount", &["-t", "tmpfs", "-o", "size=4m", "none", &folder].map(AsRef::as_ref));
    annals::block_on(async {
        let file = Path::new(&folder).join("full.db");
        let mut ledger = Ledger::over(&file).await;
        let error = ledger.add_until_refused().await;
        assert!(matches!(source(&error), StoreError::Full { .. }), "{error:?}");
        assert_eq!(error.effect(), Effect::NotWritten);
        assert!(error.is_transient());
        let text = error.to_string();
        assert!(text.contains("note-") && text.contains("make room"), "{text}");
        assert_eq!(
            ledger.events().await,
            ledger.answers.outcomes.len() as u64,
            "what was refused is not there"
        );
        // Nothing hangs meanwhile, and nothing is answered that is not there.
        for _ in 0..20 {
            let _ = ledger.add().await;
        }
        assert_eq!(ledger.events().await, ledger.answers.outcomes.len() as u64);
        // Another process finds the disk full, too.
        match SqliteStore::open(SqliteOptions::new(&file)).await {
            Ok(_) => {}
            Err(error) => assert!(matches!(error, StoreError::Full { .. }), "{error:?}"),
        }
        child::run("mount", &["-o", "remount,size=64m", &folder].map(AsRef::as_ref));
        ledger.add().await.unwrap();
        ledger.check(&file).await;
    });
    child::say("done");
}

/// A folder with a store, and the file that breaks the disk below it.
struct Breakable {
    file: PathBuf,
    fault: PathBuf,
}

impl Breakable {
    /// In a child over such a disk: what to break. Otherwise runs the test `name` in such a child.
    fn disk(name: &str) -> Option<Self> {
        if let Some(folder) = child::role() {
            let folder = PathBuf::from(folder);
            return Some(Self { file: folder.join("disk/store.db"), fault: folder.join("fault") });
        }
        let (shim, folder) = (Shim::build(), tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        let mut command = child::command(name, folder.path().to_str().unwrap());
        shim.break_by(&mut command, &folder.path().join("disk"), &folder.path().join("fault"));
        child::run_to_end(command);
        None
    }

    fn break_with(&self, number: i32) {
        // Whole at once: the disk looks at it all the time.
        let new = self.fault.with_extension("new");
        std::fs::write(&new, number.to_string()).unwrap();
        std::fs::rename(new, &self.fault).unwrap();
    }

    fn mend(&self) {
        std::fs::remove_file(&self.fault).unwrap();
    }
}

/// Error numbers of Linux.
const INPUT_OUTPUT: i32 = 5;
const NO_SPACE: i32 = 28;
const READ_ONLY: i32 = 30;

#[test]
fn a_disk_that_fails_is_told_and_work_goes_on_once_it_is_well() {
    let Some(disk) = Breakable::disk("full_disk::a_disk_that_fails_is_told_and_work_goes_on_once_it_is_well")
    else {
        return;
    };
    annals::block_on(async {
        let mut ledger = Ledger::over(&disk.file).await;
        for number in [READ_ONLY, INPUT_OUTPUT, NO_SPACE] {
            for _ in 0..10 {
                ledger.add().await.unwrap();
            }
            disk.break_with(number);
            for attempt in 0..5 {
                let error = ledger.add().await.expect_err("the disk takes nothing");
                let told = source(&error);
                let is_clear = match number {
                    NO_SPACE => matches!(told, StoreError::Full { .. }),
                    // The first write that fails says so; from then on the file is known to take none.
                    READ_ONLY if attempt > 0 => matches!(told, StoreError::ReadOnly { .. }),
                    _ => matches!(told, StoreError::Unavailable { .. }),
                };
                assert!(is_clear, "error {number}, attempt {attempt}: {error:?}");
                assert!(error.to_string().contains("note-"), "{error}");
            }
            disk.mend();
            ledger.add().await.unwrap();
        }
        ledger.check(&disk.file).await;
    });
    child::say("done");
}

/// A store with some answered commits.
async fn used(folder: &TempDir) -> (PathBuf, Ledger) {
    let file = folder.path().join("store.db");
    let mut ledger = Ledger::over(&file).await;
    for _ in 0..10 {
        ledger.add().await.unwrap();
    }
    (file, ledger)
}

fn assert_taken_away(error: &CommitError, file: &str, what: &str) {
    assert!(matches!(source(error), StoreError::Refused { .. }), "{error:?}");
    assert_eq!(error.effect(), Effect::NotWritten);
    let text = error.to_string();
    assert!(text.contains(file) && text.contains(what) && text.contains("put it back"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_moved_away_takes_nothing_and_works_again_once_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["", "-wal", "-shm"] {
        let (file, mut ledger) = used(&folder).await;
        let moved = PathBuf::from(format!("{}{ending}", file.display()));
        let away = folder.path().join("away");
        std::fs::rename(&moved, &away).unwrap();
        let error = ledger.add().await.expect_err("nobody would find it");
        assert_taken_away(&error, &format!("store.db{ending}"), "removed");
        assert!(!moved.exists(), "nothing is put in its place");
        std::fs::rename(&away, &moved).unwrap();
        ledger.add().await.unwrap();
        ledger.check(&file).await;
        std::fs::remove_file(&file).unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_removed_is_told_by_writers_and_readers() {
    let folder = tempfile::tempdir().unwrap();
    let (file, mut ledger) = used(&folder).await;
    std::fs::remove_file(&file).unwrap();
    assert_taken_away(&ledger.add().await.expect_err("nobody would find it"), "store.db", "removed");
    let error = ledger.store.adapter().events.head(&"note-1".parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("store.db was removed"), "{error}");
    assert!(!file.exists(), "a store that is open makes no new file");
}

#[tokio::test]
async fn a_file_that_is_replaced_by_another_store_leaves_that_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, mut ledger) = used(&folder).await;
    let other = folder.path().join("other.db");
    drop(open(&other).await);
    std::fs::rename(&other, &file).unwrap();
    for _ in 0..3 {
        assert_taken_away(&ledger.add().await.expect_err("it is another store"), "store.db", "replaced");
    }
    let error = ledger.store.adapter().events.head(&"note-1".parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("store.db was replaced"), "{error}");
}
