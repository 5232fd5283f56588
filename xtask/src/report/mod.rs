//! What a run of the tests has shown, on what, and where the time went: one report, printed for people and written as
//! JSON and JUnit XML for machines. Decides whether the whole passed.

mod lines;
mod text;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::junit;
use crate::law_table::LawTable;
use crate::outcome::{Outcome, TestEnding};
use crate::phase::{Ending, Phase};
use crate::services::Services;
use crate::stores::STORES;

/// How many of the slowest tests are told.
const SLOWEST: usize = 10;

/// All that there is to tell of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) phases: Vec<Phase>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) services: Services,
    pub(crate) took: Duration,
    pub(crate) toolchain: String,
}

/// The report of a run. Its fields are those of the JSON file.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    passed: bool,
    seconds: f64,
    toolchain: String,
    services_from: &'static str,
    allow_missing: bool,
    tests: Tests,
    phases: Vec<PhaseLine>,
    stores: Vec<StoreLine>,
    laws: BTreeMap<String, BTreeMap<&'static str, StoreCell>>,
    stores_not_tested: Vec<&'static str>,
    laws_not_shown: Vec<String>,
    services: Vec<Said>,
    seeds: Vec<Seed>,
    slowest: Vec<Slow>,
    not_run: Vec<Said>,
    failed: Vec<String>,
    #[serde(skip)]
    table: LawTable,
}

/// Tests by how they ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Tests {
    passed: usize,
    failed: usize,
    skipped: usize,
}

#[derive(Debug, Serialize)]
struct PhaseLine {
    name: &'static str,
    /// `passed`, `failed`, `not run`.
    result: &'static str,
    why: Option<String>,
    seconds: f64,
    /// Of the whole run.
    percent: f64,
}

#[derive(Debug, Serialize)]
struct StoreLine {
    store: &'static str,
    tested: bool,
    #[serde(flatten)]
    cell: StoreCell,
}

/// How tests went; seconds where they are told.
#[derive(Debug, Serialize)]
struct StoreCell {
    passed: u32,
    failed: u32,
    missing: u32,
    seconds: Option<f64>,
}

/// Something that tests said, and how many of them.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Said {
    what: String,
    tests: usize,
}

/// What a test was drawn from.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Seed {
    test: String,
    #[serde(rename = "seed")]
    number: u64,
    repeat: String,
}

#[derive(Debug, Serialize)]
struct Slow {
    test: String,
    seconds: f64,
}

impl Report {
    /// The report of this run.
    pub(crate) fn of(run: &Run) -> Self {
        let stores: Vec<_> = STORES.iter().collect();
        let table = LawTable::new(&stores, &run.outcomes);
        let (stores_not_tested, laws_not_shown) = (table.not_tested(), table.not_shown());
        let shown = stores_not_tested.is_empty() && laws_not_shown.is_empty();
        let sound = !run.phases.iter().any(|phase| matches!(phase.ending, Ending::Failed(_)));
        let allow_missing = run.services.allow_missing;
        Self {
            passed: sound && (shown || allow_missing),
            seconds: run.took.as_secs_f64(),
            toolchain: run.toolchain.clone(),
            services_from: run.services.name(),
            allow_missing,
            tests: Tests::of(&run.outcomes, allow_missing),
            phases: run.phases.iter().map(|phase| PhaseLine::of(phase, run.took)).collect(),
            stores: lines::stores(&table),
            laws: lines::laws(&table),
            stores_not_tested,
            laws_not_shown,
            services: lines::said(run.outcomes.iter().flat_map(Outcome::services)),
            seeds: lines::seeds(&run.outcomes),
            slowest: lines::slowest(&run.outcomes, SLOWEST),
            not_run: lines::not_run(run),
            failed: lines::failed(&run.outcomes),
            table,
        }
    }

    /// Whether all that should be shown was.
    pub(crate) fn passed(&self) -> bool {
        self.passed
    }

    /// Writes the files into a folder.
    ///
    /// # Errors
    /// When that is not possible: what, and why.
    pub(crate) fn write(&self, folder: &Path, run: &Run) -> Result<(), String> {
        let failed =
            |error: &dyn std::fmt::Display| format!("cannot write into {}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let json = serde_json::to_string_pretty(self).map_err(|error| failed(&error))?;
        let xml = junit::written(&run.outcomes, &run.phases, self.allow_missing);
        let xml = xml.map_err(|error| failed(&error))?;
        for (name, text) in [("report.json", json), ("junit.xml", xml)] {
            std::fs::write(folder.join(name), text).map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

impl Tests {
    fn of(outcomes: &[Outcome], allow_missing: bool) -> Self {
        let mut tests = Self { passed: 0, failed: 0, skipped: 0 };
        for test in outcomes {
            match test.ending {
                TestEnding::Passed => tests.passed += 1,
                TestEnding::Missing(_) if !allow_missing => tests.failed += 1,
                TestEnding::Failed => tests.failed += 1,
                TestEnding::Missing(_) | TestEnding::Skipped(_) => tests.skipped += 1,
            }
        }
        tests
    }
}

impl PhaseLine {
    fn of(phase: &Phase, whole: Duration) -> Self {
        let (result, why) = match &phase.ending {
            Ending::Passed => ("passed", None),
            Ending::Failed(why) => ("failed", Some(why.clone())),
            Ending::NotRun(why) => ("not run", Some(why.clone())),
        };
        let seconds = phase.took.as_secs_f64();
        let percent = 100.0 * seconds / whole.as_secs_f64().max(f64::MIN_POSITIVE);
        Self { name: phase.name, result, why, seconds, percent }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::outcome::tests::outcome;

    fn run(outcomes: Vec<Outcome>, allow_missing: bool) -> Run {
        let passed = Phase::of("format", Ending::Passed, Instant::now());
        Run {
            phases: vec![passed, Phase::not_run("licences", "cargo-deny is not installed")],
            outcomes,
            services: Services::auto(allow_missing),
            took: Duration::from_secs(10),
            toolchain: "rustc 1".to_owned(),
        }
    }

    fn one_law_on_each_store() -> Vec<Outcome> {
        let test = |store: &crate::stores::Store| {
            let place = crate::outcome::place(store.package, store.program);
            outcome(&place, &format!("{}a01_is_whole", store.module), TestEnding::Passed)
        };
        STORES.iter().map(test).collect()
    }

    #[test]
    fn a_run_passes_when_every_store_was_tested() {
        let report = Report::of(&run(one_law_on_each_store(), false));
        assert!(report.passed(), "{report:?}");
        assert_eq!(report.tests, Tests { passed: STORES.len(), failed: 0, skipped: 0 });
    }

    #[test]
    fn a_store_that_was_not_tested_fails_the_run_unless_that_is_allowed() {
        let mut tests = one_law_on_each_store();
        tests.pop();
        let report = Report::of(&run(tests.clone(), false));
        assert!(!report.passed());
        assert_eq!(report.stores_not_tested, ["dynamodb embedded faulty"]);
        let report = Report::of(&run(tests, true));
        assert!(report.passed());
        let text = report.text().join("\n");
        assert!(
            text.contains("NOT TESTED, which --allow-missing allows: dynamodb embedded faulty"),
            "{text}"
        );
    }

    #[test]
    fn a_law_that_one_store_lacks_fails_the_run() {
        let mut tests = one_law_on_each_store();
        tests.push(outcome("annals-memory::conformance", "a02_holds", TestEnding::Passed));
        let report = Report::of(&run(tests, false));
        assert!(!report.passed());
        assert!(report.laws_not_shown.contains(&"A02 on sqlite".to_owned()), "{:?}", report.laws_not_shown);
    }

    #[test]
    fn a_phase_that_failed_fails_the_run() {
        let mut run = run(one_law_on_each_store(), true);
        run.phases.push(Phase::of("clippy", Ending::Failed("exit status: 1".to_owned()), Instant::now()));
        assert!(!Report::of(&run).passed());
    }

    #[test]
    fn the_closing_lines_are_always_the_same_two() {
        let mut tests = one_law_on_each_store();
        tests[0].ending = TestEnding::Missing("Java cannot be had: install it".to_owned());
        let mut text = Report::of(&run(tests.clone(), true)).text();
        assert_eq!(text.pop().unwrap(), "tests: 10 passed, 0 failed, 1 skipped");
        assert_eq!(text.pop().unwrap(), "all phases and tests: passed");
        tests[1].ending = TestEnding::Failed;
        let mut text = Report::of(&run(tests, false)).text();
        assert_eq!(text.pop().unwrap(), "tests: 9 passed, 2 failed, 0 skipped");
        assert_eq!(text.pop().unwrap(), "all phases and tests: FAILED");
    }

    #[test]
    fn the_files_say_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut tests = one_law_on_each_store();
        tests[0].output = "services: PostgreSQL 15.18, found\nreplay: 4 histories, seed 9\n".to_owned();
        let run = run(tests, false);
        Report::of(&run).write(folder.path(), &run).unwrap();
        let json = std::fs::read(folder.path().join("report.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["passed"], true);
        assert_eq!(json["tests"]["passed"], STORES.len());
        assert_eq!(json["laws"]["A01"]["postgres 18"]["passed"], 1);
        assert_eq!(json["stores"][0]["store"], "memory");
        assert_eq!(json["services"][0]["what"], "PostgreSQL 15.18, found");
        assert_eq!(json["seeds"][0]["repeat"], "ANNALS_SEED=9 cargo xtask test a01_is_whole");
        assert_eq!(json["not_run"][0]["what"], "licences: cargo-deny is not installed");
        let xml = std::fs::read_to_string(folder.path().join("junit.xml")).unwrap();
        assert_eq!(junit::read(&xml).unwrap().len(), STORES.len() + run.phases.len());
    }
}
