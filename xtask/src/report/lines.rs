//! The parts of a report, each made from how the tests ended and what they said.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Run, Said, Seed, Slow, StoreCell, StoreLine};
use crate::law_table::{Cell, LawTable};
use crate::outcome::{Outcome, TestEnding};
use crate::phase::Ending;

impl From<Cell> for StoreCell {
    fn from(cell: Cell) -> Self {
        let Cell { passed, failed, missing, took } = cell;
        Self { passed, failed, missing, seconds: took.map(|took| took.as_secs_f64()) }
    }
}

pub(super) fn stores(table: &LawTable) -> Vec<StoreLine> {
    let sums = table.sums().into_iter();
    sums.map(|(store, sum)| StoreLine { store: store.name, tested: sum.tested(), cell: sum.into() }).collect()
}

pub(super) fn laws(table: &LawTable) -> BTreeMap<String, BTreeMap<&'static str, StoreCell>> {
    let cells = |law: &str| {
        let cells = table.cells(law).into_iter().filter(|(_, cell)| *cell != Cell::default());
        cells.map(|(store, cell)| (store, cell.into())).collect()
    };
    table.laws().map(|law| (law.to_owned(), cells(law))).collect()
}

/// What was said, with the number of tests that said it.
pub(super) fn said(lines: impl Iterator<Item = String>) -> Vec<Said> {
    let mut counts = BTreeMap::<String, usize>::new();
    for line in lines {
        *counts.entry(line).or_default() += 1;
    }
    counts.into_iter().map(|(what, tests)| Said { what, tests }).collect()
}

/// What each test was drawn from, with the command that draws it again.
pub(super) fn seeds(outcomes: &[Outcome]) -> Vec<Seed> {
    let of = |test: &Outcome| {
        let name = test.name.clone();
        // A test that tells many seeds has numbered them; the first that fails is told last, and alone.
        let seeds = test.seeds().into_iter().take(3);
        let seeds = seeds.map(move |seed| Seed {
            test: name.clone(),
            number: seed,
            repeat: format!("ANNALS_SEED={seed} cargo xtask test {name}"),
        });
        seeds.collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of).collect()
}

pub(super) fn slowest(outcomes: &[Outcome], count: usize) -> Vec<Slow> {
    let mut timed: Vec<(Duration, &Outcome)> =
        outcomes.iter().filter_map(|test| test.took.map(|took| (took, test))).collect();
    timed.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
    let slowest = timed.into_iter().take(count);
    slowest.map(|(took, test)| Slow { test: test.title(), seconds: took.as_secs_f64() }).collect()
}

/// What was not run, or not whole, and why: phases, tests, services, abilities that a store has not.
pub(super) fn not_run(run: &Run) -> Vec<Said> {
    let mut lines: Vec<_> = run
        .phases
        .iter()
        .filter_map(|phase| match &phase.ending {
            Ending::NotRun(why) => Some(Said { what: format!("{}: {why}", phase.name), tests: 0 }),
            _ => None,
        })
        .collect();
    let missing = run.outcomes.iter().filter_map(|test| match &test.ending {
        TestEnding::Missing(why) => Some(why.clone()),
        TestEnding::Skipped(why) => Some(format!("{}: {why}", test.title())),
        _ => None,
    });
    lines.extend(said(missing));
    lines.extend(said(run.outcomes.iter().flat_map(Outcome::not_tried).map(str::to_owned)));
    lines
}

pub(super) fn failed(outcomes: &[Outcome]) -> Vec<String> {
    let failed = outcomes.iter().filter(|test| test.ending == TestEnding::Failed);
    failed.map(Outcome::title).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::tests::outcome;

    #[test]
    fn what_several_tests_said_is_told_once_and_counted() {
        let lines = ["b", "a", "b"].map(str::to_owned);
        let said = said(lines.into_iter());
        let of = |what: &str, tests| Said { what: what.to_owned(), tests };
        assert_eq!(said, [of("a", 1), of("b", 2)]);
    }

    #[test]
    fn the_slowest_come_first_and_no_more_than_asked() {
        let took = |name: &str, millis| Outcome {
            took: Some(Duration::from_millis(millis)),
            ..outcome("annals-core", name, TestEnding::Passed)
        };
        let untimed = Outcome { took: None, ..took("untimed", 0) };
        let slowest = slowest(&[took("a", 3), took("b", 2_000), untimed, took("c", 500)], 2);
        let names: Vec<_> = slowest.iter().map(|slow| slow.test.as_str()).collect();
        assert_eq!(names, ["annals-core b", "annals-core c"]);
    }

    #[test]
    fn a_seed_comes_with_the_command_that_repeats_it() {
        let mut test = outcome("annals-tests::it", "replay::a_mix", TestEnding::Passed);
        test.output = "replay: 40 histories, seed 17".to_owned();
        assert_eq!(seeds(&[test])[0].repeat, "ANNALS_SEED=17 cargo xtask test replay::a_mix");
    }
}
