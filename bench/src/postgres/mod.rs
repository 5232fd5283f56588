//! The figures of the PostgreSQL store, each on one server beside plain SQL in the same tables: commits, commands,
//! reading, and what following costs.
//!
//! The server is this run's own, with every commit on the disk before it is answered, and is gone afterwards.

mod commands;
mod commits;
mod following;
mod processor;
mod reading;
mod table;

use annals::Store;
use annals_services::{Collation, PrivateOptions, PrivatePostgres, TestDatabase, Version};

use crate::bench::{Bench, Outcome};
use crate::machine;
use crate::report::Report;
use crate::stores::POSTGRES;

/// The group's name.
const GROUP: &str = POSTGRES;

/// What differs from a server as it comes: room for the figures' tables in memory, and no checkpoint in the middle of a
/// round. Autovacuum runs, as everywhere.
const SETTINGS: [(&str, &str); 5] = [
    ("autovacuum", "on"),
    ("shared_buffers", "256MB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "30min"),
    ("fsync", "on"),
];

/// The server.
struct Server {
    server: PrivatePostgres,
}

/// A database of the server.
struct Database {
    database: TestDatabase,
}

impl Server {
    async fn start(report: &mut Report) -> Self {
        let options = PrivateOptions::new(Version::V15);
        let options = SETTINGS.iter().fold(options, |options, (name, value)| options.setting(name, value));
        let server = options.start().await;
        let settings: Vec<_> = SETTINGS.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        report.note("sync at the server's data", machine::sync_latency(server.folder()));
        report.note("PostgreSQL", format!("{}, {}", server.version(), settings.join(", ")));
        Self { server }
    }

    /// A new database with an empty store.
    async fn database(&self) -> Outcome<Database> {
        let database = Database { database: self.server.database(Collation::Server).await };
        drop(database.open("").await?);
        Ok(database)
    }

    /// The process that all of the server's belong to.
    fn process(&self) -> Outcome<u32> {
        let text = std::fs::read_to_string(self.server.folder().join("data/postmaster.pid"))?;
        Ok(text.lines().next().unwrap_or_default().trim().parse()?)
    }
}

impl Database {
    fn url(&self) -> &str {
        self.database.url()
    }

    /// The store, with these parameters besides.
    async fn open(&self, parameters: &str) -> Outcome<Store> {
        Ok(annals::connect(&format!("{}{parameters}", self.url())).await?)
    }
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let server = Server::start(report).await;
    if report.wants_one_of(GROUP, &following::IDLE) {
        following::idle(bench, report, &server).await?;
    }
    if report.wants_one_of(GROUP, &commits::TOGETHER) {
        commits::together(bench, report, &server).await?;
    }
    if report.wants_one_of(GROUP, &commits::ALONE) {
        commits::alone(bench, report, &server).await?;
    }
    if report.wants_one_of(GROUP, &commands::NAMES) {
        commands::measure(bench, report, &server).await?;
    }
    if report.wants_one_of(GROUP, &reading::LOADS) {
        reading::loads(bench, report, &server).await?;
    }
    if report.wants_one_of(GROUP, &reading::FEED) {
        reading::feed(bench, report, &server).await?;
    }
    if report.wants_one_of(GROUP, &following::VISIBLE) {
        following::visible(bench, report, &server).await?;
    }
    if report.wants_one_of(GROUP, &following::COST) {
        following::cost(bench, report, &server).await?;
    }
    Ok(())
}
