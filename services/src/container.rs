//! A server in a container, run by the program `docker`, whose output is the server's log as any program's is.
//!
//! The container goes on when that program is killed. Its name stands in the server's folder, for the watcher.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::account::Account;
use crate::images::Image;
use crate::started::until_it_answers;
use crate::{ServiceError, docker, place};

/// The file in a server's folder that holds the name of its container; the watcher reads it.
const NAME: &str = "container";

/// How a container is to be started.
#[derive(Debug)]
pub(crate) struct Container {
    image: Image,
    folder: PathBuf,
    port: u16,
    options: Vec<String>,
    command: Vec<String>,
}

impl Container {
    /// One whose port `inside` is a free one of this machine, and of nobody else's. Removes those first that nobody
    /// watches over.
    pub(crate) fn new(image: Image, folder: &Path, inside: u16) -> Result<Self, ServiceError> {
        docker::sweep()?;
        let port = place::free_port()?;
        let options = vec!["--publish".to_owned(), format!("127.0.0.1:{port}:{inside}")];
        Ok(Self { image, folder: folder.to_owned(), port, options, command: Vec::new() })
    }

    /// With an option of `docker run`.
    pub(crate) fn option(mut self, name: &str, value: impl Into<String>) -> Self {
        self.options.extend([name.to_owned(), value.into()]);
        self
    }

    /// With these words after the image's name.
    pub(crate) fn command<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.command.extend(words.into_iter().map(Into::into));
        self
    }

    /// Starts it and waits until its server answers.
    pub(crate) async fn start<A: Future<Output = bool>>(
        &self,
        what: &str,
        answers: impl Fn() -> A,
    ) -> Result<(), ServiceError> {
        let run = self.run()?;
        let started = until_it_answers(run, what, &self.log(), answers).await.map(drop);
        if started.is_err() {
            // One that never was is gone, too.
            let _ = docker::remove(&self.name());
        }
        started
    }

    fn run(&self) -> Result<Child, ServiceError> {
        let (log, name) = (self.log(), self.folder.join(NAME));
        // Before the container: whoever starts it may be killed.
        std::fs::write(&name, self.name()).map_err(ServiceError::file("write", &name))?;
        let out = File::create(&log).map_err(ServiceError::file("write", &log))?;
        let errors = out.try_clone().map_err(ServiceError::file("write", &log))?;
        let mut command = Account::own_of_process().server(Path::new("docker"));
        command.args(["run", "--rm", "--pull", "never", "--name", &self.name()]);
        command.args(docker::labels(&self.folder).iter().flat_map(|label| ["--label", label]));
        command.args(&self.options).arg(&self.image.name).args(&self.command);
        command.stdin(Stdio::null()).stdout(out).stderr(errors);
        // What ends the tests leaves the container to its watcher.
        command.process_group(0);
        command.spawn().map_err(|error| ServiceError::failed(format!("{command:?}"), error.to_string()))
    }

    fn name(&self) -> String {
        let folder = self.folder.file_name().unwrap_or_default().to_string_lossy();
        format!("annals-services-{folder}")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Where the server comes from.
    pub(crate) fn how(&self) -> String {
        format!("in a container of {} on port {}", self.image, self.port)
    }
}
