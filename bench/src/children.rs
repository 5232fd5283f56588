//! Processes beside the one that measures: some that keep a store busy, one whose memory is measured from outside of
//! everything else. Each answers on its standard output, a line at a time.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use annals::projection::RunnerOptions;
use ordermaster::read_models::OrderSummary;
use tokio::task::JoinSet;

use crate::bench::Outcome;
use crate::history;

/// Commits that a batching process keeps in flight.
const IN_FLIGHT: usize = 128;

/// A process that was started; it is ended when this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// Starts this very program as the child of this name.
    pub(crate) fn start(arguments: &[&str]) -> Outcome<Self> {
        let program: PathBuf = std::env::current_exe()?;
        let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("the child has no output")?;
        Ok(Self { child, lines: BufReader::new(output) })
    }

    /// Waits for its next line.
    pub(crate) fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            return Err("a child process ended early; what went wrong stands above".into());
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Commits in batches; says `ready` at its first commit, and how many there were at its end.
pub(crate) async fn batch(url: &str, seconds: u64) -> Outcome {
    let store = annals::connect(url).await?;
    store.adapter().events.commit(history::opening()?).await?;
    println!("ready");
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let events = store.adapter().events.clone();
        tasks.spawn(async move {
            let mut count = 0_u64;
            while Instant::now() < until {
                events.commit(history::opening()?).await?;
                count += 1;
            }
            Outcome::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(done) = tasks.join_next().await {
        count += done??;
    }
    println!("{count}");
    Ok(())
}

/// Rebuilds the order summaries; says how many events it applied, and the most memory that it held, in KiB.
pub(crate) async fn rebuild(url: &str) -> Outcome {
    let store = annals::connect(url).await?;
    let options = RunnerOptions { owner: "the rebuilding child".to_owned(), ..RunnerOptions::default() };
    let done = store.runner(OrderSummary).with_options(options).rebuild(|_| {}).await?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system tells no VmHWM")?;
    let kibibytes = peak.trim().trim_end_matches("kB").trim();
    println!("{} {kibibytes}", done.events);
    Ok(())
}
