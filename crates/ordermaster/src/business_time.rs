//! Business time: what is recorded afterwards happened when it happened, not when it was recorded.

use std::sync::Arc;

use annals::ports::Clock;
use annals::{RepositoryOptions, Timestamp};

/// A clock that stands still.
#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Options under which decisions are made as of `instant`. Stores stamp events with the machine's clock all the same.
pub(crate) fn as_of(instant: Timestamp) -> RepositoryOptions {
    RepositoryOptions::default().clock(Arc::new(At(instant)))
}
