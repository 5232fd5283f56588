//! A client alone: how long its commit takes beside plain SQLite, and beside two processes that write in batches.

use std::time::{Duration, Instant};

use annals::Store;

use crate::bench::{Bench, Outcome};
use crate::children::Running;
use crate::figure::{Figure, Goal};
use crate::history;
use crate::measure::{Sample, milliseconds_since};
use crate::plain::Plain;
use crate::report::Report;
use crate::stores::Risk;

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    if report.wants_figure("lone_commit", "lone_commit") {
        beside_plain(bench, report).await?;
    }
    if bench.kind.is_shared && report.wants_figure("lone_commit", "lone_commit_beside_batches") {
        beside_batches(bench, report).await?;
    }
    Ok(())
}

async fn beside_plain(bench: &Bench, report: &mut Report) -> Outcome {
    let time = Duration::from_millis(bench.size(1_000, 500));
    let store = bench.open("lone", Risk::None).await?;
    let plain = if bench.kind.is_sqlite {
        // The tables are the store's own; the file is another, so that neither writes what the other reads.
        drop(bench.open("lone-plain", Risk::None).await?);
        Some(Plain::open(&bench.file("lone-plain"))?)
    } else {
        None
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        ours.push(for_a_while(&store, time).await?.median());
        if let Some(plain) = &plain {
            let begun = Instant::now();
            let mut times = Vec::new();
            while begun.elapsed() < time {
                times.push(plain.commit()?);
            }
            theirs.extend(Sample::of(times).map(|times| times.median()));
        }
    }
    report.add(Figure {
        name: "lone_commit",
        about: "how long a durable commit of one event to a new stream takes a client that is alone; beside it the same \
                checks and inserts on the same tables and indexes by hand, in plain SQLite on the caller's own thread, \
                without digests"
            .to_owned(),
        unit: "ms",
        baseline: Sample::of(theirs).map(|theirs| ("plain SQLite", theirs)),
        ours: Sample::of(ours).ok_or("no round was run")?,
        goal: Some(Goal::TimesAtMost(1.5)),
        aim: None,
    });
    Ok(())
}

async fn beside_batches(bench: &Bench, report: &mut Report) -> Outcome {
    let seconds = bench.size(5, 3);
    let url = bench.url("lone-beside", Risk::None);
    let store = bench.open("lone-beside", Risk::None).await?;
    let (mut slow, mut middle, mut batched) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.size(5, 1) {
        // They outlast the measurement.
        let lasting = (seconds + 1).to_string();
        let mut children =
            [Running::start(&["batching", &url, &lasting])?, Running::start(&["batching", &url, &lasting])?];
        for child in &mut children {
            child.line()?;
        }
        let times = for_a_while(&store, Duration::from_secs(seconds)).await?;
        slow.push(times.percentile(99));
        middle.push(times.median());
        for child in &mut children {
            batched.push(child.line()?.parse::<f64>()? / (seconds + 1) as f64);
        }
    }
    let medians = (Sample::of(middle), Sample::of(batched));
    let (Some(middle), Some(batched)) = medians else { return Err("no round was run".into()) };
    report.add(Figure {
        name: "lone_commit_beside_batches",
        about: format!(
            "the 99th percentile of a lone client's commit while two other processes commit to the same file, 128 at once \
             each (median of the lone commit {:.1} ms; each batching process {:.0} commits/s)",
            middle.median(),
            batched.median(),
        ),
        unit: "ms",
        baseline: None,
        ours: Sample::of(slow).ok_or("no round was run")?,
        goal: Some(Goal::Below(100.0)),
        aim: None,
    });
    Ok(())
}

/// How long each commit took of a client that commits one at a time, for a while.
async fn for_a_while(store: &Store, time: Duration) -> Outcome<Sample> {
    // In a task of its own, on a thread of the runtime, as a server's would be.
    let events = store.adapter().events.clone();
    let times = tokio::spawn(async move {
        let begun = Instant::now();
        let mut times = Vec::new();
        while begun.elapsed() < time {
            let commit = history::opening()?;
            let one = Instant::now();
            events.commit(commit).await?;
            times.push(milliseconds_since(one));
        }
        Outcome::Ok(times)
    });
    Ok(Sample::of(times.await??).ok_or("no commit was made")?)
}
