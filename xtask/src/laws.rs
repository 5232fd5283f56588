//! `cargo xtask laws`: one page that says, law by law, on which stores its tests passed and how many broken stores
//! they caught; then the equivalence of the stores over random scripts.
//!
//! Reads what the tests tell; decides nothing about laws itself. A law without a test on every store, or without a
//! broken store that it catches, makes it fail.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use crate::law_table::{Column, LawTable};
use crate::outcome::law_of;
use crate::phase::{Ending, cargo_with, read_output, root};
use crate::selection::Selection;
use crate::services::Services;
use crate::stores::STORES;
use crate::test_run::{self, Show};

/// How much to try, and on what.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Random scripts over which the stores must not differ.
    #[arg(long, default_value_t = 100)]
    scripts: u32,
    /// What the scripts are drawn from; drawn itself unless given.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    services: Services,
}

/// The broken stores made for one law.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Breakages {
    made: u32,
    caught: u32,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    println!("── the suite on every store");
    let stores: Vec<_> = STORES.iter().collect();
    let selection = Selection::of_stores(stores.clone(), None);
    let suites = test_run::run(&selection, options.services, Show::Failures);
    let mut ok = suites.phases.iter().all(|phase| phase.ending == Ending::Passed);
    let table = LawTable::new(&stores, &suites.outcomes);
    println!("\n── broken stores");
    let teeth =
        ["test", "-p", "annals-testkit", "--features", "broken", "--test", "teeth", "--", "--nocapture"];
    let (output, passed) = output_of(&mut cargo_with(&teeth));
    ok &= passed;
    let breakages = breakages_in(&output);
    println!("\n── equivalence over {} scripts", options.scripts);
    let (tried, passed) = equivalence(options);
    ok &= passed && !tried.is_empty();

    println!();
    ok &= page(&table, &breakages, options.services.allow_missing);
    for line in tried {
        println!("{line}");
    }
    println!(
        "{}",
        if ok { "every law holds, and every law's tests can fail" } else { "NOT every law is shown" }
    );
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn equivalence(options: &Options) -> (Vec<String>, bool) {
    let scripts = ["test", "-p", "annals-tests", "--test", "it", "equivalence", "--", "--nocapture"];
    let mut command = cargo_with(&scripts);
    command.env("ANNALS_CASES", options.scripts.to_string());
    if let Some(seed) = options.seed {
        command.env("ANNALS_SEED", seed.to_string());
    }
    options.services.tell(&mut command);
    let (output, passed) = output_of(&mut command);
    (output.into_iter().filter(|line| line.starts_with("equivalence: ")).collect(), passed)
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
fn page(table: &LawTable, breakages: &BTreeMap<String, Breakages>, allow_missing: bool) -> bool {
    let broken = |law: &str| breakages.get(law).copied().unwrap_or_default();
    let cell = |law: &str| format!("{} of {}", broken(law).caught, broken(law).made);
    for line in table.lines(Some(Column { heading: "broken stores caught", cell: &cell })) {
        println!("{line}");
    }
    let (untested, mut gaps) = (table.not_tested(), table.not_shown());
    gaps.extend(breakages.keys().filter(|law| !table.laws().any(|known| known == *law)).cloned());
    let unproven: Vec<_> = table.laws().filter(|law| broken(law).made == 0).collect();
    let escaped: Vec<_> = table.laws().filter(|law| broken(law).caught < broken(law).made).collect();
    for (what, names) in [
        ("not tested: ", untested.join(", ")),
        ("not shown: ", gaps.join(", ")),
        ("without a broken store: ", unproven.join(", ")),
        ("broken and not caught: ", escaped.join(", ")),
    ] {
        if !names.is_empty() {
            println!("{what}{names}");
        }
    }
    let run: u32 = table.sums().iter().map(|(_, sum)| sum.passed + sum.failed).sum();
    let (laws, made) = (table.laws().count(), breakages.values().map(|broken| broken.made).sum::<u32>());
    println!("{laws} laws, {run} tests on {} stores, {made} broken stores", STORES.len() - untested.len());
    let shown = untested.is_empty() && gaps.is_empty();
    laws > 0 && (shown || allow_missing) && unproven.is_empty() && escaped.is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_stores_are_counted_by_law() {
        let output = "   AA\nsound   ··\na01_halves   X·\na02_forgets   ··\na02_denies  ·X\nno row of it";
        let counted = breakages_in(&output.lines().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(counted["A01"], Breakages { made: 1, caught: 1 });
        assert_eq!(counted["A02"], Breakages { made: 2, caught: 1 });
        assert_eq!(counted.len(), 2);
    }
}
