//! Checking history in the order of its positions: no position is missing, and every commit is whole.
//!
//! A position is the row's own number, the last one plus 1, and a batch that is rolled back uses none up; so a gap is an
//! event that was removed (F01), never one that was not written.

use annals_core::{CommitId, Version};
use annals_ports::{CheckedPart, Finding, Findings, Remedy};
use rusqlite::{Connection, Row};

use crate::fault::Fault;
use crate::rows::{Names, bytes, count};
use crate::sql;
use crate::upkeep::Tell;

/// Events between two looks at whether anybody still waits.
const TELL_EVERY: i64 = 16_384;

/// An event's place in history and in its commit.
#[derive(Clone, Copy)]
struct Place {
    position: i64,
    commit: CommitId,
    index: i64,
    size: i64,
    stream: i64,
    version: i64,
}

/// Checks all positions and commits.
pub(crate) fn check(connection: &Connection, findings: &mut Findings, tell: &Tell) -> Result<(), Fault> {
    let all: i64 = connection.query_row(sql!("end_of_feed"), [], |row| row.get(0))?;
    let mut names = Names::default();
    let mut statement = connection.prepare(sql!("commit_places"))?;
    let mut found = statement.query([])?;
    let mut before: Option<Place> = None;
    while let Some(row) = found.next()? {
        let place = place(row)?;
        let last = before.map_or(0, |before| before.position);
        if place.position != last + 1 {
            findings.add(gap(last, place.position));
        }
        // One whose successor does not continue it ends there, whole or not.
        if let Some(before) = before.filter(|before| !continues(before, &place)) {
            check_end(&before, connection, &mut names, findings);
        }
        if place.index > 0 && !before.is_some_and(|before| continues(&before, &place)) {
            let problem = format!(
                "commit {} has no event {} of {} before position {}",
                place.commit, place.index, place.size, place.position
            );
            findings.add(of_commit(problem, &place, connection, &mut names));
        }
        before = Some(place);
        if place.position % TELL_EVERY == 0 {
            tell.tell("checking commits", count(place.position), Some(count(all)))?;
        }
    }
    if let Some(last) = before {
        check_end(&last, connection, &mut names, findings);
    }
    Ok(())
}

fn place(row: &Row<'_>) -> Result<Place, Fault> {
    Ok(Place {
        position: row.get(0)?,
        commit: CommitId::from_bytes(bytes(row, 1)?),
        index: row.get(2)?,
        size: row.get(3)?,
        stream: row.get(4)?,
        version: row.get(5)?,
    })
}

/// Whether `place` is the next event of the commit that `before` is of.
fn continues(before: &Place, place: &Place) -> bool {
    (place.commit, place.size, place.index, place.position)
        == (before.commit, before.size, before.index + 1, before.position + 1)
}

fn gap(last: i64, next: i64) -> Finding {
    let (first_gone, last_gone) = (last + 1, next - 1);
    let problem = if first_gone == last_gone {
        format!("position {first_gone} is gone: an event was removed from history")
    } else {
        let events = last_gone - last;
        format!("positions {first_gone} to {last_gone} are gone: {events} events were removed from history")
    };
    Finding::new(CheckedPart::Feed, problem, Remedy::RestoreBackup).in_table("events")
}

/// A01: an event that no other of its commit follows is the commit's last.
fn check_end(last: &Place, connection: &Connection, names: &mut Names, findings: &mut Findings) {
    if last.index + 1 != last.size {
        let problem = format!(
            "commit {} ends at position {} with event {} of {}",
            last.commit,
            last.position,
            last.index + 1,
            last.size
        );
        findings.add(of_commit(problem, last, connection, names));
    }
}

fn of_commit(problem: String, place: &Place, connection: &Connection, names: &mut Names) -> Finding {
    let finding = Finding::new(CheckedPart::Commits, problem, Remedy::RestoreBackup).in_table("events");
    // A stream without a name is a finding of its own.
    match names.stream(connection, place.stream) {
        Ok(stream) => finding.of_stream(stream).at(Version::new(count(place.version))),
        Err(_) => finding,
    }
}
