//! Checking what only the tables show: that commits are whole, that the feed is history, that markers and snapshots are of what
//! stands in it, and that views are of it and keep nothing that is nobody's. Nothing is changed.
//!
//! Tables are read while others write. What an event may explain that came later is looked at again before it is told.

use annals_ports::{CheckedPart, Finding, Findings, OnUpkeep, Remedy, UpkeepProgress};

use crate::DynamoStore;
use crate::check_history::{self, History};
use crate::check_views;
use crate::fault::Fault;
use crate::feed_check;
use crate::tables::Table;

/// Steps of a check, for its progress.
const STEPS: u64 = 5;

/// Checks everything.
pub(crate) async fn check(store: &DynamoStore, on_progress: OnUpkeep<'_>) -> Result<Findings, Fault> {
    let database = store.database();
    let mut findings = Findings::new();
    let mut done = 0;
    let mut tell = |doing| {
        on_progress(UpkeepProgress { doing, done, of: Some(STEPS) });
        done += 1;
    };
    tell("comparing commits with their events");
    let History { torn, markers } = check_history::history(database).await?;
    for (commit, found, size) in torn {
        let problem = format!("commit {commit} has {found} of its {size} events");
        let finding = Finding::new(CheckedPart::Commits, problem, Remedy::RestoreBackup);
        findings.add(finding.in_table(Table::Events.suffix()));
    }
    for (commit, problem) in markers {
        let finding = Finding::new(CheckedPart::Once, format!("commit {commit} {problem}"), Remedy::Recover);
        findings.add(finding.in_table(Table::Events.suffix()));
    }
    tell("comparing the feed with history");
    findings.append(feed_check::check(&store.shared.hub.tail).await?);
    tell("comparing snapshots with history");
    for (stream, version) in check_history::snapshots_ahead(database).await? {
        let problem = "its snapshot is of an event that is not there";
        let finding = Finding::new(CheckedPart::Snapshots, problem, Remedy::Recover).of_stream(&stream);
        findings.add(finding.at(version).in_table(Table::Snapshots.suffix()));
    }
    tell("comparing views with history");
    for standing in store.standings().await? {
        let view = standing.view.to_string();
        for problem in check_views::ahead(store, &standing).await? {
            let finding = Finding::new(CheckedPart::Views, problem.to_string(), Remedy::Recover);
            findings.add(problem.place(finding).in_table(view.as_str()));
        }
        for problem in check_views::miscounted(store, &standing).await? {
            findings
                .add(Finding::new(CheckedPart::Views, problem, Remedy::RebuildView).in_table(view.as_str()));
        }
    }
    tell("looking for what is nobody's");
    for (part, items) in check_views::orphans(store).await? {
        let problem = format!("{items} items under {part} belong to no view");
        let finding = Finding::new(CheckedPart::Views, problem, Remedy::Recover);
        findings.add(finding.in_table(Table::Views.suffix()));
    }
    Ok(findings)
}
