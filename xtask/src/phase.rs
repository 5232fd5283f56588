//! A phase of a task: one program run to its end, its output passed through, its time kept.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How a phase ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It did what it should.
    Passed,
    /// It failed, or could not be started.
    Failed(String),
    /// It was not run, and why.
    NotRun(String),
}

/// A phase that has ended.
#[derive(Debug)]
pub(crate) struct Phase {
    /// What it checks.
    pub(crate) name: &'static str,
    /// How it ended.
    pub(crate) ending: Ending,
    /// How long it took.
    pub(crate) took: Duration,
    /// The exit code of its program, where it ended by itself.
    pub(crate) code: Option<i32>,
}

impl Phase {
    /// Runs `command` to its end.
    pub(crate) fn run(name: &'static str, command: &mut Command) -> Self {
        println!("\n── {name}");
        let begun = Instant::now();
        let status = command.current_dir(root()).status();
        Self::ended(name, command, status, begun)
    }

    /// Runs `command` to its end and shows what it prints to `see`, line by line.
    pub(crate) fn read(name: &'static str, command: &mut Command, see: &mut dyn FnMut(&str)) -> Self {
        println!("\n── {name}");
        let begun = Instant::now();
        let status = read_output(command.current_dir(root()), see);
        Self::ended(name, command, status, begun)
    }

    fn ended(name: &'static str, command: &Command, status: io::Result<ExitStatus>, begun: Instant) -> Self {
        let (ending, code) = match status {
            Ok(status) if status.success() => (Ending::Passed, status.code()),
            Ok(status) => (Ending::Failed(status.to_string()), status.code()),
            Err(error) => {
                let program = command.get_program().display();
                (Ending::Failed(format!("cannot run {program}: {error}")), None)
            }
        };
        Self { name, ending, took: begun.elapsed(), code }
    }

    /// A phase that ran no program of its own.
    pub(crate) fn of(name: &'static str, ending: Ending, begun: Instant) -> Self {
        Self { name, ending, took: begun.elapsed(), code: None }
    }

    /// A phase that is not run, with the reason.
    pub(crate) fn not_run(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, ending: Ending::NotRun(why.into()), took: Duration::ZERO, code: None }
    }
}

/// Shows a program's output to `see`, line by line, until it ends.
pub(crate) fn read_output(command: &mut Command, see: &mut dyn FnMut(&str)) -> io::Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    let mut child = command.stdout(writer.try_clone()?).stderr(writer).spawn()?;
    // The command keeps the pipe's writing end; without this the reading end would never see its end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for line in io::BufReader::new(reader).lines() {
        see(&line?);
    }
    child.wait()
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A cargo command with these arguments.
pub(crate) fn cargo_with(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo());
    // What cargo tells this program of its own package. Build scripts of others look at the same names, and would run
    // again, with all that stands on them, whenever a task follows a command typed by hand.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(name)) {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

fn is_of_a_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Whether `cargo <subcommand>` is installed.
pub(crate) fn has_subcommand(subcommand: &str) -> bool {
    cargo_with(&[subcommand, "--version"]).output().is_ok_and(|output| output.status.success())
}

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// The exit code that passes on how a program ended.
pub(crate) fn exit_code(status: io::Result<ExitStatus>) -> ExitCode {
    match status {
        Ok(status) => {
            status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            eprintln!("cannot start the program: {error}");
            ExitCode::FAILURE
        }
    }
}
