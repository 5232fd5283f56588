//! `cargo xtask test-all`: every check and every test, then one table that says what was proven.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::book;
use crate::phase::{Ending, Phase, cargo_with, has_subcommand, root};
use crate::test_counts::TestCounts;

/// What to leave out.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Ends at the first phase that fails.
    #[arg(long)]
    fail_fast: bool,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    let begun = Instant::now();
    let mut counts = TestCounts::default();
    let steps: [fn(&mut TestCounts) -> Phase; 7] =
        [format, clippy, tests, doc_tests, documentation, the_book, licences];
    let mut phases = Vec::new();
    for step in steps {
        phases.push(step(&mut counts));
        let failed = matches!(phases.last(), Some(Phase { ending: Ending::Failed(_), .. }));
        if failed && options.fail_fast {
            break;
        }
    }
    report(&phases, counts, begun.elapsed())
}

fn format(_: &mut TestCounts) -> Phase {
    Phase::run("format", &mut cargo_with(&["fmt", "--all", "--check"]))
}

fn clippy(_: &mut TestCounts) -> Phase {
    let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    Phase::run("clippy, warnings are errors", &mut cargo_with(&arguments))
}

fn tests(counts: &mut TestCounts) -> Phase {
    let name = "tests";
    if has_subcommand("nextest") {
        let arguments = ["nextest", "run", "--workspace", "--all-features", "--no-fail-fast"];
        return Phase::run_tests(name, &mut cargo_with(&arguments), counts);
    }
    println!("cargo-nextest is not installed (cargo install cargo-nextest --locked): using cargo test");
    let arguments = ["test", "--workspace", "--all-features", "--no-fail-fast", "--lib", "--bins", "--tests"];
    Phase::run_tests(name, &mut cargo_with(&arguments), counts)
}

fn doc_tests(counts: &mut TestCounts) -> Phase {
    let arguments = ["test", "--workspace", "--all-features", "--doc", "--quiet"];
    Phase::run_tests("examples in the documentation", &mut cargo_with(&arguments), counts)
}

fn documentation(_: &mut TestCounts) -> Phase {
    let mut command = cargo_with(&["doc", "--workspace", "--all-features", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    Phase::run("documentation", &mut command)
}

fn the_book(_: &mut TestCounts) -> Phase {
    let name = "the book's pages and links";
    println!("\n── {name}");
    let begun = Instant::now();
    let faults = book::faults(&root().join("docs"));
    for fault in &faults {
        println!("{fault}");
    }
    let ending = if faults.is_empty() { Ending::Passed } else { Ending::Failed("see above".to_owned()) };
    Phase { name, ending, took: begun.elapsed() }
}

fn licences(_: &mut TestCounts) -> Phase {
    let name = "licences and duplicates (cargo deny)";
    if !has_subcommand("deny") {
        return Phase::not_run(name, "cargo-deny is not installed: cargo install cargo-deny --locked");
    }
    Phase::run(name, &mut cargo_with(&["deny", "--all-features", "check", "bans", "licenses", "sources"]))
}

fn report(phases: &[Phase], counts: TestCounts, took: Duration) -> ExitCode {
    println!("\n{:<38} {:>8}  result", "phase", "seconds");
    for phase in phases {
        let result = match &phase.ending {
            Ending::Passed => "passed".to_owned(),
            Ending::Failed(why) => format!("FAILED ({why})"),
            Ending::NotRun(why) => format!("not run ({why})"),
        };
        println!("{:<38} {:>8.1}  {result}", phase.name, phase.took.as_secs_f64());
    }
    println!("{:<38} {:>8.1}  {}", "all", took.as_secs_f64(), toolchain());
    let failed = phases.iter().any(|phase| matches!(phase.ending, Ending::Failed(_)));
    println!("\nall phases and tests: {}", if failed { "FAILED" } else { "passed" });
    println!("tests: {} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn toolchain() -> String {
    let version = Command::new("rustc").arg("--version").stderr(Stdio::null()).output();
    version.map_or_else(
        |_| "rustc is not on the path".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
