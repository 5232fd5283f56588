//! Asking long work to stop: no new work is begun, what is in flight is finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether work was asked to stop. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Not asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asked for by Ctrl-C. A second one, or one after the work is done and this value gone, ends the process at once,
    /// with exit code 130; what was recorded stays.
    ///
    /// Needs a Tokio runtime.
    pub fn on_ctrl_c() -> Self {
        let stop = Self::new();
        let work = Arc::downgrade(&stop.0);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                match work.upgrade() {
                    Some(asked) if !asked.swap(true, Ordering::Relaxed) => {}
                    _ => std::process::exit(130),
                }
            }
        });
        stop
    }

    /// Asks.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
