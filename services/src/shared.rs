//! One server for all the processes of a test run.
//!
//! Who comes first starts it, under a lock; its address is left in a file. Who comes later finds the file and checks
//! that the server answers. While any process holds the users' lock the server stays (see `keep`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::account::Account;
use crate::keep::{self, Folder, Use};
use crate::{ServiceError, place};

/// How long a server stays that nobody uses: between two test binaries of one run.
const GRACE: Duration = Duration::from_secs(10);

/// The fact that names the server's folder.
pub(crate) const FOLDER: &str = "folder";

/// What is known of a server that was started: by whoever started it, and written down for the others.
pub(crate) type Facts = BTreeMap<String, String>;

/// The locks and the file of one shared server.
pub(crate) struct Shared {
    name: String,
    files: PathBuf,
}

impl Shared {
    pub(crate) fn new(name: &str) -> Result<Self, ServiceError> {
        Ok(Self { name: name.to_owned(), files: place::under_target("services")? })
    }

    /// The server, started when nobody has. Until this process ends, the server stays.
    pub(crate) async fn find_or_start<A, S>(
        &self,
        answers: impl FnOnce(Facts) -> A,
        start: impl FnOnce() -> S,
    ) -> Result<Facts, ServiceError>
    where
        A: Future<Output = bool>,
        S: Future<Output = Result<Facts, ServiceError>>,
    {
        self.announce()?;
        let lock = self.file("start");
        let starting = keep::open(&lock)?;
        // Others may be at it for seconds: not on a thread of the caller's runtime.
        let waited = tokio::task::spawn_blocking(move || starting.lock().map(|()| starting)).await;
        let _starting = waited
            .map_err(|error| ServiceError::failed("waiting for a server", error.to_string()))?
            .map_err(ServiceError::file("lock", &lock))?;
        // Nobody can watch over a server whose folder is gone.
        if let Some(facts) = self.read()
            && let Some(folder) = facts.get(FOLDER).map(Path::new).filter(|folder| folder.exists())
            && answers(facts.clone()).await
        {
            Folder::keep_found(folder, &self.file("users"), GRACE, &self.file("state"))?;
            return Ok(facts);
        }
        let facts = start().await?;
        self.write(&facts)?;
        Ok(facts)
    }

    /// A folder for the server, watched from now on: whoever starts it may be killed while it starts.
    pub(crate) fn folder(&self, account: Account, within: &Path) -> Result<Folder, ServiceError> {
        let folder = Folder::new(&self.name, account, within)?;
        folder.keep_shared(&self.file("users"), GRACE, &self.file("state"))?;
        Ok(folder)
    }

    /// Once for each process, until it ends: the lock goes with it.
    fn announce(&self) -> Result<(), ServiceError> {
        static ANNOUNCED: Mutex<BTreeMap<String, Use>> = Mutex::new(BTreeMap::new());
        let mut announced = ANNOUNCED.lock().unwrap_or_else(PoisonError::into_inner);
        if !announced.contains_key(&self.name) {
            announced.insert(self.name.clone(), Use::announce(&self.file("users"))?);
            // What cannot be swept now is in nobody's way until somebody starts a server.
            let _ = keep::sweep();
        }
        Ok(())
    }

    fn file(&self, what: &str) -> PathBuf {
        self.files.join(format!("{}.{what}", self.name))
    }

    fn read(&self) -> Option<Facts> {
        let text = std::fs::read_to_string(self.file("state")).ok()?;
        let facts = text.lines().filter_map(|line| line.split_once('='));
        Some(facts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn write(&self, facts: &Facts) -> Result<(), ServiceError> {
        let mut text = String::new();
        for (name, value) in facts {
            let _ = writeln!(text, "{name}={value}");
        }
        let (fresh, state) = (self.file("new"), self.file("state"));
        std::fs::write(&fresh, text).map_err(ServiceError::file("write", &fresh))?;
        std::fs::rename(&fresh, &state).map_err(ServiceError::file("write", &state))
    }
}

/// The facts by name.
pub(crate) fn facts(of: &[(&str, String)]) -> Facts {
    of.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}
