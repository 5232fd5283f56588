//! Rebuilding a view of one row an order over the demo's business: how fast, and in how much memory.

use std::time::Instant;

use ordermaster::read_models::OrderSummary;

use crate::bench::{Bench, Outcome};
use crate::children::Running;
use crate::figure::{Figure, Goal};
use crate::measure::{Sample, rate};
use crate::report::Report;
use crate::stores::Risk;

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    if report.wants_figure("rebuild", "rebuild") {
        speed(bench, report).await?;
    }
    if bench.kind.is_shared && report.wants_figure("rebuild", "rebuild_memory") {
        memory(bench, report).await?;
    }
    Ok(())
}

async fn speed(bench: &Bench, report: &mut Report) -> Outcome {
    let mix = bench.mix().await?;
    // Opened as a program opens it.
    let store = if bench.kind.is_shared { bench.open("mix", Risk::None).await? } else { mix.store.clone() };
    let (mut applied, mut scanned) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds() {
        let runner = store.runner(OrderSummary);
        let begun = Instant::now();
        let done = tokio::spawn(async move { runner.rebuild(|_| {}).await }).await??;
        applied.push(rate(done.events, begun.elapsed()));
        scanned.push(rate(mix.events, begun.elapsed()));
    }
    report.add(Figure {
        name: "rebuild",
        about: format!(
            "rebuilding `order_summary`, one row an order with two indexes, over the demo's mix of {} events: events of the \
             feed worked through a second, those of other aggregates passed over",
            mix.events
        ),
        unit: "events/s",
        baseline: None,
        ours: Sample::of(scanned).ok_or("no round was run")?,
        goal: Some(Goal::AtLeast(200_000.0)),
        aim: None,
    });
    report.add(Figure {
        name: "rebuild_applied",
        about: "the same, counting only the events of orders, each of which is applied to a row".to_owned(),
        unit: "events/s",
        baseline: None,
        ours: Sample::of(applied).ok_or("no round was run")?,
        goal: Some(Goal::AtLeast(200_000.0)),
        aim: None,
    });
    Ok(())
}

async fn memory(bench: &Bench, report: &mut Report) -> Outcome {
    let mix = bench.mix().await?;
    let mut child = Running::start(&["rebuilding", &bench.url("mix", Risk::None)])?;
    let line = child.line()?;
    let (applied, kibibytes) = line.split_once(' ').ok_or("the child's answer is not understood")?;
    report.add(Figure {
        name: "rebuild_memory",
        about: format!(
            "the most memory (`VmHWM`) that a process of its own ever held which did this rebuild: {} events in the feed, \
             {applied} of them applied",
            mix.events
        ),
        unit: "MiB",
        baseline: None,
        ours: Sample::one(kibibytes.parse::<f64>()? / 1_024.0),
        goal: Some(Goal::Below(200.0)),
        aim: None,
    });
    Ok(())
}
