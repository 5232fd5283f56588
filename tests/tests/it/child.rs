//! This test program, started again to run one test alone as another process.
//!
//! A test that needs another process asks [`role`] first: with a role it is that process. What a child was answered
//! it prints, a line each; a line is one write to the pipe, so that a kill leaves it whole or not at all.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

const ROLE: &str = "ANNALS_TEST_ROLE";

/// What a process ends with whose task panicked.
pub(crate) const PANICKED: i32 = 101;

/// What this process is to do, when it is a child.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// Has this process end when any of its tasks panics: the parent sees that it ended by itself.
pub(crate) fn end_on_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(PANICKED);
    }));
}

/// A setting that the parent gave.
pub(crate) fn given<T: std::str::FromStr>(name: &str) -> T {
    let text = std::env::var(name).unwrap_or_else(|_| panic!("the parent sets {name}"));
    text.parse().unwrap_or_else(|_| panic!("the parent sets {name} to something else than {text:?}"))
}

/// A number that whoever runs the tests may set.
pub(crate) fn asked<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// This program, to run the test `name` alone in the role given; its output comes through a pipe.
pub(crate) fn command(name: &str, role: &str) -> Command {
    in_program(Command::new(this_program()), name, role)
}

/// The same in a mount namespace of its own, in which it may mount what it likes.
#[cfg(target_os = "linux")]
pub(crate) fn command_in_own_mounts(name: &str, role: &str) -> Command {
    let mut command = Command::new("unshare");
    // Whoever is not root becomes it in there.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| owner(&process) == 0);
    let others: &[&str] = if is_root { &[] } else { &["--user", "--map-root-user"] };
    command.args(others).args(["--mount", "--"]).arg(this_program());
    in_program(command, name, role)
}

#[cfg(target_os = "linux")]
fn owner(of: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(of)
}

fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn in_program(mut command: Command, name: &str, role: &str) -> Command {
    command
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(ROLE, role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// A child that runs until it is told to end.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> (Self, Lines) {
        let mut child = command.spawn().unwrap();
        let lines = Lines(BufReader::new(child.stdout.take().unwrap()));
        (Self { child }, lines)
    }

    /// SIGKILL; what it ended by is answered, which may have been something before.
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.child.kill().unwrap();
        self.child.wait().unwrap()
    }

    /// SIGSTOP: the child stands still, wherever it is, until it is [woken](Self::wake).
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub(crate) fn wake(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success(), "the other process is gone: {status}");
    }

    /// Writes a line to the child.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for its end, which must be a good one.
    pub(crate) fn wait(mut self) {
        drop(self.child.stdin.take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the other process failed: {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that fails leaves no process behind; one that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a child prints.
pub(crate) struct Lines(BufReader<ChildStdout>);

/// What each line begins with, since the test program's own words may stand before it.
const MARK: &str = "child: ";

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let whole = line.strip_suffix('\n')?;
            if let Some((_, said)) = whole.split_once(MARK) {
                return Some(said.to_owned());
            }
        }
    }
}

/// Tells the parent something, in one write.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The parent may be gone; then nobody listens.
    let _ = out.write_all(format!("{MARK}{line}\n").as_bytes()).and_then(|()| out.flush());
}

/// Runs a program to its end, and panics with what it says when it fails.
#[cfg(target_os = "linux")]
pub(crate) fn run(program: &str, arguments: &[&std::ffi::OsStr]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be started: {error}; install it"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} failed: {}\n{said}", output.status);
}

/// Runs a child to its end, which must be a good one.
#[cfg(target_os = "linux")]
pub(crate) fn run_to_end(command: Command) {
    let (running, lines) = Running::start(command);
    let said: Vec<String> = lines.collect();
    running.wait();
    // So that a child which ran no test at all does not pass.
    assert_eq!(said.last().map(String::as_str), Some("done"), "the other process did not come to its end");
}
