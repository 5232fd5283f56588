//! Other programs: run to their end, killed with all their children.

use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::ServiceError;

/// Runs a program to its end; what it printed, or what it said against it.
pub(crate) fn run(command: &mut Command) -> Result<String, ServiceError> {
    let program = format!("{command:?}");
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| ServiceError::failed(&program, format!("it cannot be started: {error}")))?;
    printed(program, &output)
}

/// The same for a program that may never end: it is killed when it takes too long.
pub(crate) fn run_within(command: &mut Command, patience: Duration) -> Result<String, ServiceError> {
    let program = format!("{command:?}");
    let failed = |error: std::io::Error| ServiceError::failed(&program, format!("it cannot be run: {error}"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(failed)?;
    let (process, (tell, ended)) = (child.id(), mpsc::channel());
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(patience) else {
        signal("KILL", &[process]);
        return Err(ServiceError::failed(program, format!("no answer within {patience:?}")));
    };
    printed(program.clone(), &output.map_err(failed)?)
}

fn printed(program: String, output: &Output) -> Result<String, ServiceError> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ServiceError::failed(program, format!("{}: {said}", output.status)))
}

/// Sends a signal; whether the processes were there.
pub(crate) fn signal(name: &str, processes: &[u32]) -> bool {
    let numbers: Vec<_> = processes.iter().map(ToString::to_string).collect();
    let mut kill = Command::new("sh");
    kill.arg("-c").arg(format!("kill -{name} {}", numbers.join(" ")));
    kill.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Kills a process and its children at one moment, as a machine does that fails: nobody can tidy up.
pub(crate) fn kill_family(process: u32) {
    // A process that stands still has no further children.
    signal("STOP", &[process]);
    let mut family = children(process);
    family.push(process);
    signal("KILL", &family);
}

fn children(process: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|number| parent(*number) == Some(process)).collect()
}

/// Whether a process is there and not a zombie.
pub(crate) fn is_alive(process: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(stat) => !after_name(&stat).starts_with('Z'),
        Err(_) if std::path::Path::new("/proc/self").exists() => false,
        Err(_) => signal("0", &[process]),
    }
}

fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    after_name(&stat).split_whitespace().nth(1)?.parse().ok()
}

/// What follows a process's name, which may hold anything.
fn after_name(stat: &str) -> &str {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest.trim_start())
}
