//! Checking what only the tables show: what guards history, and that the tables tell one story. All on one moment's view;
//! nothing is changed.

use annals_core::Version;
use annals_ports::{CheckedPart, FeedPosition, Finding, Findings, OnUpkeep, Remedy, UpkeepProgress};
use sqlx::Row;
use sqlx::ValueRef;
use sqlx::postgres::{PgConnection, PgRow};

use crate::database::{Database, Statement, fetch};
use crate::fault::Fault;
use crate::rows::{integer, number, text, uuid};
use crate::sql;

/// A statement that gives what contradicts it: a stream's name and a version, where there are any, and the problem.
struct Question {
    part: CheckedPart,
    table: &'static str,
    remedy: Remedy,
    statement: Statement,
}

const QUESTIONS: [Question; 6] = [
    question(CheckedPart::Storage, "events", Remedy::RestoreBackup, sql!("check_storage")),
    question(CheckedPart::Streams, "events", Remedy::RestoreBackup, sql!("check_streams")),
    question(CheckedPart::Commits, "events", Remedy::RestoreBackup, sql!("check_commits")),
    question(CheckedPart::Once, "once", Remedy::Recover, sql!("check_once")),
    question(CheckedPart::Snapshots, "snapshots", Remedy::Recover, sql!("check_snapshots")),
    question(CheckedPart::Views, "view_parked", Remedy::Recover, sql!("check_parked")),
];

const fn question(part: CheckedPart, table: &'static str, remedy: Remedy, statement: Statement) -> Question {
    Question { part, table, remedy, statement }
}

/// Checks everything, within a transaction that sees one moment.
pub(crate) async fn check(
    connection: &mut PgConnection,
    database: &Database,
    on_progress: OnUpkeep<'_>,
) -> Result<Findings, Fault> {
    let mut findings = Findings::new();
    for (done, question) in QUESTIONS.iter().enumerate() {
        let of = Some(QUESTIONS.len() as u64);
        on_progress(UpkeepProgress { doing: "comparing tables", done: done as u64, of });
        for row in fetch(connection, database.query(question.statement)).await? {
            let finding =
                Finding::new(question.part, text(&row, 2)?, question.remedy).in_table(question.table);
            findings.add(placed(finding, &row)?);
        }
    }
    for row in fetch(connection, database.query(sql!("view_positions"))).await? {
        if let Some(problem) = misplaced(connection, database, text(&row, 3)?).await? {
            let view = format!("{} v{}", text(&row, 1)?, integer(&row, 2)?);
            findings.add(Finding::new(CheckedPart::Views, problem, Remedy::Recover).in_table(view));
        }
    }
    Ok(findings)
}

/// With the stream and version in a row's first columns. A name that is none shows in the problem alone.
fn placed(finding: Finding, row: &PgRow) -> Result<Finding, Fault> {
    let stream = if is_null(row, 0)? { None } else { text(row, 0)?.parse().ok() };
    let finding = match stream {
        Some(stream) => finding.of_stream(&stream),
        None => finding,
    };
    if is_null(row, 1)? {
        return Ok(finding);
    }
    Ok(finding.at(Version::new(u64::try_from(integer(row, 1)?).unwrap_or(0))))
}

fn is_null(row: &PgRow, column: usize) -> Result<bool, Fault> {
    Ok(row.try_get_raw(column)?.is_null())
}

/// What is wrong with a checkpoint's position, if anything is (law F09).
pub(crate) async fn misplaced(
    connection: &mut PgConnection,
    database: &Database,
    position: &str,
) -> Result<Option<String>, Fault> {
    let Ok(position) = position.parse::<FeedPosition>() else {
        return Ok(Some("its checkpoint cannot be read".to_owned()));
    };
    let Ok(named) = position.single_in(database.id) else {
        return Ok(Some("its checkpoint is another store's".to_owned()));
    };
    let Some(event) = named.event else { return Ok(None) };
    let query = database.query(sql!("event_stands")).bind(number(named.place)).bind(uuid(event.as_bytes()));
    let stands = !fetch(connection, query).await?.is_empty();
    let problem = || format!("its checkpoint names an event at position {} that is not there", named.place);
    Ok((!stands).then(problem))
}
