//! Commits of one event: by 256 tasks, gathered and not, beside a script that inserts in batches; and by a lone client.

use std::time::{Duration, Instant};

use annals::Store;
use tokio::task::JoinSet;

use super::processor::OneProcessor;
use super::table::{self, Plain};
use super::{GROUP, Server};
use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history;
use crate::measure::{Sample, milliseconds_since, rate};
use crate::report::Report;

/// Tasks that commit at once.
pub(super) const TASKS: usize = 256;
/// Connections of the script, and the rows of each of its statements.
const SCRIPT: (usize, usize) = (2, 256);

/// The figures of [`together`].
pub(super) const TOGETHER: [&str; 3] =
    ["postgres_commits", "postgres_commits_script", "postgres_commits_p99"];
/// The figure of [`alone`].
pub(super) const ALONE: [&str; 1] = ["postgres_lone_commit"];

/// How many commits a second, and how many milliseconds each took.
pub(super) struct Round {
    pub(super) rate: f64,
    pub(super) times: Sample,
}

/// Many tasks at once.
pub(super) async fn together(bench: &Bench, report: &mut Report, server: &Server) -> Outcome {
    let database = server.database().await?;
    let (gathered, single) = (database.open("").await?, database.open("&gathering=off").await?);
    let mut script = table::connections(database.url(), SCRIPT.0).await?;
    let time = Duration::from_millis(bench.size(2_000, 700));
    let (mut ours, mut slow, mut without, mut plain) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        let round = round(&gathered, TASKS, time).await?;
        ours.push(round.rate);
        slow.push(round.times.percentile(99));
        without.push(self::round(&single, TASKS, time).await?.rate);
        plain.push(table::rate_of(&mut script, SCRIPT.1, time).await?);
    }
    let ours = Sample::of(ours).ok_or("no round was run")?;
    report.add(Figure {
        name: TOGETHER[0],
        about: "commits of one event to new streams, by 256 tasks at once; beside them the same with `gathering=off`, \
                where each commit is a statement of its own"
            .to_owned(),
        unit: "commits/s",
        baseline: Sample::of(without).map(|without| ("gathering off", without)),
        ours: ours.clone(),
        goal: Some(Goal::TimesAtLeast(6.0)),
        aim: None,
    });
    report.add(Figure {
        name: TOGETHER[1],
        about: "the same commits, beside rows a second of a script that inserts rows of the same size into the same \
                table, 256 a statement, on 2 connections, and checks nothing"
            .to_owned(),
        unit: "commits/s",
        baseline: Sample::of(plain).map(|plain| ("a plain batched insert", plain)),
        ours,
        goal: Some(Goal::TimesAtLeast(0.5)),
        aim: None,
    });
    report.add(Figure {
        name: TOGETHER[2],
        about: "the 99th percentile of the time from handing one of these commits in to its answer"
            .to_owned(),
        unit: "ms",
        baseline: None,
        ours: Sample::of(slow).ok_or("no round was run")?,
        goal: Some(Goal::Below(25.0)),
        aim: None,
    });
    Ok(())
}

/// One client, which waits for each answer.
pub(super) async fn alone(bench: &Bench, report: &mut Report, server: &Server) -> Outcome {
    let database = server.database().await?;
    let store = database.open("").await?;
    let mut plain = Plain::connect(database.url()).await?;
    let time = Duration::from_millis(bench.size(1_000, 500));
    let one_processor = OneProcessor::keep(server.process()?);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        ours.push(round(&store, 1, time).await?.times.median());
        let (by_hand, times) = inserts(plain, time).await?;
        plain = by_hand;
        theirs.push(times.median());
    }
    report.add(Figure {
        name: ALONE[0],
        about: format!(
            "how long a lone client waits for its commit of one event; beside it one plain insert that checks by the \
             same statement that neither its commit nor its stream is there; {}",
            if one_processor.is_some() {
                "client and server on one processor, lest it be measured which of them wakes whom on another"
            } else {
                "client and server where the system puts them"
            }
        ),
        unit: "ms",
        baseline: Sample::of(theirs).map(|theirs| ("a plain insert that checks", theirs)),
        ours: Sample::of(ours).ok_or("no round was run")?,
        goal: Some(Goal::TimesAtMost(1.2)),
        aim: None,
    });
    Ok(())
}

/// How long each plain insert takes of a client that does nothing else.
async fn inserts(mut plain: Plain, time: Duration) -> Outcome<(Plain, Sample)> {
    // In a task of its own, as ours are.
    let done = tokio::spawn(async move {
        let (begun, mut times) = (Instant::now(), Vec::new());
        while begun.elapsed() < time {
            let one = Instant::now();
            plain.insert_checked().await?;
            times.push(milliseconds_since(one));
        }
        Outcome::Ok((plain, times))
    });
    let (plain, times) = done.await??;
    Ok((plain, Sample::of(times).ok_or("nothing was inserted")?))
}

/// Commits to new streams, by so many tasks, for so long.
pub(super) async fn round(store: &Store, tasks: usize, time: Duration) -> Outcome<Round> {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let events = store.adapter().events.clone();
        running.spawn(async move {
            let mut times = Vec::new();
            while begun.elapsed() < time {
                let commit = history::opening()?;
                let one = Instant::now();
                events.commit(commit).await?;
                times.push(milliseconds_since(one));
            }
            Outcome::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = running.join_next().await {
        times.extend(done??);
    }
    let rate = rate(times.len() as u64, begun.elapsed());
    Ok(Round { rate, times: Sample::of(times).ok_or_else(|| format!("{GROUP}: no commit was made"))? })
}
