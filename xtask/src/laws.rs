//! `cargo xtask laws`: one page that says, law by law, on which stores its tests passed and how many broken stores
//! they caught; then the equivalence of the stores over random scripts.
//!
//! Reads what `cargo test` prints; decides nothing about laws itself. A law without a test on every store, or
//! without a broken store that it catches, makes it fail.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use crate::phase::{cargo_with, read_output, root};

/// A store that runs the suite.
struct Suite {
    store: &'static str,
    /// Where its tests are: the package, the test program, and how their names begin; empty for all of them.
    package: &'static str,
    program: &'static str,
    tests: &'static str,
}

/// The stores that run the suite. A new store is added here.
const STORES: &[Suite] = &[
    Suite { store: "memory", package: "annals-memory", program: "conformance", tests: "" },
    Suite { store: "sqlite", package: "annals-sqlite", program: "conformance", tests: "" },
    // The same file, with real second processes, which are killed.
    Suite { store: "sqlite processes", package: "annals-tests", program: "it", tests: "second_process::" },
    Suite { store: "postgres", package: "annals-postgres", program: "conformance", tests: "" },
];

/// How much to try.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Random scripts over which the stores must not differ.
    #[arg(long, default_value_t = 100)]
    scripts: u32,
    /// What the scripts are drawn from; drawn itself unless given.
    #[arg(long)]
    seed: Option<u64>,
}

/// How the tests of one law went over one store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tests {
    passed: u32,
    failed: u32,
}

/// The broken stores made for one law.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Breakages {
    made: u32,
    caught: u32,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut ok = true;
    let mut suites = Vec::new();
    for Suite { store, package, program, tests } in STORES {
        println!("── the suite on {store}");
        let (output, passed) = output_of(&mut cargo_with(&["test", "-p", package, "--test", program, tests]));
        ok &= passed;
        suites.push(tests_in(&output));
    }
    println!("── broken stores");
    let teeth =
        ["test", "-p", "annals-testkit", "--features", "broken", "--test", "teeth", "--", "--nocapture"];
    let (output, passed) = output_of(&mut cargo_with(&teeth));
    ok &= passed;
    let breakages = breakages_in(&output);
    println!("── equivalence over {} scripts", options.scripts);
    let scripts = ["test", "-p", "annals-tests", "--test", "it", "equivalence", "--", "--nocapture"];
    let mut command = cargo_with(&scripts);
    command.env("ANNALS_CASES", options.scripts.to_string());
    if let Some(seed) = options.seed {
        command.env("ANNALS_SEED", seed.to_string());
    }
    let (output, passed) = output_of(&mut command);
    ok &= passed;
    let tried: Vec<_> = output.iter().filter(|line| line.starts_with("equivalence: ")).collect();
    ok &= !tried.is_empty();

    println!();
    ok &= page(&suites, &breakages);
    for line in tried {
        println!("{line}");
    }
    println!(
        "{}",
        if ok { "every law holds, and every law's tests can fail" } else { "NOT every law is shown" }
    );
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn output_of(command: &mut Command) -> (Vec<String>, bool) {
    let mut lines = Vec::new();
    let status = read_output(command.current_dir(root()), &mut |line| lines.push(line.to_owned()));
    let passed = status.is_ok_and(|status| status.success());
    if !passed {
        for line in &lines {
            println!("{line}");
        }
    }
    (lines, passed)
}

/// Prints a row for each law; tells whether every law has tests on every store and a broken store it catches.
fn page(suites: &[BTreeMap<String, Tests>], breakages: &BTreeMap<String, Breakages>) -> bool {
    let mut whole = true;
    print!("law ");
    for Suite { store, .. } in STORES {
        print!("  {store:>16}");
    }
    println!("  broken stores caught");
    let laws: std::collections::BTreeSet<&String> =
        suites.iter().flat_map(BTreeMap::keys).chain(breakages.keys()).collect();
    for law in &laws {
        print!("{law:<4}");
        for suite in suites {
            let tests = suite.get(*law).copied().unwrap_or_default();
            whole &= tests.passed > 0 && tests.failed == 0;
            print!("  {:>16}", format!("{} of {} tests", tests.passed, tests.passed + tests.failed));
        }
        let broken = breakages.get(*law).copied().unwrap_or_default();
        whole &= broken.made > 0 && broken.caught == broken.made;
        println!("  {:>7} of {}", broken.caught, broken.made);
    }
    let run: u32 = suites.iter().flat_map(BTreeMap::values).map(|tests| tests.passed + tests.failed).sum();
    let made: u32 = breakages.values().map(|broken| broken.made).sum();
    println!("{} laws, {run} tests in {} suites, {made} broken stores", laws.len(), STORES.len());
    whole && !laws.is_empty()
}

/// The tests by law in what `cargo test` prints: `test a01_… ... ok`.
fn tests_in(output: &[String]) -> BTreeMap<String, Tests> {
    let mut laws = BTreeMap::<String, Tests>::new();
    for line in output {
        let Some((name, ending)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "))
        else {
            continue;
        };
        let Some(law) = law_of(name) else { continue };
        let tests = laws.entry(law).or_default();
        if ending == "ok" { tests.passed += 1 } else { tests.failed += 1 }
    }
    laws
}

/// The broken stores by law in the table that the testkit prints: a name, then a cell for each law.
fn breakages_in(output: &[String]) -> BTreeMap<String, Breakages> {
    let mut laws = BTreeMap::<String, Breakages>::new();
    for line in output {
        let mut words = line.split_whitespace();
        let (Some(name), Some(cells), None) = (words.next(), words.next(), words.next()) else { continue };
        let Some(law) = law_of(name).filter(|_| cells.chars().all(|cell| matches!(cell, '·' | 'X'))) else {
            continue;
        };
        let broken = laws.entry(law).or_default();
        broken.made += 1;
        broken.caught += u32::from(cells.contains('X'));
    }
    laws
}

/// The law that a test or a broken store is named after: `A01` of `a01_a_commit_is_all_or_nothing`, also where a store
/// runs its suite several times, each in a module of its own.
fn law_of(name: &str) -> Option<String> {
    let name = name.rsplit_once("::").map_or(name, |(_, name)| name);
    let (law, _) = name.split_once('_')?;
    let (letter, number) = law.split_at_checked(1)?;
    let is_law = letter.chars().all(|c| c.is_ascii_lowercase())
        && number.len() == 2
        && number.chars().all(|c| c.is_ascii_digit());
    is_law.then(|| law.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn tests_are_counted_by_law() {
        let output = lines(
            "running 4 tests\ntest v15::a01_is_whole ... ok\ntest a01_is_seen_whole ... FAILED\ntest r02_is_seen ... ok\n\
             test the_suite_is_complete ... ok",
        );
        let counted = tests_in(&output);
        assert_eq!(counted["A01"], Tests { passed: 1, failed: 1 });
        assert_eq!(counted["R02"], Tests { passed: 1, failed: 0 });
        assert_eq!(counted.len(), 2);
    }

    #[test]
    fn broken_stores_are_counted_by_law() {
        let output =
            lines("   AA\nsound   ··\na01_halves   X·\na02_forgets   ··\na02_denies  ·X\nno row of it");
        let counted = breakages_in(&output);
        assert_eq!(counted["A01"], Breakages { made: 1, caught: 1 });
        assert_eq!(counted["A02"], Breakages { made: 2, caught: 1 });
        assert_eq!(counted.len(), 2);
    }
}
