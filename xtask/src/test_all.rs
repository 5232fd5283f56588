//! `cargo xtask test-all`: every check and every test on every store, then one page that says what was proven, on what.
//!
//! A store that was not tested fails the run unless that is allowed. The page is left in `target/test-all`, too, as JSON
//! and JUnit XML.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::book;
use crate::feature_matrix;
use crate::phase::{Ending, Phase, cargo_with, has_subcommand, root};
use crate::report::{Report, Run};
use crate::selection::Selection;
use crate::services::Services;
use crate::test_run::{self, Show, TestRun};

/// Where the report is left.
const FOLDER: &str = "target/test-all";

/// What to leave out, and on what to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Ends at the first phase that fails.
    #[arg(long)]
    fail_fast: bool,
    /// Builds and tests this package alone; may be given several times. Stores without a test are then not tested.
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
    #[command(flatten)]
    services: Services,
}

/// The phases in their order: several at a time where one is no use without the other.
const STEPS: [fn(&Plan) -> TestRun; 8] =
    [format, clippy, features, tests, examples, documentation, the_book, licences];

struct Plan {
    selection: Selection,
    services: Services,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    let begun = Instant::now();
    let selection = Selection { packages: options.package.clone(), ..Selection::default() };
    let plan = Plan { selection, services: options.services };
    let (mut phases, mut outcomes) = (Vec::new(), Vec::new());
    for step in STEPS {
        let ended = step(&plan);
        let failed = ended.phases.iter().any(|phase| matches!(phase.ending, Ending::Failed(_)));
        phases.extend(ended.phases);
        outcomes.extend(ended.outcomes);
        if failed && options.fail_fast {
            break;
        }
    }
    let (services, toolchain) = (options.services, toolchain());
    report(&Run { phases, outcomes, services, took: begun.elapsed(), toolchain })
}

fn report(run: &Run) -> ExitCode {
    let report = Report::of(run);
    let written = report.write(&root().join(FOLDER), run);
    println!();
    match &written {
        Ok(()) => println!("{FOLDER}/report.json and {FOLDER}/junit.xml say the same as what follows"),
        Err(error) => println!("{error}"),
    }
    for line in report.text() {
        println!("{line}");
    }
    if report.passed() && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn format(_: &Plan) -> TestRun {
    TestRun::of(Phase::run("format", &mut cargo_with(&["fmt", "--all", "--check"])))
}

fn clippy(plan: &Plan) -> TestRun {
    let mut command = cargo_with(&["clippy", "--all-targets"]);
    command.args(plan.selection.packages_arguments()).args(["--", "-D", "warnings"]);
    TestRun::of(Phase::run("clippy, warnings are errors", &mut command))
}

fn features(plan: &Plan) -> TestRun {
    TestRun::of(feature_matrix::phase(&plan.selection.packages))
}

fn tests(plan: &Plan) -> TestRun {
    test_run::run(&plan.selection, plan.services, Show::All)
}

fn examples(plan: &Plan) -> TestRun {
    test_run::examples(&plan.selection, plan.services)
}

fn documentation(plan: &Plan) -> TestRun {
    let mut command = cargo_with(&["doc", "--no-deps"]);
    command.args(plan.selection.packages_arguments()).env("RUSTDOCFLAGS", "-D warnings");
    TestRun::of(Phase::run("documentation", &mut command))
}

fn the_book(_: &Plan) -> TestRun {
    let name = "the book's pages and links";
    println!("\n── {name}");
    let begun = Instant::now();
    let faults = book::faults(&root().join("docs"));
    for fault in &faults {
        println!("{fault}");
    }
    let ending = if faults.is_empty() { Ending::Passed } else { Ending::Failed("see above".to_owned()) };
    TestRun::of(Phase::of(name, ending, begun))
}

fn licences(_: &Plan) -> TestRun {
    let name = "licences and duplicates (cargo deny)";
    if !has_subcommand("deny") {
        return TestRun::of(Phase::not_run(
            name,
            "cargo-deny is not installed: cargo install cargo-deny --locked",
        ));
    }
    TestRun::of(Phase::run(
        name,
        &mut cargo_with(&["deny", "--all-features", "check", "bans", "licenses", "sources"]),
    ))
}

pub(crate) fn toolchain() -> String {
    let version = Command::new("rustc").arg("--version").stderr(Stdio::null()).output();
    version.map_or_else(
        |_| "rustc is not on the path".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
