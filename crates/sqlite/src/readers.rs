//! Readers: a few threads, each with a connection of its own. Each piece of reading is one short read transaction,
//! since a long one would keep the write-ahead log from being used again.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use annals_ports::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::busy;
use crate::connection::{self, Role, roll_back, run};
use crate::fault::{Failure, Fault};
use crate::options::SqliteOptions;
use crate::presence::Presence;
use crate::rows::Names;

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
    alive: &Sender<()>,
) -> std::io::Result<Readers> {
    let (queue, tasks) = channel::<Task>();
    let tasks = Arc::new(Mutex::new(tasks));
    for number in 1..=options.reader_threads {
        let (tasks, alive) = (tasks.clone(), alive.clone());
        let (options, presence) = (options.clone(), presence.clone());
        std::thread::Builder::new().name(format!("annals-sqlite-reader-{number}")).spawn(move || {
            let mut reader = Reader { connection: None, names: Names::default(), options, presence };
            while let Some(task) = next(&tasks) {
                task(&mut reader);
            }
            drop(reader);
            drop(alive);
        })?;
    }
    Ok(Readers { queue, options: options.clone() })
}

fn next(tasks: &Mutex<Receiver<Task>>) -> Option<Task> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

impl Readers {
    /// Runs `read` in one read transaction. `doing` is asked only for an error.
    pub(crate) async fn read<T, R>(&self, doing: impl Fn() -> String, read: R) -> Result<T, StoreError>
    where
        T: Send + 'static,
        R: FnOnce(&Connection, &mut Names) -> Result<T, Failure> + Send + 'static,
    {
        let until = Instant::now() + self.options.busy_timeout;
        let (reply, answer) = oneshot::channel();
        let task: Task = Box::new(move |reader| {
            if !reply.is_closed() {
                // A caller who went away meanwhile wants no answer.
                let _ = reply.send(reader.read(until, read));
            }
        });
        let gone = || Fault::unavailable("the store's readers have ended; open the store again");
        if self.queue.send(task).is_err() {
            return Err(gone().told(&doing(), &self.options));
        }
        match tokio::time::timeout(self.options.patience(), answer).await {
            Ok(Ok(read)) => read.map_err(|failure| failure.told(&doing(), &self.options)),
            Ok(Err(_)) => Err(gone().told(&doing(), &self.options)),
            Err(_) => Err(StoreError::TimedOut { doing: doing(), after: self.options.patience() }),
        }
    }
}

struct Reader {
    connection: Option<Connection>,
    names: Names,
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
            self.names = Names::default();
            self.connection.insert(connection::open(&self.options, Role::Reader)?)
        };
        run(connection, "BEGIN")?;
        let result = read(connection, &mut self.names);
        roll_back(connection);
        if matches!(&result, Err(Failure::Fault(fault)) if fault.spoils_connection())
            || !connection.is_autocommit()
        {
            self.connection = None;
        }
        result
    }
}
