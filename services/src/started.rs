//! Servers that were just started: waited for until they answer, and started again after they were killed.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::{ServiceError, process};

/// How long a server may take to start; on a busy machine it does take long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until a server answers. One that ends before, or takes too long, is killed, and its last words are the error.
pub(crate) async fn until_it_answers<A: Future<Output = bool>>(
    mut child: Child,
    what: &str,
    log: &Path,
    answers: impl Fn() -> A,
) -> Result<Child, ServiceError> {
    let begun = Instant::now();
    while !answers().await {
        if child.try_wait().ok().flatten().is_some() || begun.elapsed() > PATIENCE {
            process::kill_family(child.id());
            let _ = child.wait();
            return Err(ServiceError::failed(format!("starting {what}"), last_lines(log, 20)));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(child)
}

/// Starts a server again that was just killed. What died with it may hold its port or its memory for a moment longer.
pub(crate) async fn again<S: Future<Output = Result<Child, ServiceError>>>(
    start: impl Fn() -> S,
) -> Result<Child, ServiceError> {
    let begun = Instant::now();
    let mut started = start().await;
    while started.is_err() && begun.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        started = start().await;
    }
    started
}

/// The end of a log.
pub(crate) fn last_lines(log: &Path, count: usize) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
