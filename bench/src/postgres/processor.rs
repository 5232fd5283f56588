//! The time that processes spend on processors, as the system counts it, in nanoseconds.

use std::fs;
use std::path::Path;
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
    for process in fs::read_dir("/proc")? {
        let process = process?.path();
        if parent(&process) == Some(server) {
            servers += nanoseconds(&process);
        }
    }
    if ours == 0 || servers == 0 {
        return Err("the system does not tell what processes spend (/proc/…/schedstat)".into());
    }
    Ok(Spent { ours: Duration::from_nanos(ours), servers: Duration::from_nanos(servers) })
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
