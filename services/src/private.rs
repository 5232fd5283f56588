//! A PostgreSQL server that one test has for itself, to kill and to start again: always programs of this machine, whose
//! processes and files are within reach.

use std::ops::Deref;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::binaries::Binaries;
use crate::error::or_fail;
use crate::keep::{Folder, Use};
use crate::place::Servers;
use crate::postgres::initialise;
use crate::server::Plan;
use crate::source::Source;
use crate::started::{again, last_lines};
use crate::{Postgres, ServiceError, Version, place, process};

/// How a private server differs from the usual.
#[derive(Clone, Debug)]
pub struct PrivateOptions {
    version: Version,
    within: Option<PathBuf>,
    settings: Vec<(String, String)>,
}

impl PrivateOptions {
    /// The usual: durable, in a temporary folder.
    pub fn new(version: Version) -> Self {
        Self { version, within: None, settings: Vec::new() }
    }

    /// In a folder below this one, which the account that runs it may enter: a small disk, for instance.
    #[must_use]
    pub fn within(self, folder: impl Into<PathBuf>) -> Self {
        Self { within: Some(folder.into()), ..self }
    }

    /// With this setting in its configuration.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started, with one line that says why.
    pub async fn start(self) -> PrivatePostgres {
        or_fail(self.try_start().await)
    }

    async fn try_start(self) -> Result<PrivatePostgres, ServiceError> {
        let version = self.version;
        Source::asked()?.native_only(&format!("a private {}", version.name()))?;
        let found = tokio::task::spawn_blocking(move || Binaries::find(version)).await;
        let binaries = found.map_err(|error| ServiceError::failed("looking", error.to_string()))??;
        let within = self.within.map_or_else(|| Servers::find().map(|found| found.on_disk), Ok)?;
        let folder = Folder::new("private", binaries.account, &within)?;
        let held = folder.keep_private()?;
        let port = place::free_port()?;
        let plan = Plan { binaries, folder: folder.path().to_owned(), port, settings: self.settings };
        let (plan, made) = initialise(plan).await;
        made?;
        let child = plan.start().await?;
        let how = format!("private, started from {} on port {port}", plan.binaries.folder.display());
        let server = Postgres::from_plan(&plan, how)?;
        eprintln!("services: PostgreSQL {}, {}", server.version(), server.how());
        Ok(PrivatePostgres { server, plan, folder, child: Some(child), _use: held })
    }
}

/// A server of a test's own, killed and removed when it is dropped.
#[derive(Debug)]
pub struct PrivatePostgres {
    server: Postgres,
    plan: Plan,
    folder: Folder,
    child: Option<Child>,
    _use: Use,
}

/// A private server with the usual settings.
///
/// # Panics
/// When it cannot be started, with one line that says why.
pub async fn private_postgres(version: Version) -> PrivatePostgres {
    PrivateOptions::new(version).start().await
}

impl Deref for PrivatePostgres {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        &self.server
    }
}

impl PrivatePostgres {
    /// SIGKILL for the server and all that belongs to it, at one moment. Nothing when it does not run.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            process::kill_family(child.id());
            // It cannot run on.
            let _ = child.wait();
        }
    }

    /// Ends the server in good order, refusing whoever is connected.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        process::signal("INT", &[child.id()]);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        process::kill_family(child.id());
        let _ = child.wait();
    }

    /// Starts it again on the same port and the same data, and waits until it answers.
    ///
    /// # Panics
    /// When it does not come back, with the end of its log.
    pub async fn restart(&mut self) {
        self.kill();
        self.child = Some(or_fail(again(|| self.plan.start()).await));
    }

    /// Where the server's data and its log lie.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The folder of its binaries: `psql`, `pg_dump` where the machine has them.
    pub fn binaries(&self) -> &std::path::Path {
        &self.plan.binaries.folder
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the end of the private server's log:\n{}", last_lines(&self.plan.log(), 30));
        }
        self.folder.remove();
    }
}
