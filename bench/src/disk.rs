//! Bytes on disk: what the demo's business takes in a file, and where they go.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal, number};
use crate::measure::Sample;
use crate::plain::Plain;
use crate::report::{Report, Table};

/// What the columns of the events are, and how many bytes one takes.
const COLUMNS: [(&str, &str); 5] = [
    ("payload", "octet_length(payload)"),
    ("metadata", "octet_length(metadata)"),
    ("digest", "octet_length(digest)"),
    ("id of the event", "octet_length(event_id)"),
    ("id of the commit", "octet_length(commit_id)"),
];

/// Measures the group; a store that is no file has nothing to measure.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    if !bench.kind.is_sqlite {
        return Ok(());
    }
    let mix = bench.mix().await?;
    let plain = Plain::open(&bench.file("mix"))?;
    let connection = plain.connection();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let events = count("SELECT count(*) FROM events")? as f64;
    let file = std::fs::metadata(bench.file("mix"))?.len() as f64;
    let mut columns = Vec::new();
    for (name, bytes) in COLUMNS {
        columns.push((name, count(&format!("SELECT sum({bytes}) FROM events"))? as f64));
    }
    let worth = columns[0].1 + columns[1].1;
    report.add(Figure {
        name: "disk_bytes_an_event",
        about: format!(
            "the size of the file that holds the demo's business ({} orders, {} events), with its refusals and snapshots, \
             divided by its events; beside it the bytes of their payloads and metadata",
            mix.orders, mix.events,
        ),
        unit: "bytes/event",
        baseline: Some(("payload and metadata", Sample::one(worth / events))),
        ours: Sample::one(file / events),
        goal: Some(Goal::TimesAtMost(3.0)),
        aim: None,
    });
    report.add_table(where_they_go(connection, events, file, &columns)?);
    Ok(())
}

fn where_they_go(connection: &Connection, events: f64, file: f64, columns: &[(&str, f64)]) -> Outcome<Table> {
    let mut parts = BTreeMap::new();
    let mut statement = connection.prepare("SELECT name, sum(pgsize) FROM dbstat GROUP BY name")?;
    let found = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    for part in found {
        let (name, bytes) = part?;
        parts.insert(name, bytes as f64);
    }
    let of_events = parts.remove("events").unwrap_or_default();
    let mut rows = Vec::new();
    let mut row = |name: String, bytes: f64| {
        rows.push(vec![name, number(bytes / events), format!("{} %", number(bytes / file * 100.0))]);
    };
    for (name, bytes) in columns {
        row(format!("events: {name}"), *bytes);
    }
    let in_columns: f64 = columns.iter().map(|(_, bytes)| bytes).sum();
    row("events: numbers, row headers, room left in pages".to_owned(), of_events - in_columns);
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_unstable_by(|(_, a), (_, b)| b.total_cmp(a));
    let (large, small): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(_, bytes)| *bytes >= file / 200.0);
    for (name, bytes) in large {
        row(in_words(&name), bytes);
    }
    row("everything else".to_owned(), small.iter().map(|(_, bytes)| bytes).sum());
    row("the file".to_owned(), file);
    Ok(Table {
        title: "Where the bytes go".to_owned(),
        columns: vec!["part", "bytes an event", "share"],
        rows,
    })
}

/// A table's or index's name, and what it is for.
fn in_words(name: &str) -> String {
    let purpose = match name {
        "events_by_version" => "index: a stream's events in order, each version once",
        "events_by_type" => "index: the events of a type by time",
        "events_by_commit" => "index: a commit's place, each commit once",
        "streams" => "table: each stream with its head",
        "sqlite_autoindex_streams_1" => "index: a stream by its name",
        "snapshots" => "table: latest states",
        "outcomes" => "table: outcomes without events, once",
        _ => return format!("`{name}`"),
    };
    format!("`{name}` ({purpose})")
}
