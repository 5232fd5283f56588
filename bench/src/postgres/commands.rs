//! Commands: load, decide, commit, on accounts of 40 events, beside plain inserts of one row a statement.

use std::time::{Duration, Instant};

use annals::{Metadata, Repository, RepositoryOptions};
use ordermaster_domain::{Account, AccountCommand, AccountId, DepositMethod};
use tokio::task::JoinSet;

use super::Server;
use super::commits::TASKS;
use super::table;
use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history;
use crate::measure::{Sample, rate};
use crate::report::Report;

/// The group's figures.
pub(super) const NAMES: [&str; 2] = ["postgres_commands_cached", "postgres_commands_uncached"];

/// Events of an account when the figures begin; each command adds one.
const EVENTS: u64 = 40;
/// Tasks without a cache.
const FEW: usize = 16;
/// Connections of the plain inserts: as many as the store has.
const CONNECTIONS: usize = 16;

/// Measures the group.
pub(super) async fn measure(bench: &Bench, report: &mut Report, server: &Server) -> Outcome {
    let database = server.database().await?;
    let store = database.open("").await?;
    let ids = history::accounts(&store, bench.size(16_000, 4_000), EVENTS, TASKS).await?;
    let options = RepositoryOptions::default();
    let cached = store.repository::<Account>().with_options(options.clone().cache_capacity(ids.len() * 2));
    let uncached = store.repository::<Account>().with_options(options.cache_capacity(0));
    let mut plain = table::connections(database.url(), CONNECTIONS).await?;
    // Its cache is full before it counts.
    round(&cached, &ids, TASKS, None).await?;
    let time = Duration::from_millis(bench.size(1_500, 700));
    let (mut with, mut without, mut inserts) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        with.push(round(&cached, &ids, TASKS, Some(time)).await?);
        inserts.push(table::rate_of(&mut plain, 1, time).await?);
        without.push(round(&uncached, &ids, FEW, Some(time)).await?);
        // Others have written since; what it kept is read on, once.
        round(&cached, &ids, TASKS, None).await?;
    }
    let inserts = Sample::of(inserts).ok_or("no round was run")?;
    report.add(Figure {
        name: NAMES[0],
        about: format!(
            "commands (load, decide, commit) on {} accounts of {EVENTS} events and more, by {TASKS} tasks, with a cache \
             that holds them all; beside them plain inserts of one row a statement, on {CONNECTIONS} connections",
            ids.len()
        ),
        unit: "commands/s",
        baseline: Some(("plain inserts, one a statement", inserts.clone())),
        ours: Sample::of(with).ok_or("no round was run")?,
        goal: Some(Goal::TimesAtLeast(1.5)),
        aim: None,
    });
    report.add(Figure {
        name: NAMES[1],
        about: format!("the same by {FEW} tasks without a cache: each command reads the whole account first"),
        unit: "commands/s",
        baseline: Some(("plain inserts, one a statement", inserts)),
        ours: Sample::of(without).ok_or("no round was run")?,
        goal: Some(Goal::TimesAtLeast(0.4)),
        aim: None,
    });
    Ok(())
}

/// Commands a second by so many tasks, each on accounts of its own, for so long; or once on each account.
async fn round(
    repository: &Repository<Account>,
    ids: &[AccountId],
    tasks: usize,
    time: Option<Duration>,
) -> Outcome<f64> {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let repository = repository.clone();
        let own: Vec<_> = ids.iter().skip(task).step_by(tasks).cloned().collect();
        running.spawn(async move {
            let command =
                AccountCommand::Deposit { amount: history::pounds(10)?, method: DepositMethod::Card };
            let mut count = 0_usize;
            while time.map_or(count < own.len(), |time| begun.elapsed() < time) {
                let metadata = Metadata::correlated(format!("request-{count:010}")).by("teller-7");
                repository.execute(&own[count % own.len()], &command, metadata).await?;
                count += 1;
            }
            Outcome::Ok(count as u64)
        });
    }
    let mut count = 0;
    while let Some(done) = running.join_next().await {
        count += done??;
    }
    Ok(rate(count, begun.elapsed()))
}
