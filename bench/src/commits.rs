//! Commits: many tasks at once against one at a time, and what each durability setting costs.

use std::time::{Duration, Instant};

use annals::Store;
use tokio::task::JoinSet;

use crate::bench::{Bench, Outcome};
use crate::figure::{Figure, Goal};
use crate::history;
use crate::measure::{Sample, rate};
use crate::report::Report;
use crate::stores::Risk;

/// Tasks that commit at once.
const TASKS: usize = 256;

/// What is measured of one setting.
struct Setting {
    risk: Risk,
    store: Store,
    together: Vec<f64>,
    alone: Vec<f64>,
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let risks: &[Risk] =
        if bench.kind.is_sqlite { &[Risk::None, Risk::LastCommits, Risk::Everything] } else { &[Risk::None] };
    let mut settings = Vec::new();
    for risk in risks {
        let store = bench.open(&format!("commits-{}", risk.name()), *risk).await?;
        settings.push(Setting { risk: *risk, store, together: Vec::new(), alone: Vec::new() });
    }
    let time = Duration::from_millis(bench.size(1_000, 400));
    for _ in 0..bench.rounds() {
        for setting in &mut settings {
            setting.together.push(rate_of(&setting.store, TASKS, time).await?);
            setting.alone.push(rate_of(&setting.store, 1, time).await?);
        }
    }
    let samples = |setting: &Setting| {
        Sample::of(setting.together.clone()).zip(Sample::of(setting.alone.clone())).ok_or("no round was run")
    };
    let (together, alone) = samples(&settings[0])?;
    report.add(Figure {
        name: "commits_256_tasks",
        about: "durable commits of one event to new streams, by 256 tasks at once; beside them one task, which waits for \
                each commit before the next"
            .to_owned(),
        unit: "commits/s",
        baseline: Some(("one at a time", alone.clone())),
        ours: together.clone(),
        goal: Some(Goal::TimesAtLeast(5.0)),
        aim: Some(Goal::AtLeast(50_000.0)),
    });
    for setting in &settings[1..] {
        let survives = if setting.risk == Risk::LastCommits { "normal" } else { "off" };
        let (names, found) = (names_of(setting.risk), samples(setting)?);
        for ((name, ours), (how, full)) in
            names.into_iter().zip([found.0, found.1]).zip([("256 tasks", &together), ("one task", &alone)])
        {
            report.add(Figure {
                name,
                about: format!("{how} with `durability={survives}`, beside `durability=full`"),
                unit: "commits/s",
                baseline: Some(("full", full.clone())),
                ours,
                goal: None,
                aim: None,
            });
        }
    }
    Ok(())
}

fn names_of(risk: Risk) -> [&'static str; 2] {
    match risk {
        Risk::Everything => ["commits_off_256_tasks", "commits_off_alone"],
        _ => ["commits_normal_256_tasks", "commits_normal_alone"],
    }
}

/// Commits a second to new streams, by so many tasks, for so long.
async fn rate_of(store: &Store, tasks: usize, time: Duration) -> Outcome<f64> {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let events = store.adapter().events.clone();
        running.spawn(async move {
            let mut count = 0_u64;
            while begun.elapsed() < time {
                events.commit(history::opening()?).await?;
                count += 1;
            }
            Outcome::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(done) = running.join_next().await {
        count += done??;
    }
    Ok(rate(count, begun.elapsed()))
}
