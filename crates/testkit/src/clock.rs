//! A clock that stands still until a test moves it, forwards or back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use annals_core::Timestamp;
use annals_ports::{Clock, SystemClock};

/// A clock that a test moves. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use annals_ports::Clock;
/// use annals_testkit::ManualClock;
///
/// let clock = ManualClock::at("2024-02-29T12:00:00Z".parse()?);
/// clock.advance(Duration::from_micros(1));
/// assert_eq!(clock.now().to_string(), "2024-02-29T12:00:00.000001Z");
/// # Ok::<(), annals_core::InvalidTimestamp>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `instant`.
    pub fn at(instant: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(instant.as_micros())))
    }

    /// A clock that stands still at the machine's present.
    pub fn at_present() -> Self {
        Self::at(SystemClock.now())
    }

    /// Makes it show `instant`.
    pub fn set(&self, instant: Timestamp) {
        self.0.store(instant.as_micros(), Ordering::SeqCst);
    }

    /// Moves it forwards.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }

    /// Moves it back, as the clock of a machine is moved when it was wrong.
    pub fn step_back(&self, by: Duration) {
        self.set(self.now().minus(by));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
