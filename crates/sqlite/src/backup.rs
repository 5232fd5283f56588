//! Copying the file while it is in use: page by page within one read transaction, so that the copy is one moment's
//! history whatever others write meanwhile.
//!
//! The copy is made under another name, synced, and only then gets its own; a file that is there is never touched, and
//! whatever goes wrong leaves nothing behind under the name that was asked for.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use annals_ports::Backup;
use rusqlite::backup::{Backup as Copying, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::fault::{Failure, Fault};
use crate::options::SqliteOptions;
use crate::rows::count;
use crate::upkeep::Tell;
use crate::{busy, sql};

/// Pages copied between two looks at whether anybody still waits.
const PAGES: i32 = 1_024;

/// What SQLite would take for part of the copy.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Copies what `source`, in a read transaction, sees.
pub(crate) fn copy(
    source: &Connection,
    options: &SqliteOptions,
    file: &Path,
    tell: &Tell,
) -> Result<Backup, Failure> {
    refuse_what_is_there(file)?;
    let unfinished = Unfinished::create(file, options)?;
    // The first read fixes the moment. Its transaction lasts to the end, which keeps the copy from beginning anew
    // whenever somebody commits.
    let events: i64 = source.query_row(sql!("end_of_feed"), [], |row| row.get(0))?;
    copy_pages(source, &unfinished.path, tell)?;
    let bytes = unfinished.finish(file)?;
    Ok(Backup { file: file.to_owned(), bytes, events: count(events) })
}

fn refuse_what_is_there(file: &Path) -> Result<(), Fault> {
    let beside = BESIDE.map(|ending| with_ending(file, ending));
    for path in std::iter::once(file).chain(beside.iter().map(PathBuf::as_path)) {
        // A link that leads nowhere is there, too.
        if path.symlink_metadata().is_ok() {
            return Err(is_there(path));
        }
    }
    Ok(())
}

fn is_there(path: &Path) -> Fault {
    Fault::refused(format!("{} is there already: name another file, or move it away", path.display()))
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn copy_pages(source: &Connection, to: &Path, tell: &Tell) -> Result<(), Fault> {
    let mut copy =
        Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Whatever goes wrong, the file is thrown away; it is synced once it is whole.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    let copying = Copying::new(source, &mut copy)?;
    loop {
        let step = copying.step(PAGES)?;
        let progress = copying.progress();
        let (all, left) = (count(progress.pagecount.into()), count(progress.remaining.into()));
        tell.tell("copying pages", all.saturating_sub(left), Some(all))?;
        match step {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked if !busy::wait() => {
                return Err(Fault::unavailable("the file is held by another process"));
            }
            _ => {}
        }
    }
}

/// The copy under its first name; removed unless it is finished.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn create(file: &Path, options: &SqliteOptions) -> Result<Self, Fault> {
        let path = with_ending(file, &format!(".{}.partial", std::process::id()));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| failed("cannot be created", &path, &error))?;
        let unfinished = Self { path };
        // Who may not read the store may not read its copy.
        if let Ok(source) = fs::metadata(&options.path) {
            let path = &unfinished.path;
            fs::set_permissions(path, source.permissions())
                .map_err(|error| failed("cannot be given the store's permissions", path, &error))?;
        }
        Ok(unfinished)
    }

    /// Syncs the copy, gives it its name unless another file has it, and syncs the directory. Answers its size.
    fn finish(self, file: &Path) -> Result<u64, Fault> {
        let synced = File::options().write(true).open(&self.path).and_then(|copy| {
            copy.sync_all()?;
            copy.metadata()
        });
        let bytes = synced.map_err(|error| failed("cannot be synced", &self.path, &error))?.len();
        match fs::hard_link(&self.path, file) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(is_there(file)),
            // A file system without links: the moment between look and renaming is all that is left to chance.
            Err(_) => {
                refuse_what_is_there(file)?;
                fs::rename(&self.path, file).map_err(|error| failed("cannot be named", file, &error))?;
            }
        }
        drop(self);
        sync_directory(file).map_err(|error| failed("may not outlast a power cut", file, &error))?;
        Ok(bytes)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It may have got its name by renaming.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn sync_directory(file: &Path) -> std::io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Elsewhere a directory cannot be opened, and its file system keeps names by itself.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Fault {
    let path = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Fault::full(format!("{path} {what}: {error}")),
        ErrorKind::NotFound => Fault::refused(format!("{path} {what}: {error}; create its directory first")),
        _ => Fault::refused(format!("{path} {what}: {error}; allow this user to write its directory")),
    }
}
