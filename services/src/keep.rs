//! Sees to it that no server outlives its use, however the processes end that use it.
//!
//! Whoever uses a server holds a shared lock on a file; the system lets go of it even when the process is killed. A
//! watcher, a small shell script of its own, stops the server and removes its folder once nobody has held the lock for
//! some seconds. Folders whose watcher was killed, too, are watched anew by whoever next uses a server, this one or another.

use std::fs::{File, TryLockError};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::ServiceError;
use crate::account::Account;
use crate::place::{self, Servers};

const SCRIPT: &str = include_str!("keep.sh");

/// The lock's name in a server's folder: the lock itself, or a link to it.
const USERS: &str = "users";

/// Held while a server is used.
#[derive(Debug)]
pub(crate) struct Use {
    _lock: File,
}

impl Use {
    /// Announces this process as one that uses what the lock stands for. Waits while that is being removed.
    pub(crate) fn announce(lock: &Path) -> Result<Self, ServiceError> {
        let file = open(lock)?;
        file.lock_shared().map_err(ServiceError::file("lock", lock))?;
        Ok(Self { _lock: file })
    }
}

pub(crate) fn open(lock: &Path) -> Result<File, ServiceError> {
    let opened = File::options().create(true).append(true).open(lock);
    opened.map_err(ServiceError::file("open the lock", lock))
}

/// Waits until nobody else holds the lock, and holds it alone.
pub(crate) fn alone(lock: &Path) -> Result<File, ServiceError> {
    let file = open(lock)?;
    file.lock().map_err(ServiceError::file("lock", lock))?;
    Ok(file)
}

/// A server's folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new one, owned by the account.
    pub(crate) fn new(name: &str, account: Account, within: &Path) -> Result<Self, ServiceError> {
        sweep()?;
        let folder = within.join(format!("{name}-{}", place::unique()));
        std::fs::create_dir(&folder).map_err(ServiceError::file("make the folder", &folder))?;
        account.own(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Announces this process as the only one that uses the folder, and has it watched.
    pub(crate) fn keep_private(&self) -> Result<Use, ServiceError> {
        let held = Use::announce(&self.0.join(USERS))?;
        self.watch(&self.0.join(USERS), Duration::from_secs(1), None)?;
        Ok(held)
    }

    /// Has the folder watched for as long as the lock, which lies elsewhere, is held.
    pub(crate) fn keep_shared(&self, lock: &Path, grace: Duration, state: &Path) -> Result<(), ServiceError> {
        let link = self.0.join(USERS);
        std::os::unix::fs::symlink(lock, &link).map_err(ServiceError::file("make the link", &link))?;
        self.watch(lock, grace, Some(state))
    }

    fn watch(&self, lock: &Path, grace: Duration, state: Option<&Path>) -> Result<(), ServiceError> {
        let log = self.0.join("watcher.log");
        let log = File::create(&log).map_err(ServiceError::file("write", &log))?;
        let mut watcher = Command::new("sh");
        watcher
            .args(["-c", SCRIPT, "annals-services"])
            .arg(&self.0)
            .arg(lock)
            .arg(grace.as_secs().to_string());
        watcher.arg(state.unwrap_or(Path::new("")));
        // In a group of its own: what ends the tests does not end it.
        watcher.process_group(0).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if !has_flock() {
            let remedy = "it comes with util-linux; or name a server of your own in the environment";
            return Err(ServiceError::Missing { what: "the program flock".into(), remedy: remedy.into() });
        }
        watcher.spawn().map(drop).map_err(|error| ServiceError::failed("starting sh", error.to_string()))
    }

    /// Has the folder of a server that was found watched anew, should its watcher have been killed.
    pub(crate) fn keep_found(
        path: &Path,
        lock: &Path,
        grace: Duration,
        state: &Path,
    ) -> Result<(), ServiceError> {
        if is_free(&path.join("watched")) {
            Self(path.to_owned()).watch(lock, grace, Some(state))
        } else {
            Ok(())
        }
    }

    /// Removes the folder; its watcher ends by itself.
    pub(crate) fn remove(&self) {
        // What is left is swept later.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn has_flock() -> bool {
    let asked = Command::new("flock").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Has every folder watched again that nobody uses and nobody watches over.
pub(crate) fn sweep() -> Result<(), ServiceError> {
    let Servers { on_disk, in_memory } = Servers::find()?;
    for parent in [Some(on_disk), in_memory].into_iter().flatten() {
        let entries = std::fs::read_dir(&parent).map_err(ServiceError::file("list", &parent))?;
        for folder in entries.flatten().map(|entry| Folder(entry.path())) {
            let users = folder.0.join(USERS);
            // One that is just being made has no lock, or one that is held.
            if users.exists() && is_free(&users) && is_free(&folder.0.join("watched")) {
                folder.watch(&users, Duration::ZERO, None)?;
            }
        }
    }
    Ok(())
}

fn is_free(lock: &Path) -> bool {
    let Ok(file) = open(lock) else { return false };
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}
