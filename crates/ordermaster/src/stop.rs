//! Asking long work to stop: no new work is begun, what is in flight is finished.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

/// Whether work was asked to stop. Clones are one and the same.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Not asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asked for by Ctrl-C or, on Unix, by SIGTERM. A second one ends the process at once, with exit code 130 or 143;
    /// what was recorded stays.
    ///
    /// Needs a Tokio runtime.
    pub fn on_signals() -> Self {
        let stop = Self::new();
        let asked = stop.clone();
        tokio::spawn(async move {
            if signal().await.is_some() {
                asked.ask();
                if let Some(code) = signal().await {
                    std::process::exit(code);
                }
            }
        });
        stop
    }

    /// Asks.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked.
    pub async fn asked(&self) {
        // The sender lives as long as this value.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }

    /// What `work` comes to; none when it was asked to stop before, and `work` was given up.
    pub async fn unless_asked<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.asked() => None,
            done = work => Some(done),
        }
    }
}

/// The exit code that stands for the next signal; none where there are no signals.
#[cfg(unix)]
async fn signal() -> Option<i32> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).ok()?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.ok().map(|()| 130),
        _ = terminate.recv() => Some(143),
    }
}

#[cfg(not(unix))]
async fn signal() -> Option<i32> {
    tokio::signal::ctrl_c().await.ok().map(|()| 130)
}

#[cfg(test)]
mod tests {
    use super::Stop;

    #[tokio::test]
    async fn work_is_given_up_once_it_is_asked_to_stop() {
        let stop = Stop::new();
        assert_eq!(stop.unless_asked(async { 1 }).await, Some(1));
        stop.clone().ask();
        assert!(stop.is_asked());
        assert_eq!(stop.unless_asked(std::future::pending::<u8>()).await, None);
    }
}
