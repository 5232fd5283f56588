//! Waiting for a file that another process holds: every half millisecond, until the moment that the thread's
//! present work has to be answered by. SQLite's own handler backs off to 100 ms, and starves beside busy writers.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

const PAUSE: Duration = Duration::from_micros(500);

thread_local! {
    // SQLite's handler is a bare function; each connection is used by one thread alone.
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Makes `connection` wait as this module does.
pub(crate) fn attend(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(|_| wait()))
}

/// From now on this thread's connections wait until `deadline`.
pub(crate) fn until(deadline: Instant) {
    UNTIL.set(Some(deadline));
}

/// Pauses once, unless the time is over.
pub(crate) fn wait() -> bool {
    let in_time = UNTIL.get().is_some_and(|until| Instant::now() < until);
    if in_time {
        thread::sleep(PAUSE);
    }
    in_time
}
