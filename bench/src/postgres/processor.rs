//! Processors: the time that processes spend on them, as the system counts it, in nanoseconds; and one for all that is
//! measured.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bench::Outcome;

/// What this process and a server have spent so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub(super) ours: Duration,
    pub(super) servers: Duration,
}

/// What this process has spent, and the server whose first process this is. What a thread or process spent that has
/// ended since is not counted.
pub(super) fn spent(server: u32) -> Outcome<Spent> {
    let mut ours = 0;
    for task in fs::read_dir("/proc/self/task")? {
        ours += nanoseconds(&task?.path());
    }
    let mut servers = nanoseconds(&Path::new("/proc").join(server.to_string()));
    for process in children(server)? {
        servers += nanoseconds(&Path::new("/proc").join(process.to_string()));
    }
    if ours == 0 || servers == 0 {
        return Err("the system does not tell what processes spend (/proc/…/schedstat)".into());
    }
    Ok(Spent { ours: Duration::from_nanos(ours), servers: Duration::from_nanos(servers) })
}

/// This process and a server on one processor, until it is dropped. Where a client waits for each answer, how long it
/// takes depends above all on which of them wakes whom on which processor.
pub(super) struct OneProcessor {
    server: u32,
    all: String,
}

impl OneProcessor {
    /// Keeps all that there is of them, and all that is started by them, on the first processor that this process may
    /// run on. None where the program `taskset` cannot do that.
    pub(super) fn keep(server: u32) -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let all = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim().to_owned();
        let first = all.split([',', '-']).next()?.to_owned();
        run_on(&first, server).then_some(Self { server, all })
    }
}

impl Drop for OneProcessor {
    fn drop(&mut self) {
        run_on(&self.all, self.server);
    }
}

/// Whether this process, the server and all that belongs to it run on these processors now.
fn run_on(processors: &str, server: u32) -> bool {
    let Ok(mut processes) = children(server) else { return false };
    processes.extend([server, std::process::id()]);
    processes.iter().all(|process| {
        let mut taskset = Command::new("taskset");
        taskset.args(["--all-tasks", "--cpu-list", "--pid", processors]).arg(process.to_string());
        taskset.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
    })
}

fn children(server: u32) -> Outcome<Vec<u32>> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc")? {
        let process = process?;
        let number = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        found.extend(number.filter(|_| parent(&process.path()) == Some(server)));
    }
    Ok(found)
}

fn nanoseconds(folder: &Path) -> u64 {
    // One that has just ended has no file any more.
    let text = fs::read_to_string(folder.join("schedstat")).unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

fn parent(folder: &Path) -> Option<u32> {
    let text = fs::read_to_string(folder.join("stat")).ok()?;
    // Behind the name, which may hold anything: state, parent.
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
