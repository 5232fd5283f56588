//! Law by store: how many tests passed, and how long they took; which stores were not tested at all, and which laws were
//! not shown on a store that others show. Pure: made from outcomes, printed by others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use crate::outcome::{Outcome, TestEnding, law_of};
use crate::stores::Store;

/// How the tests of one law went over one store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    /// For want of a service.
    pub(crate) missing: u32,
    /// Of those that were run, where it is told.
    pub(crate) took: Option<Duration>,
}

impl Cell {
    fn add(&mut self, test: &Outcome) {
        match test.ending {
            TestEnding::Passed => self.passed += 1,
            TestEnding::Failed => self.failed += 1,
            TestEnding::Missing(_) => self.missing += 1,
            TestEnding::Skipped(_) => {}
        }
        if test.ran() {
            self.took = self.took.map_or(test.took, |sum| test.took.map(|took| sum + took));
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            missing: self.missing + other.missing,
            took: match (self.took, other.took) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            },
        }
    }

    /// Whether any of its tests was run.
    pub(crate) fn tested(self) -> bool {
        self.passed + self.failed > 0
    }

    fn shows(self) -> bool {
        self.passed > 0 && self.failed == 0 && self.missing == 0
    }

    fn text(self) -> String {
        let Self { passed, failed, missing, took } = self;
        if failed > 0 {
            return format!("{passed}/{} FAIL", passed + failed);
        }
        if missing > 0 {
            return format!("{passed}/{} miss", passed + missing);
        }
        if passed == 0 {
            return "—".to_owned();
        }
        took.map_or_else(|| passed.to_string(), |took| format!("{passed} {:>6}", seconds(took)))
    }
}

/// With three digits at least: most laws take a few hundredths, some take minutes.
fn seconds(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 9.995 { format!("{seconds:.2}s") } else { format!("{seconds:.1}s") }
}

/// A column beside the stores'.
#[derive(Clone, Copy)]
pub(crate) struct Column<'a> {
    pub(crate) heading: &'a str,
    /// What a law has there.
    pub(crate) cell: &'a dyn Fn(&str) -> String,
}

/// The table.
#[derive(Debug)]
pub(crate) struct LawTable {
    stores: Vec<&'static Store>,
    /// A cell for each store, then one for the tests that are of no store: of the layers above, of the core.
    laws: BTreeMap<String, Vec<Cell>>,
}

const WIDTH: usize = 10;

impl LawTable {
    /// The table over these stores.
    pub(crate) fn new(stores: &[&'static Store], outcomes: &[Outcome]) -> Self {
        let mut laws = BTreeMap::<String, Vec<Cell>>::new();
        for test in outcomes {
            let Some(law) = law_of(&test.name) else { continue };
            let store = stores.iter().position(|store| store.holds(&test.package, &test.program, &test.name));
            let cells = laws.entry(law).or_insert_with(|| vec![Cell::default(); stores.len() + 1]);
            cells[store.unwrap_or(stores.len())].add(test);
        }
        Self { stores: stores.to_vec(), laws }
    }

    /// The laws that have a test.
    pub(crate) fn laws(&self) -> impl Iterator<Item = &str> {
        self.laws.keys().map(String::as_str)
    }

    /// The same for those of the stores that have a test in it.
    pub(crate) fn without_empty(&self) -> Self {
        let columns: Vec<_> = (0..=self.stores.len())
            .filter(|place| {
                *place == self.stores.len()
                    || self.laws.values().any(|cells| cells[*place] != Cell::default())
            })
            .collect();
        let stores = columns.iter().filter_map(|place| self.stores.get(*place).copied()).collect();
        let chosen = |cells: &Vec<Cell>| columns.iter().map(|place| cells[*place]).collect();
        Self { stores, laws: self.laws.iter().map(|(law, cells)| (law.clone(), chosen(cells))).collect() }
    }

    /// Each store with the sum of its laws' tests.
    pub(crate) fn sums(&self) -> Vec<(&'static Store, Cell)> {
        let sum =
            |place: usize| self.laws.values().map(|cells| cells[place]).fold(Cell::default(), Cell::plus);
        self.stores.iter().enumerate().map(|(place, store)| (*store, sum(place))).collect()
    }

    /// The cells of a law: a store's name and how its tests went.
    pub(crate) fn cells(&self, law: &str) -> Vec<(&'static str, Cell)> {
        let cells = self.laws.get(law).into_iter().flatten();
        let names = self.stores.iter().map(|store| store.name).chain(["elsewhere"]);
        names.zip(cells.copied()).collect()
    }

    /// The stores of which no test was run.
    pub(crate) fn not_tested(&self) -> Vec<&'static str> {
        self.sums().into_iter().filter(|(_, sum)| !sum.tested()).map(|(store, _)| store.name).collect()
    }

    /// What some store shows and another one, though tested, does not: `F08 on postgres 18`.
    pub(crate) fn not_shown(&self) -> Vec<String> {
        let untested: BTreeSet<_> = self.not_tested().into_iter().collect();
        let mut gaps = Vec::new();
        for (law, cells) in &self.laws {
            if cells[..self.stores.len()].iter().any(|cell| *cell != Cell::default()) {
                let stores = self.stores.iter().zip(cells);
                let gap = stores.filter(|(store, cell)| !untested.contains(store.name) && !cell.shows());
                gaps.extend(gap.map(|(store, _)| format!("{law} on {}", store.name)));
            }
        }
        gaps
    }

    /// The lines of the table, with a last column more where one is given.
    pub(crate) fn lines(&self, more: Option<Column<'_>>) -> Vec<String> {
        let names: Vec<_> = self.stores.iter().map(|store| store.name).chain(["elsewhere"]).collect();
        let halves = names.iter().map(|name| name.split_once(' ').unwrap_or((name, "")));
        let (first, second): (Vec<_>, Vec<_>) = halves.unzip();
        let row = |head: &str, cells: &[String], last: &str| {
            let mut line = format!("{head:<4}");
            for cell in cells {
                let _ = write!(line, " {cell:>WIDTH$}");
            }
            format!("{line}  {last}").trim_end().to_owned()
        };
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut lines = vec![
            row("law", &owned(first), more.map_or("", |column| column.heading)),
            row("", &owned(second), ""),
        ];
        for (law, cells) in &self.laws {
            let cells: Vec<_> = cells.iter().map(|cell| cell.text()).collect();
            lines.push(row(law, &cells, &more.map_or_else(String::new, |column| (column.cell)(law))));
        }
        let sums: Vec<_> = self.sums().iter().map(|(_, sum)| sum.text()).collect();
        lines.push(row("all", &sums, ""));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::tests::outcome;
    use crate::stores::named;

    const ONE: &str = "annals-memory::conformance";
    const OTHER: &str = "annals-sqlite::conformance";

    fn stores() -> Vec<&'static Store> {
        vec![named("memory").unwrap()[0], named("sqlite").unwrap()[0], named("dynamodb-local").unwrap()[0]]
    }

    fn table() -> LawTable {
        let missing = TestEnding::Missing("Java cannot be had: install it".to_owned());
        let outcomes = [
            outcome(ONE, "a01_is_whole", TestEnding::Passed),
            outcome(ONE, "a01_is_seen_whole", TestEnding::Passed),
            outcome(OTHER, "a01_is_whole", TestEnding::Failed),
            outcome(ONE, "r02_is_seen", TestEnding::Passed),
            outcome("annals-dynamodb::conformance", "local::a01_is_whole", missing),
            outcome("annals-application::laws", "commands::c01_rests_on_a_head", TestEnding::Passed),
            outcome(ONE, "history::stays_linearizable", TestEnding::Passed),
        ];
        LawTable::new(&stores(), &outcomes)
    }

    #[test]
    fn tests_are_counted_by_law_and_store() {
        let table = table();
        assert_eq!(table.laws().collect::<Vec<_>>(), ["A01", "C01", "R02"]);
        let took = Some(Duration::from_millis(200));
        let [(_, memory), (_, sqlite), (_, dynamodb), _] = table.cells("A01")[..] else {
            panic!("{table:?}")
        };
        assert_eq!(memory, Cell { passed: 2, took, ..Cell::default() });
        assert_eq!((sqlite.passed, sqlite.failed), (0, 1));
        assert_eq!((dynamodb.missing, dynamodb.tested()), (1, false));
        assert_eq!(table.cells("C01")[3].1.passed, 1);
    }

    #[test]
    fn a_store_that_was_not_tested_and_a_law_that_was_not_shown_are_named() {
        assert_eq!(table().not_tested(), ["dynamodb local"]);
        assert_eq!(table().not_shown(), ["A01 on sqlite", "R02 on sqlite"]);
    }

    #[test]
    fn stores_without_a_test_can_be_left_out() {
        let outcomes = [outcome(OTHER, "a01_is_whole", TestEnding::Passed)];
        let lines = LawTable::new(&stores(), &outcomes).without_empty().lines(None);
        let words: Vec<Vec<_>> = lines.iter().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["law", "sqlite", "elsewhere"]);
        assert_eq!(words[2], ["A01", "1", "0.10s", "—"]);
    }

    #[test]
    fn the_table_has_a_line_for_each_law_and_one_for_all() {
        let lines = table().lines(Some(Column { heading: "broken", cell: &|law| law.to_lowercase() }));
        let words: Vec<Vec<_>> = lines.iter().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["law", "memory", "sqlite", "dynamodb", "elsewhere", "broken"]);
        assert_eq!(words[1], ["local"]);
        assert_eq!(words[2], ["A01", "2", "0.20s", "0/1", "FAIL", "0/1", "miss", "—", "a01"]);
        assert_eq!(words[3], ["C01", "—", "—", "—", "1", "0.10s", "c01"]);
        assert_eq!(words[5], ["all", "3", "0.30s", "0/1", "FAIL", "0/1", "miss"]);
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn without_times_the_counts_are_there_alone() {
        let test = Outcome { took: None, ..outcome(ONE, "a01_is_whole", TestEnding::Passed) };
        let lines = LawTable::new(&stores()[..1], &[test]).lines(None);
        assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["A01", "1", "—"]);
    }
}
