//! Builds and runs tests, with nextest where it is installed, else with `cargo test`, and tells how each of them ended.
//!
//! nextest leaves a report with names, times and what was said; `cargo test` is read line by line. Either way the
//! counts in the closing lines must agree with the tests that were told.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::process::{Command, Stdio};
use std::time::Instant;

use cargo_metadata::{Message, TargetKind};

use crate::junit;
use crate::libtest::{Lines, Programs};
use crate::outcome::{Outcome, TestEnding};
use crate::phase::{Ending, Phase, cargo_with, has_subcommand, root};
use crate::selection::Selection;
use crate::services::Services;
use crate::test_counts::TestCounts;
use crate::workspace;

/// Tests that were run, and the phases that it took.
#[derive(Debug, Default)]
pub(crate) struct TestRun {
    pub(crate) phases: Vec<Phase>,
    pub(crate) outcomes: Vec<Outcome>,
}

impl TestRun {
    /// A phase without tests.
    pub(crate) fn of(phase: Phase) -> Self {
        Self { phases: vec![phase], outcomes: Vec::new() }
    }
}

const BUILD: &str = "build of the tests";
const TESTS: &str = "tests";
const EXAMPLES: &str = "examples in the documentation";

/// Where nextest leaves its report, by the profile `xtask` in `.config/nextest.toml`.
const REPORT: &str = "target/nextest/xtask/junit.xml";

/// How nextest and `cargo test` end when a test failed.
const A_TEST_FAILED: [i32; 2] = [100, 101];

/// How much a person is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// Every line.
    All,
    /// Every line, once something failed.
    Failures,
}

/// Builds and runs the tests of the selection.
pub(crate) fn run(selection: &Selection, services: Services, show: Show) -> TestRun {
    if has_subcommand("nextest") {
        return with_nextest(selection, services, show);
    }
    println!("cargo-nextest is not installed (cargo install cargo-nextest --locked): using cargo test");
    with_cargo(selection, services, show)
}

/// Builds and runs the examples in the documentation.
pub(crate) fn examples(selection: &Selection, services: Services) -> TestRun {
    let selection = match with_libraries(selection) {
        Ok(Some(selection)) => selection,
        Ok(None) => return TestRun::of(Phase::not_run(EXAMPLES, "no library was asked for")),
        Err(told) => return TestRun::of(Phase::of(EXAMPLES, Ending::Failed(told), Instant::now())),
    };
    let mut command = cargo_with(&["test", "--doc", "--no-fail-fast"]);
    command.args(selection.packages_arguments());
    services.tell(&mut command);
    let (mut lines, mut counts) = (Lines::default(), TestCounts::default());
    let phase = Phase::read(EXAMPLES, &mut command, &mut |line| {
        if lines.read(line) && !line.ends_with(" ... ok") {
            println!("{line}");
        }
        counts.read(line);
    });
    checked(vec![phase], lines.outcomes(), counts, services)
}

/// Those of the packages that have examples; cargo refuses to look for them where there is no library.
fn with_libraries(selection: &Selection) -> Result<Option<Selection>, String> {
    if selection.packages.is_empty() {
        return Ok(Some(selection.clone()));
    }
    let libraries: BTreeSet<_> = workspace::packages()?
        .iter()
        .filter(|package| workspace::has_library(package))
        .map(|package| package.name.to_string())
        .collect();
    let packages: Vec<_> =
        selection.packages.iter().filter(|name| libraries.contains(*name)).cloned().collect();
    Ok((!packages.is_empty()).then(|| Selection { packages, ..selection.clone() }))
}

fn with_nextest(selection: &Selection, services: Services, show: Show) -> TestRun {
    let arguments = [selection.arguments(), selection.expression()].concat();
    let mut build = cargo_with(&["nextest", "run", "--no-run"]);
    let built = shown(BUILD, build.args(&arguments), show, &mut |_| true);
    if built.ending != Ending::Passed {
        return TestRun { phases: vec![built, not_built()], outcomes: Vec::new() };
    }
    let report = root().join(REPORT);
    // What is left of another run must not be read.
    let _ = std::fs::remove_file(&report);
    let mut command = cargo_with(&["nextest", "run", "--profile", "xtask", "--no-fail-fast"]);
    services.tell(command.args(&arguments));
    let mut counts = TestCounts::default();
    let mut phase = shown(TESTS, &mut command, show, &mut |line| {
        counts.read(line);
        true
    });
    let outcomes = match std::fs::read_to_string(&report) {
        Ok(xml) => junit::read(&xml),
        // nextest writes none when there is nothing to run.
        Err(_) if counts == TestCounts::default() => Ok(Vec::new()),
        Err(error) => Err(format!("{}: {error}", report.display())),
    };
    match outcomes {
        Ok(outcomes) => checked(vec![built, phase], outcomes, counts, services),
        Err(broken) => {
            phase.ending = Ending::Failed(broken);
            TestRun { phases: vec![built, phase], outcomes: Vec::new() }
        }
    }
}

fn with_cargo(selection: &Selection, services: Services, show: Show) -> TestRun {
    let (built, programs) = build(selection);
    if built.ending != Ending::Passed {
        return TestRun { phases: vec![built, not_built()], outcomes: Vec::new() };
    }
    let mut command = cargo_with(&["test", "--no-fail-fast"]);
    command.args(selection.arguments()).args(selection.targets_arguments());
    services.tell(command.arg("--").arg("--show-output").args(selection.names()));
    let (mut lines, mut counts) = (Lines::new(programs), TestCounts::default());
    let phase = shown(TESTS, &mut command, show, &mut |line| {
        counts.read(line);
        lines.read(line)
    });
    let mut run = checked(vec![built, phase], lines.outcomes(), counts, services);
    // Names alone cannot say everything that an expression can.
    run.outcomes.retain(|test| selection.holds(test));
    run
}

/// Builds the test programs and tells which file is whose.
fn build(selection: &Selection) -> (Phase, Programs) {
    println!("\n── {BUILD}");
    let begun = Instant::now();
    let mut command = cargo_with(&["test", "--no-run", "--message-format", "json-render-diagnostics"]);
    command.args(selection.arguments()).args(selection.targets_arguments());
    let mut programs = Programs::new();
    let ending = programs_of(&mut command, &mut programs).unwrap_or_else(Ending::Failed);
    (Phase::of(BUILD, ending, begun), programs)
}

fn programs_of(command: &mut Command, programs: &mut Programs) -> Result<Ending, String> {
    let failed = |error: std::io::Error| format!("cannot run cargo: {error}");
    let mut child = command.current_dir(root()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let output = child.stdout.take().map(BufReader::new);
    for message in output.into_iter().flat_map(Message::parse_stream) {
        let Message::CompilerArtifact(artifact) = message.map_err(failed)? else { continue };
        let Some(file) = artifact.executable.as_ref().and_then(|path| path.file_name()) else { continue };
        if artifact.profile.test {
            let program = match artifact.target.kind.first() {
                Some(TargetKind::Test) => artifact.target.name.clone(),
                Some(TargetKind::Bin) => format!("bin/{}", artifact.target.name),
                _ => String::new(),
            };
            programs.insert(file.to_owned(), (package_of(&artifact.package_id.repr), program));
        }
    }
    let status = child.wait().map_err(failed)?;
    Ok(if status.success() { Ending::Passed } else { Ending::Failed(status.to_string()) })
}

/// The name in a package's id: `path+file:///annals/crates/core#annals-core@0.1.0`, or `…/xtask#0.1.0` where the
/// folder has the same name.
fn package_of(id: &str) -> String {
    let (path, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => path.rsplit_once('/').map_or(path, |(_, folder)| folder).to_owned(),
    }
}

fn not_built() -> Phase {
    Phase::not_run(TESTS, "they do not build")
}

/// Runs a command; `see` says which lines are worth showing.
fn shown(name: &'static str, command: &mut Command, show: Show, see: &mut dyn FnMut(&str) -> bool) -> Phase {
    let mut kept = Vec::new();
    let phase = Phase::read(name, command, &mut |line| {
        if see(line) {
            match show {
                Show::All => println!("{line}"),
                Show::Failures => kept.push(line.to_owned()),
            }
        }
    });
    if phase.ending != Ending::Passed {
        for line in kept {
            println!("{line}");
        }
    }
    phase
}

/// What the last of the phases comes to: a failure for want of a service is one unless that is allowed, and what was
/// told of single tests must be all that ran.
fn checked(
    mut phases: Vec<Phase>,
    outcomes: Vec<Outcome>,
    counts: TestCounts,
    services: Services,
) -> TestRun {
    let count = |is: fn(&TestEnding) -> bool| outcomes.iter().filter(|test| is(&test.ending)).count() as u64;
    let missing = count(|ending| matches!(ending, TestEnding::Missing(_)));
    let failed = count(|ending| *ending == TestEnding::Failed);
    let passed = count(|ending| *ending == TestEnding::Passed);
    if let Some(phase) = phases.last_mut() {
        let code = phase.code.filter(|code| A_TEST_FAILED.contains(code));
        if failed == 0 && missing > 0 && code.is_some() {
            phase.ending = if services.allow_missing {
                Ending::Passed
            } else {
                Ending::Failed(format!("tests for want of a service: {missing}"))
            };
        }
        if (counts.passed, counts.failed) != (passed, failed + missing) {
            let TestCounts { passed: said, failed: of, .. } = counts;
            phase.ending = Ending::Failed(format!(
                "{said} passed and {of} failed by the closing lines, {passed} and {} test by test",
                failed + missing
            ));
        }
    }
    TestRun { phases, outcomes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::tests::outcome;

    fn phase(code: i32) -> Phase {
        let ending = if code == 0 { Ending::Passed } else { Ending::Failed(format!("exit status: {code}")) };
        Phase { ending, code: Some(code), ..Phase::not_run(TESTS, "") }
    }

    fn ending(code: i32, tests: &[TestEnding], counted: (u64, u64), allow_missing: bool) -> Ending {
        let outcomes = tests.iter().map(|ending| outcome("annals-core", "a_test", ending.clone())).collect();
        let counts = TestCounts { passed: counted.0, failed: counted.1, skipped: 0 };
        let services = Services::auto(allow_missing);
        checked(vec![phase(code)], outcomes, counts, services).phases.remove(0).ending
    }

    #[test]
    fn a_missing_service_fails_a_run_unless_that_is_allowed() {
        let missing = TestEnding::Missing("Java cannot be had: install it".to_owned());
        let tests = [TestEnding::Passed, missing.clone()];
        let failed = Ending::Failed("tests for want of a service: 1".to_owned());
        assert_eq!(ending(100, &tests, (1, 1), false), failed);
        assert_eq!(ending(100, &tests, (1, 1), true), Ending::Passed);
        let broken = Ending::Failed("exit status: 100".to_owned());
        assert_eq!(ending(100, &[missing.clone(), TestEnding::Failed], (0, 2), true), broken);
        let cut_off = Ending::Failed("exit status: 4".to_owned());
        assert_eq!(ending(4, &[missing], (0, 1), true), cut_off);
    }

    #[test]
    fn tests_that_were_counted_and_not_told_fail_a_run() {
        let told = ending(0, &[TestEnding::Passed], (2, 0), true);
        assert!(matches!(&told, Ending::Failed(why) if why.contains("2 passed")), "{told:?}");
        assert_eq!(ending(0, &[TestEnding::Passed], (1, 0), false), Ending::Passed);
    }

    #[test]
    fn a_package_is_read_from_its_id() {
        assert_eq!(package_of("path+file:///annals/crates/core#annals-core@0.1.0"), "annals-core");
        assert_eq!(package_of("path+file:///annals/xtask#0.1.0"), "xtask");
    }
}
