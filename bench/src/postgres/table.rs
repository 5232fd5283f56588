//! The baselines: plain SQL through the driver, on the very table that the store keeps, prepared once a connection and
//! with all of its indexes. Nothing is chained, cached or checked beyond what is said.

use std::hint::black_box;
use std::time::{Duration, Instant};

use annals::{CommitId, EventId};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Uuid;
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::task::JoinSet;

use crate::bench::Outcome;
use crate::measure::rate;
use crate::plain::FromTree;

const METADATA: &str = r#"{"actor":"teller-7","correlation_id":"request-0000000000"}"#;
const PAYLOAD: &str = r#"{"opening_balance":{"amount":"1000.00","currency":"GBP"},"owner":"Ada"}"#;

/// Rows of one event each, all in new streams.
const INSERT: &str = "INSERT INTO annals.events (stream_id, version, event_id, event_type, schema_version, commit_id, \
     commit_index, commit_size, recorded_at, digest, metadata, payload) \
     SELECT e.stream_id, 1, e.event_id, 'AccountOpened', 1, e.commit_id, 0, 1, clock_timestamp(), e.digest, \
     e.metadata::json, e.payload::json \
     FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::text[]) \
     AS e (stream_id, event_id, commit_id, digest, metadata, payload)";

/// One row, as long as neither its commit nor its stream is there.
const INSERT_CHECKED: &str = "INSERT INTO annals.events (stream_id, version, event_id, event_type, schema_version, \
     commit_id, commit_index, commit_size, recorded_at, digest, metadata, payload) \
     SELECT $1, 1, $2, 'AccountOpened', 1, $3, 0, 1, clock_timestamp(), $4, $5::text::json, $6::text::json \
     WHERE NOT EXISTS (SELECT FROM annals.events WHERE commit_id = $3) \
     AND NOT EXISTS (SELECT FROM annals.events WHERE stream_id = $1) \
     RETURNING position";

/// A page as a reader would ask for it.
const PAGE: &str = "SELECT position, stream_id, version, event_id, event_type, schema_version, commit_id, commit_index, \
     commit_size, recorded_at, digest, metadata, payload \
     FROM annals.events WHERE position > $1 ORDER BY position LIMIT 2000";

/// A connection with the server's own settings.
pub(super) struct Plain {
    connection: PgConnection,
}

/// An event whose payload and metadata were JSON trees.
#[expect(dead_code, reason = "decoded to be measured, not to be looked at")]
struct TreeEvent<E> {
    stream: String,
    version: i64,
    id: Uuid,
    event_type: String,
    schema_version: i16,
    commit: Uuid,
    place: (i16, i16),
    recorded_at: i64,
    digest: Vec<u8>,
    metadata: Value,
    event: E,
}

impl Plain {
    pub(super) async fn connect(url: &str) -> Outcome<Self> {
        Ok(Self { connection: PgConnection::connect(url).await? })
    }

    /// Inserts so many events by one statement.
    async fn insert(&mut self, rows: usize) -> Outcome {
        let ids = || (0..rows).map(|_| Uuid::from_bytes(*EventId::new().as_bytes())).collect::<Vec<_>>();
        let events = ids();
        let streams: Vec<_> = ids().iter().map(|id| format!("account-{id}")).collect();
        let digests: Vec<_> = events.iter().map(|id| [*id.as_bytes(), *id.as_bytes()].concat()).collect();
        let inserted = sqlx::query(INSERT)
            .bind(streams)
            .bind(events)
            .bind(ids())
            .bind(digests)
            .bind(vec![METADATA; rows])
            .bind(vec![PAYLOAD; rows])
            .execute(&mut self.connection)
            .await?;
        if inserted.rows_affected() == rows as u64 { Ok(()) } else { Err("rows are missing".into()) }
    }

    /// Inserts one event, and checks by the same statement that its commit and its stream are new.
    pub(super) async fn insert_checked(&mut self) -> Outcome {
        let (event, commit) = (EventId::new(), CommitId::new());
        let inserted = sqlx::query(INSERT_CHECKED)
            .bind(format!("account-{}", EventId::new()))
            .bind(Uuid::from_bytes(*event.as_bytes()))
            .bind(Uuid::from_bytes(*commit.as_bytes()))
            .bind([*event.as_bytes(), *commit.as_bytes()].concat())
            .bind(METADATA)
            .bind(PAYLOAD)
            .fetch_one(&mut self.connection)
            .await?;
        black_box(inserted);
        Ok(())
    }

    /// Reads and decodes every event, page by page; how many there are.
    pub(super) async fn decode_all<E: FromTree>(&mut self) -> Outcome<u64> {
        let (mut count, mut last) = (0, 0_i64);
        loop {
            let rows = sqlx::query(PAGE).bind(last).fetch_all(&mut self.connection).await?;
            let Some(end) = rows.last() else { return Ok(count) };
            last = end.try_get(0)?;
            count += rows.len() as u64;
            for row in &rows {
                black_box(TreeEvent::<E>::read(row)?);
            }
        }
    }
}

impl<E: FromTree> TreeEvent<E> {
    fn read(row: &PgRow) -> Outcome<Self> {
        let event_type: String = row.try_get(4)?;
        let event = E::from_tree(&event_type, tree(row, 12)?)?;
        let micros: [u8; 8] = row.try_get_raw(9)?.as_bytes()?.try_into()?;
        Ok(Self {
            stream: row.try_get(1)?,
            version: row.try_get(2)?,
            id: row.try_get(3)?,
            event_type,
            schema_version: row.try_get(5)?,
            commit: row.try_get(6)?,
            place: (row.try_get(7)?, row.try_get(8)?),
            recorded_at: i64::from_be_bytes(micros),
            digest: row.try_get(10)?,
            metadata: tree(row, 11)?,
            event,
        })
    }
}

fn tree(row: &PgRow, column: usize) -> Outcome<Value> {
    Ok(serde_json::from_str(row.try_get_raw(column)?.as_str()?)?)
}

/// Connections for [`rate_of`].
pub(super) async fn connections(url: &str, count: usize) -> Outcome<Vec<Plain>> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(Plain::connect(url).await?);
    }
    Ok(connections)
}

/// Rows a second that these connections insert together, so many in a statement, each as fast as it can.
pub(super) async fn rate_of(connections: &mut Vec<Plain>, rows: usize, time: Duration) -> Outcome<f64> {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for mut plain in connections.drain(..) {
        running.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < time {
                plain.insert(rows).await?;
                count += rows as u64;
            }
            Outcome::Ok((plain, count))
        });
    }
    let mut total = 0;
    while let Some(done) = running.join_next().await {
        let (plain, count) = done??;
        connections.push(plain);
        total += count;
    }
    Ok(rate(total, begun.elapsed()))
}
