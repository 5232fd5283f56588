//! Checking what only the file shows: SQLite's own view of it, the schema and the triggers that guard history, and that
//! the tables tell one story. All on one moment's view; nothing is changed.
//!
//! A statement that fails since the file is damaged is a finding itself, and the next one is tried.

use annals_core::{StoreId, Version};
use annals_ports::{CheckedPart, Finding, Findings, Remedy};
use rusqlite::{Connection, Row};

use crate::fault::{Failure, Fault};
use crate::feed::stands;
use crate::rows::{count, integer, text};
use crate::upkeep::Tell;
use crate::{check_history, schema, sql};

/// A statement that gives what contradicts it: a stream's name and a version, where there are any, and the problem.
struct Query {
    part: CheckedPart,
    table: &'static str,
    remedy: Remedy,
    statement: &'static str,
}

const QUERIES: [Query; 10] = [
    query(CheckedPart::Streams, "streams", Remedy::RestoreBackup, sql!("check_heads")),
    query(CheckedPart::Streams, "events", Remedy::RestoreBackup, sql!("check_beyond_heads")),
    query(CheckedPart::Streams, "events", Remedy::RestoreBackup, sql!("check_density")),
    query(CheckedPart::Streams, "streams", Remedy::RestoreBackup, sql!("check_stream_numbers")),
    query(CheckedPart::Once, "outcomes", Remedy::Recover, sql!("check_outcomes")),
    query(CheckedPart::Once, "outcomes", Remedy::RestoreBackup, sql!("check_outcome_texts")),
    query(CheckedPart::Snapshots, "snapshots", Remedy::Recover, sql!("check_snapshots")),
    query(CheckedPart::Views, "views", Remedy::RebuildView, sql!("check_view_counts")),
    query(CheckedPart::Views, "view_index", Remedy::RebuildView, sql!("check_view_index")),
    query(CheckedPart::Views, "view_parked", Remedy::Recover, sql!("check_parked")),
];

const fn query(part: CheckedPart, table: &'static str, remedy: Remedy, statement: &'static str) -> Query {
    Query { part, table, remedy, statement }
}

/// Checks everything.
pub(crate) fn check(connection: &Connection, store: StoreId, tell: &Tell) -> Result<Findings, Failure> {
    let mut findings = Findings::new();
    tell.tell("checking the file's pages", 0, None)?;
    let checked = integrity(connection, &mut findings);
    attempt(CheckedPart::Storage, checked, &mut findings)?;
    let checked = schema(connection, &mut findings);
    attempt(CheckedPart::Storage, checked, &mut findings)?;
    let checked = check_history::check(connection, &mut findings, tell);
    attempt(CheckedPart::Commits, checked, &mut findings)?;
    for (done, query) in QUERIES.iter().enumerate() {
        tell.tell("comparing tables", done as u64, Some(QUERIES.len() as u64))?;
        let checked = contradictions(connection, query, &mut findings);
        attempt(query.part, checked, &mut findings)?;
    }
    let checked = leftovers(connection, &mut findings);
    attempt(CheckedPart::Storage, checked, &mut findings)?;
    let checked = checkpoints(connection, store, &mut findings);
    attempt(CheckedPart::Views, checked, &mut findings)?;
    Ok(findings)
}

/// What cannot be read is a finding; what was merely busy, or given up, is none.
fn attempt(part: CheckedPart, checked: Result<(), Fault>, findings: &mut Findings) -> Result<(), Fault> {
    match checked {
        Err(fault) if fault.is_damage() => {
            let problem = format!("it cannot be read: {fault}");
            findings.add(Finding::new(part, problem, Remedy::RestoreBackup).in_table("file"));
            Ok(())
        }
        checked => checked,
    }
}

/// SQLite's own check: pages, indexes against their tables, unique and not-null columns.
fn integrity(connection: &Connection, findings: &mut Findings) -> Result<(), Fault> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let verdict = text(row, 0)?;
        if verdict != "ok" {
            let finding = Finding::new(CheckedPart::Storage, verdict, Remedy::RestoreBackup);
            findings.add(finding.in_table("file"));
        }
    }
    Ok(())
}

/// The schema is what the migrations make of an empty file, the triggers that guard history included.
fn schema(connection: &Connection, findings: &mut Findings) -> Result<(), Fault> {
    let fresh = Connection::open_in_memory()?;
    schema::migrate_whole(&fresh)?;
    let (expected, found) = (objects(&fresh)?, objects(connection)?);
    let wrong = |object: &Object, problem: &str| {
        let problem = format!("the {} {} {problem}", object.kind, object.name);
        Finding::new(CheckedPart::Storage, problem, Remedy::RestoreBackup).in_table(object.table.clone())
    };
    for object in &expected {
        match found.iter().find(|found| (&found.kind, &found.name) == (&object.kind, &object.name)) {
            None => findings.add(wrong(object, "is missing")),
            Some(found) if found.sql != object.sql => findings.add(wrong(object, "was changed")),
            Some(_) => {}
        }
    }
    for object in &found {
        let is_ours = expected.iter().any(|ours| (&ours.kind, &ours.name) == (&object.kind, &object.name));
        // Another table or index harms nobody; a trigger changes what is written.
        if object.kind == "trigger" && !is_ours {
            findings.add(wrong(object, "is none of ours"));
        }
    }
    Ok(())
}

struct Object {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

fn objects(connection: &Connection) -> Result<Vec<Object>, Fault> {
    let mut statement = connection.prepare(sql!("schema_objects"))?;
    let object = |row: &Row<'_>| {
        Ok(Object { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    };
    Ok(statement.query_map([], object)?.collect::<Result<_, _>>()?)
}

fn contradictions(connection: &Connection, query: &Query, findings: &mut Findings) -> Result<(), Fault> {
    let mut statement = connection.prepare(query.statement)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let finding = Finding::new(query.part, text(row, 2)?, query.remedy).in_table(query.table);
        findings.add(placed(finding, row)?);
    }
    Ok(())
}

/// With the stream and version in a row's first columns. A name that is none shows in the problem alone.
fn placed(finding: Finding, row: &Row<'_>) -> Result<Finding, Fault> {
    let name: Option<String> = row.get(0)?;
    let version: Option<i64> = row.get(1)?;
    let finding = match name.map(|name| name.parse()) {
        Some(Ok(stream)) => finding.of_stream(&stream),
        _ => finding,
    };
    Ok(match version {
        Some(version) => finding.at(Version::new(count(version))),
        None => finding,
    })
}

fn leftovers(connection: &Connection, findings: &mut Findings) -> Result<(), Fault> {
    let query = query(CheckedPart::Storage, "views", Remedy::RestoreBackup, sql!("check_leftovers"));
    contradictions(connection, &query, findings)
}

/// F09: every checkpoint names an event that still stands where it stood.
fn checkpoints(connection: &Connection, store: StoreId, findings: &mut Findings) -> Result<(), Fault> {
    let mut statement = connection.prepare(sql!("view_positions"))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let view = format!("{} v{}", text(row, 1)?, row.get::<_, i64>(2)?);
        if let Some(problem) = misplaced(connection, store, text(row, 3)?)? {
            let finding = Finding::new(CheckedPart::Views, problem, Remedy::Recover);
            findings.add(finding.in_table(view));
        }
    }
    Ok(())
}

/// What is wrong with a checkpoint's position, if anything is.
pub(crate) fn misplaced(
    connection: &Connection,
    store: StoreId,
    position: &str,
) -> Result<Option<String>, Fault> {
    let Ok(position) = position.parse::<annals_ports::FeedPosition>() else {
        return Ok(Some("its checkpoint cannot be read".to_owned()));
    };
    let Ok(named) = position.single_in(store) else {
        return Ok(Some("its checkpoint is another store's".to_owned()));
    };
    let stands = integer(named.place) >= 0 && stands(connection, &named)?;
    let problem = || format!("its checkpoint names an event at position {} that is not there", named.place);
    Ok((!stands).then(problem))
}
