//! Upkeep of the file: work that may take long, each on a thread and with a connection of its own, so that it delays
//! neither readers nor the writer. One read transaction sees one moment; while it lasts the write-ahead log grows.

use std::path::Path;

use annals_ports::{Backup, Findings, OnUpkeep, Recovered, StoreError, Upkeep, UpkeepProgress, ViewId};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use crate::connection::{self, Role, roll_back, run};
use crate::fault::{Failure, Fault};
use crate::options::SqliteOptions;
use crate::{SqliteStore, backup, busy, check, recover, sql};

/// Where work on a thread of its own tells how far it has come.
pub(crate) struct Tell(mpsc::UnboundedSender<UpkeepProgress>);

impl Tell {
    /// Tells. Whoever is not listened to any more was given up, and ends.
    pub(crate) fn tell(&self, doing: &'static str, done: u64, of: Option<u64>) -> Result<(), Fault> {
        let told = self.0.send(UpkeepProgress { doing, done, of });
        told.map_err(|_| Fault::refused("it was given up"))
    }
}

#[async_trait]
impl Upkeep for SqliteStore {
    async fn check(&self, on_progress: OnUpkeep<'_>) -> Result<Findings, StoreError> {
        let store = self.shared.id;
        let doing = format!("checking {}", self.shared.options.location());
        self.apart(doing, on_progress, move |connection, _, tell| check::check(connection, store, tell)).await
    }

    async fn index_values(
        &self,
        view: &ViewId,
        keys: &[String],
    ) -> Result<Vec<Vec<(String, String)>>, StoreError> {
        self.each(view, "index values", keys.to_vec(), |connection, id, key| {
            let mut statement = connection.prepare_cached(sql!("index_values"))?;
            let values = statement.query_map(params![id, key], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(values.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn backup(&self, file: &Path, on_progress: OnUpkeep<'_>) -> Result<Backup, StoreError> {
        let doing = format!("backing up {} into {}", self.shared.options.location(), file.display());
        let file = file.to_owned();
        self.apart(doing, on_progress, move |connection, options, tell| {
            backup::copy(connection, options, &file, tell)
        })
        .await
    }

    async fn recover(&self) -> Result<Recovered, StoreError> {
        let store = self.shared.id;
        let recover = move |connection: &Connection| recover::recover(connection, store);
        self.shared.writer.change(|| "removing what is ahead of history".to_owned(), recover).await
    }
}

impl SqliteStore {
    /// Runs `work` in one read transaction on a thread and a connection of its own.
    async fn apart<T, W>(&self, doing: String, on_progress: OnUpkeep<'_>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection, &SqliteOptions, &Tell) -> Result<T, Failure> + Send + 'static,
    {
        let options = self.shared.options.clone();
        let (told, mut heard) = mpsc::unbounded_channel();
        let (reply, answer) = oneshot::channel();
        let named = doing.clone();
        let begun = std::thread::Builder::new().name("annals-sqlite-upkeep".to_owned()).spawn(move || {
            let done = alone(&options, |connection| work(connection, &options, &Tell(told)));
            // Whoever asked may have gone.
            let _ = reply.send(done.map_err(|failure| failure.told(&named, &options)));
        });
        let gone = |why: String| Fault::unavailable(why).told(&doing, &self.shared.options);
        begun.map_err(|error| gone(format!("no thread could be started: {error}")))?;
        while let Some(progress) = heard.recv().await {
            on_progress(progress);
        }
        answer.await.unwrap_or_else(|_| Err(gone("its thread has ended".to_owned())))
    }
}

fn alone<T>(
    options: &SqliteOptions,
    work: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    busy::until(options.deadline());
    let connection = connection::open(options, Role::Reader)?;
    run(&connection, "BEGIN")?;
    let done = work(&connection);
    roll_back(&connection);
    connection::close(connection);
    done
}
