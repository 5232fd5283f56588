//! The program `docker`: all that is asked of it here.
//!
//! It is the one way to the engine, since the watcher (see `keep`) is a shell script and has no other.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::{ServiceError, place, process};

/// How long an engine may take to answer: a machine that builds is slow.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a registry may take to answer; what it then sends may take as long as it takes.
const PATIENCE_WITH_REGISTRIES: Duration = Duration::from_secs(5);

/// The label that holds the folder of a container's server.
const FOLDER: &str = "annals.services";
/// The label that holds the machine of that folder, since an engine may serve several.
const MACHINE: &str = "annals.services.machine";

/// The labels of a container whose server has this folder.
pub(crate) fn labels(folder: &Path) -> [String; 2] {
    [format!("{FOLDER}={}", folder.display()), format!("{MACHINE}={:04x}", place::machine())]
}

/// Whether an engine answers; else why not.
pub(crate) fn engine() -> Result<(), String> {
    let asked = docker(&["version", "--format", "{{.Server.Version}}"]);
    asked.map(drop).map_err(|error| match error {
        ServiceError::Failed { detail, .. } => format!("no Docker engine answers: {}", last_line(&detail)),
        error => error.to_string(),
    })
}

/// Whether the engine has this image.
pub(crate) fn has_image(name: &str) -> bool {
    docker(&["image", "inspect", "--format", "{{.Id}}", name]).is_ok()
}

/// Pulls an image; else tells why not. Gives up when the registry does not answer, since nothing else would end it soon.
pub(crate) fn pull(image: &str) -> Result<(), String> {
    eprintln!("pulling {image} with docker");
    let mut command = Command::new("docker");
    command.args(["pull", image]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let (said, answered) = mpsc::channel();
    let lines = child.stdout.take().map(BufReader::new);
    std::thread::spawn(move || {
        for line in lines.into_iter().flat_map(BufRead::lines) {
            // Whoever has heard the first listens no longer.
            let _ = said.send(line.is_ok());
        }
    });
    // The registry's answer is the first line; without one the program ends, and the channel with it.
    if answered.recv_timeout(PATIENCE_WITH_REGISTRIES) == Err(RecvTimeoutError::Timeout) {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("its registry has not answered within {PATIENCE_WITH_REGISTRIES:?}"));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(last_line(&String::from_utf8_lossy(&output.stderr))) }
}

/// Removes a container with all that it holds.
pub(crate) fn remove(container: &str) -> Result<(), ServiceError> {
    docker(&["rm", "--force", "--volumes", container]).map(drop)
}

/// Removes this machine's containers whose folder is gone: nobody watches over them.
pub(crate) fn sweep() -> Result<(), ServiceError> {
    let of_this_machine = format!("label={MACHINE}={:04x}", place::machine());
    let shown = format!("{{{{.ID}}}} {{{{.Label \"{FOLDER}\"}}}}");
    let listed = docker(&["ps", "--all", "--no-trunc", "--filter", &of_this_machine, "--format", &shown])?;
    for (container, folder) in listed.lines().filter_map(|line| line.split_once(' ')) {
        if !Path::new(folder).exists() {
            // Somebody else may be removing it.
            let _ = remove(container);
        }
    }
    Ok(())
}

fn docker(arguments: &[&str]) -> Result<String, ServiceError> {
    process::run_within(Command::new("docker").args(arguments), PATIENCE)
}

/// The one line that tells why.
fn last_line(said: &str) -> String {
    let line = said.trim().lines().last().unwrap_or_default();
    line.trim_start_matches("Error response from daemon: ").to_owned()
}
