//! What `cargo test` prints, read line by line: which program runs, how each of its tests ended, and what they said.
//!
//! Times of single tests are not told there.

use std::collections::BTreeMap;

use crate::outcome::{Outcome, TestEnding};

/// The programs that a build made: the file's name, then the package and the program's name in it.
pub(crate) type Programs = BTreeMap<String, (String, String)>;

/// Reads the lines of one `cargo test`.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    programs: Programs,
    package: String,
    program: String,
    outcomes: Vec<Outcome>,
    /// Where the tests of the program at hand begin.
    begin: usize,
    /// Whose output is being told.
    telling: Option<usize>,
    /// Whether that is the output of tests that passed.
    of_passed: bool,
}

impl Lines {
    /// A reader that knows these programs.
    pub(crate) fn new(programs: Programs) -> Self {
        Self { programs, ..Self::default() }
    }

    /// Takes a line; tells whether a person wants to see it. What tests that passed have said, nobody does.
    pub(crate) fn read(&mut self, line: &str) -> bool {
        if self.telling.is_none()
            && let Some((package, program)) = self.begun(line)
        {
            self.begin_program(package, program);
        } else if matches!(line, "successes:" | "failures:") {
            (self.telling, self.of_passed) = (None, line == "successes:");
        } else if line.starts_with("test result: ") {
            (self.telling, self.of_passed) = (None, false);
        } else if let Some(name) = told(line) {
            let tests = &self.outcomes[self.begin..];
            self.telling = tests.iter().position(|test| test.name == name).map(|place| self.begin + place);
        } else if let Some(test) = self.telling.and_then(|place| self.outcomes.get_mut(place)) {
            test.output.push_str(line);
            test.output.push('\n');
        } else if let Some((name, ending)) = ended(line, self.program == "doc") {
            let (package, program) = (self.package.clone(), self.program.clone());
            let (name, output) = (name.to_owned(), String::new());
            self.outcomes.push(Outcome { package, program, name, ending, took: None, output });
        }
        !self.of_passed
    }

    /// The tests that ended.
    pub(crate) fn outcomes(self) -> Vec<Outcome> {
        self.outcomes.into_iter().map(Outcome::classified).collect()
    }

    /// The program that begins: `Running tests/it/main.rs (target/debug/deps/it-0a)`, `Doc-tests annals_core`.
    fn begun(&self, line: &str) -> Option<(String, String)> {
        let words = line.trim_start();
        if let Some(library) = words.strip_prefix("Doc-tests ") {
            return Some((library.replace('_', "-"), "doc".to_owned()));
        }
        let (_, path) = words.strip_prefix("Running ")?.strip_suffix(')')?.rsplit_once('(')?;
        let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
        Some(self.programs.get(file).cloned().unwrap_or_else(|| (String::new(), file.to_owned())))
    }

    fn begin_program(&mut self, package: String, program: String) {
        (self.package, self.program) = (package, program);
        self.begin = self.outcomes.len();
        (self.telling, self.of_passed) = (None, false);
    }
}

/// Whose output begins: `---- a_test stdout ----`.
fn told(line: &str) -> Option<&str> {
    line.strip_prefix("---- ")?.strip_suffix(" stdout ----")
}

/// How a test ended: `test a_test ... ok`. What tests themselves print like that (of files, say) is no test's name.
fn ended(line: &str, of_documentation: bool) -> Option<(&str, TestEnding)> {
    let (name, ending) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let name = name.trim_end_matches(" - should panic");
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    if !of_documentation && !name.chars().all(is_name) {
        return None;
    }
    let ending = match ending.split_once(',').unwrap_or((ending, "")) {
        ("ok", _) => TestEnding::Passed,
        ("ignored", "") => TestEnding::Skipped("marked #[ignore]".to_owned()),
        ("ignored", why) => TestEnding::Skipped(why.trim().to_owned()),
        ("FAILED", _) => TestEnding::Failed,
        _ => return None,
    };
    Some((name, ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "   Compiling annals-memory v0.1.0
     Running unittests src/lib.rs (target/debug/deps/annals_memory-01ab)

running 1 test
test views::tests::a_row_is_read ... ok

successes:

successes:
    views::tests::a_row_is_read

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/conformance/main.rs (/tmp/other target/debug/deps/conformance-23cd)

running 4 tests
test v15::a01_is_whole ... ok
test a02_holds ... FAILED
test slow ... ignored, takes an hour
test tests/refused/bad.rs ... ok
test r05_is_ordered - should panic ... ok

successes:

---- v15::a01_is_whole stdout ----
services: PostgreSQL 15.18, found on port 7
test other::name ... ok

successes:
    r05_is_ordered
    v15::a01_is_whole

failures:

---- a02_holds stdout ----
thread 'a02' panicked: ANNALS_SEED=4

failures:
    a02_holds

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out
   Doc-tests annals_core

running 2 tests
test crates/core/src/json.rs - json::Json (line 12) ... ok
test crates/core/src/lib.rs - (line 3) - compile fail ... ok

test result: ok. 2 passed; 0 failed; 0 ignored";

    fn read() -> (Vec<Outcome>, Vec<&'static str>) {
        let program = |package: &str, program: &str| (package.to_owned(), program.to_owned());
        let mut lines = Lines::new(Programs::from([
            ("annals_memory-01ab".to_owned(), program("annals-memory", "")),
            ("conformance-23cd".to_owned(), program("annals-postgres", "conformance")),
        ]));
        let shown = SAID.lines().filter(|line| lines.read(line)).collect();
        (lines.outcomes(), shown)
    }

    #[test]
    fn every_test_is_known_with_its_program_and_how_it_ended() {
        let told: Vec<_> = read().0.into_iter().map(|test| (test.title(), test.ending)).collect();
        let expected = [
            ("annals-memory views::tests::a_row_is_read", TestEnding::Passed),
            ("annals-postgres::conformance v15::a01_is_whole", TestEnding::Passed),
            ("annals-postgres::conformance a02_holds", TestEnding::Failed),
            ("annals-postgres::conformance slow", TestEnding::Skipped("takes an hour".to_owned())),
            ("annals-postgres::conformance r05_is_ordered", TestEnding::Passed),
            ("annals-core::doc crates/core/src/json.rs - json::Json (line 12)", TestEnding::Passed),
            ("annals-core::doc crates/core/src/lib.rs - (line 3) - compile fail", TestEnding::Passed),
        ];
        assert_eq!(told, expected.map(|(title, ending)| (title.to_owned(), ending)));
    }

    #[test]
    fn what_a_test_said_is_kept_with_it() {
        let tests = read().0;
        assert_eq!(tests[1].services().into_iter().collect::<Vec<_>>(), ["PostgreSQL 15.18, found"]);
        assert_eq!(tests[2].seeds().into_iter().collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn what_tests_that_passed_have_said_is_not_shown_again() {
        let shown = read().1;
        assert!(!shown.iter().any(|line| line.contains("services: ")), "{shown:?}");
        assert!(shown.contains(&"thread 'a02' panicked: ANNALS_SEED=4"), "{shown:?}");
        assert!(shown.iter().any(|line| line.starts_with("test result: FAILED")), "{shown:?}");
    }
}
