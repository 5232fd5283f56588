//! What the figures were measured on: processor, memory, system, file system, how long a sync takes, versions.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use annals::ports::{Clock, SystemClock};

use crate::measure::{Sample, milliseconds_since};

/// Writes whose sync is timed.
const SYNCS: usize = 100;

/// Named facts about the machine and the program.
pub(crate) fn facts(folder: &Path) -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    vec![
        ("date", SystemClock.now().date()),
        ("processor", format!("{cores} cores of {processor}")),
        ("memory", memory),
        ("system", format!("{} {}", std::env::consts::OS, kernel.trim())),
        ("file system", file_system(folder)),
        ("sync of a 4 KiB write", sync_latency(folder)),
        ("annals", env!("CARGO_PKG_VERSION").to_owned()),
        ("SQLite", rusqlite::version().to_owned()),
        ("compiler", compiler()),
    ]
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let found = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    found.max().map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

/// How long a small write to a file in this folder takes to be on the disk.
pub(crate) fn sync_latency(folder: &Path) -> String {
    let timed = || -> std::io::Result<Vec<f64>> {
        let path = folder.join("sync");
        let mut file = fs::File::create(&path)?;
        let mut times = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            let begun = Instant::now();
            file.write_all(&[7; 4_096])?;
            file.sync_data()?;
            times.push(milliseconds_since(begun));
        }
        fs::remove_file(path)?;
        Ok(times)
    };
    match timed().map(Sample::of) {
        Ok(Some(times)) => {
            format!("{:.2} ms (median), {:.2} ms (p99)", times.median(), times.percentile(99))
        }
        Ok(None) => "not measured".to_owned(),
        Err(error) => format!("not measured: {error}"),
    }
}

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output();
    version.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
