//! Waiting for a file that another process holds: every half millisecond, until the moment that the thread's
//! present work has to be answered by. SQLite's own handler backs off to 100 ms, and starves beside busy writers. Who
//! had to wait a moment ago is not alone, and leaves the others time to look before it takes the file again.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

const PAUSE: Duration = Duration::from_micros(500);

/// Long enough for each of the others to have looked once.
const COURTESY: Duration = Duration::from_micros(700);

/// For so long after a wait others are taken to be there.
const NOT_ALONE: Duration = Duration::from_millis(100);

thread_local! {
    // SQLite's handler is a bare function; each connection is used by one thread alone.
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
    static WAITED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Makes `connection` wait as this module does.
pub(crate) fn attend(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(|_| wait()))
}

/// From now on this thread's connections wait until `deadline`.
pub(crate) fn until(deadline: Instant) {
    UNTIL.set(Some(deadline));
}

/// Lets others have the file first, if there were any a moment ago: who has just given it back is on the processor, and
/// would take it again before they look.
pub(crate) fn let_others() {
    if WAITED.get().is_some_and(|waited| waited.elapsed() < NOT_ALONE) {
        thread::sleep(COURTESY);
    }
}

/// Pauses once, unless the time is over.
pub(crate) fn wait() -> bool {
    let now = Instant::now();
    let in_time = UNTIL.get().is_some_and(|until| now < until);
    if in_time {
        WAITED.set(Some(now));
        thread::sleep(PAUSE);
    }
    in_time
}
