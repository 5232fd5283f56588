//! Whether the files that the store has open still stand where they were opened. A file that was removed or replaced
//! goes on taking writes that nobody will ever find again, and SQLite does not mind: nothing is written then, and
//! nothing answered (laws A01 and R02).

use std::path::PathBuf;

use crate::fault::Fault;
use crate::options::SqliteOptions;

/// The file, its write-ahead log, and the memory through which processes share it, as they were opened.
pub(crate) struct Presence {
    file: Opened,
    /// What stands beside the file as long as anybody has it open.
    beside: Vec<Opened>,
}

struct Opened {
    path: PathBuf,
    identity: Identity,
}

impl Presence {
    /// Notes the files of a store that was just opened.
    pub(crate) fn of(options: &SqliteOptions) -> Result<Self, Fault> {
        let gone = |error| {
            Fault::unavailable(format!("{} was opened and cannot be found: {error}", options.location()))
        };
        // SQLite, too, follows links, and a working directory may change.
        let path = options.path.canonicalize().map_err(gone)?;
        let mut beside = Vec::new();
        for ending in ["-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(ending);
            let path = PathBuf::from(name);
            // A file that may only be read can be open without them.
            if let Ok(identity) = identity(&path) {
                beside.push(Opened { path, identity });
            }
        }
        let identity = identity(&path).map_err(gone)?;
        Ok(Self { file: Opened { path, identity }, beside })
    }

    /// Refuses when the file is another one, or none.
    pub(crate) fn check_file(&self) -> Result<(), Fault> {
        self.file.check()
    }

    /// Refuses when any of the files is another one, or none.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.file.check()?;
        self.beside.iter().try_for_each(Opened::check)
    }
}

impl Opened {
    fn check(&self) -> Result<(), Fault> {
        let what = match identity(&self.path) {
            Ok(found) if found == self.identity => return Ok(()),
            Ok(_) => "replaced",
            Err(_) => "removed",
        };
        let path = self.path.display();
        Err(Fault::refused(format!(
            "{path} was {what} while the store had it open; put it back, or open the store again"
        )))
    }
}

#[cfg(unix)]
type Identity = (u64, u64);

/// The file system and the number of the file in it, and nothing else about it: who asks Linux for a file's times has its
/// next write note the moment exactly, and the sync after that write takes longer.
#[cfg(target_os = "linux")]
fn identity(path: &std::path::Path) -> std::io::Result<Identity> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
    use rustix::io::Errno;
    match statx(CWD, path, AtFlags::empty(), StatxFlags::INO) {
        Ok(file) => Ok((makedev(file.stx_dev_major, file.stx_dev_minor), file.stx_ino)),
        // Not every kernel and not every sandbox has it.
        Err(Errno::NOSYS | Errno::PERM) => identity_of_all(path),
        Err(error) => Err(error.into()),
    }
}

/// The file system and the number of the file in it.
#[cfg(all(unix, not(target_os = "linux")))]
use identity_of_all as identity;

/// The file system and the number of the file in it, out of all that is known of it.
#[cfg(unix)]
fn identity_of_all(path: &std::path::Path) -> std::io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
type Identity = ();

/// Elsewhere a file that is open can be neither removed nor replaced.
#[cfg(not(unix))]
fn identity(path: &std::path::Path) -> std::io::Result<Identity> {
    std::fs::metadata(path).map(|_| ())
}
