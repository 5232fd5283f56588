//! Waking who waits for events: at once for commits of this process; within 25 ms for those of others, by a thread
//! that looks only while somebody waits (law F05).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::watch;

use crate::busy;
use crate::connection::{self, Role};
use crate::fault::Fault;
use crate::options::SqliteOptions;
use crate::sql;

const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The last position known, and who waits for more.
pub(crate) struct Wake {
    end: watch::Sender<i64>,
    watched: Mutex<Watched>,
    changed: Condvar,
}

#[derive(Default)]
struct Watched {
    waiting: usize,
    is_closed: bool,
}

/// As long as it lives, the file is watched for commits of other processes.
pub(crate) struct Waiting {
    wake: Arc<Wake>,
}

impl Wake {
    pub(crate) fn new() -> Self {
        Self { end: watch::Sender::new(0), watched: Mutex::default(), changed: Condvar::new() }
    }

    /// Tells everybody that there are events up to `end`.
    pub(crate) fn publish(&self, end: i64) {
        self.end.send_if_modified(|known| {
            let is_news = end > *known;
            *known = end.max(*known);
            is_news
        });
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<i64> {
        self.end.subscribe()
    }

    /// Has the file watched.
    pub(crate) fn wait(self: &Arc<Self>) -> Waiting {
        self.lock().waiting += 1;
        self.changed.notify_all();
        Waiting { wake: self.clone() }
    }

    /// Ends the thread that watches.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until it is time to look. No when the store is closed.
    fn is_time(&self) -> bool {
        let watched = self.lock();
        let sleep = self.changed.wait_timeout_while(watched, LOOK_EVERY, |watched| !watched.is_closed);
        let (watched, _) = sleep.unwrap_or_else(PoisonError::into_inner);
        let idle = |watched: &mut Watched| watched.waiting == 0 && !watched.is_closed;
        let watched = self.changed.wait_while(watched, idle).unwrap_or_else(PoisonError::into_inner);
        !watched.is_closed
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.wake.lock().waiting -= 1;
    }
}

/// Starts the thread that watches the file.
pub(crate) fn start(
    options: &Arc<SqliteOptions>,
    wake: Arc<Wake>,
    alive: std::sync::mpsc::Sender<()>,
) -> std::io::Result<()> {
    let options = options.clone();
    std::thread::Builder::new().name("annals-sqlite-watcher".to_owned()).spawn(move || {
        let mut seen = None;
        let mut connection = None;
        while wake.is_time() {
            busy::until(Instant::now());
            // A look that fails is followed by the next; a reader meets the same failure, and tells it.
            match look(&mut connection, &options, &mut seen) {
                Ok(Some(end)) => wake.publish(end),
                Ok(None) => {}
                Err(_) => connection = None,
            }
        }
        connection::close(connection);
        drop(alive);
    })?;
    Ok(())
}

/// The end of the feed, when anything was written since the last look.
fn look(
    connection: &mut Option<Connection>,
    options: &SqliteOptions,
    seen: &mut Option<i64>,
) -> Result<Option<i64>, Fault> {
    let connection = if let Some(connection) = connection {
        connection
    } else {
        *seen = None;
        connection.insert(connection::open(options, Role::Reader)?)
    };
    let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
    if *seen == Some(version) {
        return Ok(None);
    }
    let end = connection.prepare_cached(sql!("end_of_feed"))?.query_row([], |row| row.get(0))?;
    *seen = Some(version);
    Ok(Some(end))
}
