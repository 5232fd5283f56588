//! Writers that make it hard for readers: most insert in transactions of their own, with pauses; some commit in another
//! order than they drew their positions; some go through the store. All go on when the server was killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annals::ports::{Append, Commit, EventStore, Expectation, NewEvent};
use annals::postgres::PostgresStore;
use annals::{CommitId, EventId, EventType, Json};
use annals_services::TestDatabase;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

/// Sixty-four in all: pairs count twice.
const SLOW: u32 = 48;
const PAIRS: u32 = 4;
const THROUGH_THE_STORE: u32 = 8;

const INSERT: &str =
    "INSERT INTO annals.events (stream_id, version, event_id, event_type, schema_version, commit_id,
        commit_index, commit_size, recorded_at, digest, metadata, payload)
    SELECT $1, coalesce(max(version), 0) + 1, gen_random_uuid(), 'Noted', 1, gen_random_uuid(), 0, 1, now(),
        sha256(''), '{}', '{}'
    FROM annals.events WHERE stream_id = $1";

pub(crate) struct Writers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Vec<String>>,
}

impl Writers {
    pub(crate) fn start(database: &TestDatabase, store: &PostgresStore) -> Self {
        let (stop, mut tasks) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
        let url: Arc<str> = database.url().into();
        for writer in 0..SLOW {
            let raw = Raw::Slow { stream: format!("slow-{writer}") };
            tasks.spawn(raw.run(url.clone(), stop.clone()));
        }
        for pair in 0..PAIRS {
            let raw = Raw::Pair { streams: [format!("early-{pair}"), format!("late-{pair}")] };
            tasks.spawn(raw.run(url.clone(), stop.clone()));
        }
        for writer in 0..THROUGH_THE_STORE {
            tasks.spawn(through(store.clone(), writer, stop.clone()));
        }
        tasks.spawn(Raw::Unrelated.run(url, stop.clone()));
        Self { stop, tasks }
    }

    /// The ids of events whose commits the store answered.
    pub(crate) async fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        self.tasks.join_all().await.concat()
    }
}

async fn pause(up_to: Duration) {
    tokio::time::sleep(up_to.mul_f64(fastrand::f64())).await;
}

/// A writer with transactions of its own.
enum Raw {
    /// Inserts with pauses, and sometimes rolls back.
    Slow { stream: String },
    /// Two transactions: who draws the lower number commits last, or never.
    Pair { streams: [String; 2] },
    /// A transaction that writes, and writes no event: nobody waits for it.
    Unrelated,
}

impl Raw {
    fn connections(&self) -> usize {
        if matches!(self, Self::Pair { .. }) { 2 } else { 1 }
    }

    /// Does it again and again, on new connections after a failure: the server may have been killed.
    async fn run(self, url: Arc<str>, stop: Arc<AtomicBool>) -> Vec<String> {
        let mut open = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            if open.len() < self.connections() {
                match PgConnection::connect(&url).await {
                    Ok(connection) => open.push(connection),
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            } else if self.act(&mut open, &stop).await.is_err() {
                open.clear();
            }
        }
        // What was committed so the table tells.
        Vec::new()
    }

    async fn act(&self, open: &mut [PgConnection], stop: &AtomicBool) -> sqlx::Result<()> {
        match self {
            Self::Slow { stream } => {
                say(&mut open[0], "BEGIN").await?;
                for _ in 0..fastrand::u32(1..4) {
                    insert(&mut open[0], stream).await?;
                    pause(Duration::from_millis(30)).await;
                }
                say(&mut open[0], if fastrand::u32(0..4) == 0 { "ROLLBACK" } else { "COMMIT" }).await
            }
            Self::Pair { streams } => {
                for (connection, stream) in open.iter_mut().zip(streams) {
                    say(connection, "BEGIN").await?;
                    insert(connection, stream).await?;
                }
                say(&mut open[1], "COMMIT").await?;
                pause(Duration::from_millis(60)).await;
                say(&mut open[0], if fastrand::bool() { "COMMIT" } else { "ROLLBACK" }).await
            }
            Self::Unrelated => {
                say(&mut open[0], "BEGIN; INSERT INTO unrelated VALUES ('something')").await?;
                while !stop.load(Ordering::SeqCst) {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    say(&mut open[0], "SELECT 1").await?;
                }
                Ok(())
            }
        }
    }
}

async fn insert(connection: &mut PgConnection, stream: &str) -> sqlx::Result<()> {
    sqlx::query(INSERT).bind(stream).execute(connection).await.map(drop)
}

async fn say(connection: &mut PgConnection, command: &'static str) -> sqlx::Result<()> {
    sqlx::raw_sql(command).execute(connection).await.map(drop)
}

async fn through(store: PostgresStore, writer: u32, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut answered = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let id = EventId::new();
        let event = NewEvent {
            id,
            event_type: EventType::new("Noted").unwrap(),
            schema_version: 1,
            payload: Json::empty(),
            metadata: Json::empty(),
        };
        let stream = format!("stored-{writer}").parse().unwrap();
        let append = Append::new(stream, Expectation::Any, vec![event]);
        let value = Commit::new(CommitId::new(), vec![append]).unwrap();
        while let Err(error) = store.commit(value.clone()).await {
            assert!(error.is_transient(), "{error}");
        }
        answered.push(id.to_string());
        pause(Duration::from_millis(10)).await;
    }
    answered
}
