//! Readers: a few threads, each with a connection of its own. Each piece of reading is one short read transaction,
//! since a long one would keep the write-ahead log from being used again.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use annals_core::StoreId;
use annals_ports::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::busy;
use crate::connection::{self, Role, roll_back, run};
use crate::fault::{Failure, Fault};
use crate::options::SqliteOptions;
use crate::presence::Presence;
use crate::rows::{Names, bytes};
use crate::sql;

type Task = Box<dyn FnOnce(&mut Reader) + Send>;

/// The readers' queue.
pub(crate) struct Readers {
    queue: Sender<Task>,
    options: Arc<SqliteOptions>,
}

/// Starts the threads, which end when the queue is dropped and empty.
pub(crate) fn start(
    options: &Arc<SqliteOptions>,
    presence: &Arc<Presence>,
    store: StoreId,
    alive: &Sender<()>,
) -> std::io::Result<Readers> {
    let (queue, tasks) = channel::<Task>();
    let tasks = Arc::new(Mutex::new(tasks));
    for number in 1..=options.reader_threads {
        let (tasks, alive) = (tasks.clone(), alive.clone());
        let (options, presence) = (options.clone(), presence.clone());
        std::thread::Builder::new().name(format!("annals-sqlite-reader-{number}")).spawn(move || {
            let names = Names::default();
            let mut reader = Reader { connection: None, names, schema: None, store, options, presence };
            while let Some(task) = next(&tasks) {
                task(&mut reader);
            }
            connection::close(reader);
            drop(alive);
        })?;
    }
    Ok(Readers { queue, options: options.clone() })
}

fn next(tasks: &Mutex<Receiver<Task>>) -> Option<Task> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

impl Readers {
    /// Runs `read` in one read transaction. `doing` is asked only for an error. The readers are told at once, not when the
    /// answer is first waited for.
    pub(crate) fn read<T, R>(
        &self,
        doing: impl Fn() -> String + Send,
        read: R,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        R: FnOnce(&Connection, &mut Names) -> Result<T, Failure> + Send + 'static,
    {
        let until = self.options.deadline();
        let (reply, answer) = oneshot::channel();
        let task: Task = Box::new(move |reader| {
            if !reply.is_closed() {
                // A caller who went away meanwhile wants no answer.
                let _ = reply.send(reader.read(until, read));
            }
        });
        // A queue that nobody reads any more drops the task, and with it the answer's other end.
        let _ = self.queue.send(task);
        async move {
            match tokio::time::timeout(self.options.patience(), answer).await {
                Ok(Ok(read)) => read.map_err(|failure| failure.told(&doing(), &self.options)),
                Ok(Err(_)) => {
                    let gone = Fault::unavailable("the store's readers have ended; open the store again");
                    Err(gone.told(&doing(), &self.options))
                }
                Err(_) => Err(StoreError::TimedOut { doing: doing(), after: self.options.patience() }),
            }
        }
    }
}

struct Reader {
    connection: Option<Connection>,
    names: Names,
    /// SQLite's count of changes to the schema, when the names were learned.
    schema: Option<i64>,
    store: StoreId,
    options: Arc<SqliteOptions>,
    presence: Arc<Presence>,
}

impl Reader {
    fn read<T>(
        &mut self,
        until: Instant,
        read: impl FnOnce(&Connection, &mut Names) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        busy::until(until);
        // R02: a file that was replaced is not the one that commits were answered from.
        self.presence.check_file()?;
        let connection = if let Some(connection) = &self.connection {
            connection
        } else {
            self.schema = None;
            self.connection.insert(connection::open(&self.options, Role::Reader)?)
        };
        run(connection, "BEGIN")?;
        let result = match same_file(connection, self.store, &mut self.schema) {
            Ok(true) => read(connection, &mut self.names),
            Ok(false) => {
                self.names = Names::default();
                read(connection, &mut self.names)
            }
            Err(fault) => Err(fault.into()),
        };
        roll_back(connection);
        if matches!(&result, Err(Failure::Fault(fault)) if fault.spoils_connection())
            || !connection.is_autocommit()
        {
            self.connection = None;
        }
        result
    }
}

/// Whether the file holds what it held when `seen` was noted, which is brought up to date. A backup that was put back in
/// place while the file is open counts as a change to the schema: what was learned of the file may be wrong then.
pub(crate) fn same_file(
    connection: &Connection,
    store: StoreId,
    seen: &mut Option<i64>,
) -> Result<bool, Fault> {
    let found = connection.prepare_cached("PRAGMA schema_version")?.query_row([], |row| row.get(0))?;
    if *seen == Some(found) {
        return Ok(true);
    }
    let id: Result<[u8; 16], Fault> =
        connection.prepare_cached(sql!("store_id"))?.query_row([], |row| Ok(bytes(row, 0)))?;
    let id = StoreId::from_bytes(id?);
    if id != store {
        return Err(Fault::refused(format!(
            "the file was opened as store {store} and holds store {id} now; open it again"
        )));
    }
    *seen = Some(found);
    Ok(false)
}
