//! Benchmarks: how fast a store is, how big it gets, how that changes as it grows.
//!
//! Each file of figures measures ours and its baseline in turns, in one run, and says what was measured; `measure` does
//! the arithmetic, `report` the tables. Sizes and durations are fixed here, never tuned by what comes out.
//!
//! Nothing here is a test: a goal that is missed is reported as missed.

#![allow(clippy::print_stdout, reason = "a benchmark talks to a person")]
#![allow(clippy::cast_precision_loss, reason = "counts and times far below 2^52 become figures")]

mod bench;
mod children;
mod commits;
mod disk;
mod dynamodb;
mod feed;
mod figure;
mod growth;
mod history;
mod loads;
mod lone_commit;
mod machine;
mod measure;
mod parcels;
mod plain;
mod postgres;
mod rebuild;
mod report;
mod stores;
mod trees;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::{Bench, Outcome};
use crate::report::Report;
use crate::stores::{DYNAMODB, POSTGRES};

#[derive(Parser)]
#[command(name = "annals-bench", about = "Measures the stores", version)]
struct Arguments {
    /// About a minute's run: fewer rounds and smaller stores, which the report says.
    #[arg(long)]
    quick: bool,
    /// Only the groups, or the figures, of these names; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Which store.
    #[arg(long, value_name = "NAME", default_value = "sqlite")]
    store: String,
    /// Where the figures go as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench/figures.json")]
    json: PathBuf,
    /// A Markdown page whose measured part is written anew.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    #[command(subcommand)]
    child: Option<Child>,
}

/// What this program does as a process of its own, beside the one that measures.
#[derive(Subcommand)]
enum Child {
    /// Commits in batches for a while.
    #[command(hide = true)]
    Batching { url: String, seconds: u64 },
    /// Rebuilds a view, and tells the memory that it took.
    #[command(hide = true)]
    Rebuilding { url: String },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = annals::block_on(async {
        match &arguments.child {
            Some(Child::Batching { url, seconds }) => children::batch(url, *seconds).await,
            Some(Child::Rebuilding { url }) => children::rebuild(url).await,
            None => measure_all(&arguments).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("annals-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure_all(arguments: &Arguments) -> Outcome {
    let kind = stores::named(&arguments.store)?;
    let bench = Bench::new(kind, arguments.quick)?;
    let mut report = Report::new(&bench, arguments.only.clone());
    let mut groups = kind.groups.to_vec();
    // The servers' figures take minutes of their own: a quick run has them when it is asked for them.
    if kind.is_sqlite && (!arguments.quick || !arguments.only.is_empty()) {
        groups.extend([POSTGRES, DYNAMODB]);
    }
    for group in &groups {
        if !report.wants(group) {
            continue;
        }
        println!("\n── {group}");
        match *group {
            "commits" => commits::measure(&bench, &mut report).await?,
            "lone_commit" => lone_commit::measure(&bench, &mut report).await?,
            "loads" => loads::measure(&bench, &mut report).await?,
            "feed" => feed::measure(&bench, &mut report).await?,
            "rebuild" => rebuild::measure(&bench, &mut report).await?,
            "disk" => disk::measure(&bench, &mut report).await?,
            POSTGRES => postgres::measure(&bench, &mut report).await?,
            DYNAMODB => dynamodb::measure(&bench, &mut report).await?,
            _ => growth::measure(&bench, &mut report).await?,
        }
    }
    if report.is_empty() {
        return Err(format!("nothing was measured; the groups are {}", groups.join(", ")).into());
    }
    println!("\n{}", report.table());
    report.write(&arguments.json, arguments.page.as_deref())
}
