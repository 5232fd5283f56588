//! The clock that an adapter stamps events with; tests step their own.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use annals_core::Timestamp;

/// A source of the present moment.
pub trait Clock: Send + Sync + Debug {
    /// Now, in UTC. May step back, as a machine's clock does.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
        };
        Timestamp::from_micros(micros)
    }
}
