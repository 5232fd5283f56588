//! How one test ended, how long it took, and what it said that a report tells again: the services it used, the seeds
//! it drew, what it could not try, and the service that cannot be had.

use std::collections::BTreeSet;
use std::time::Duration;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestEnding {
    /// It passed.
    Passed,
    /// It failed, or was cut off.
    Failed,
    /// It was not run, and why.
    Skipped(String),
    /// It failed for want of a service, which its one line says how to get.
    Missing(String),
}

/// A test that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The package of the program that holds it.
    pub(crate) package: String,
    /// The program: a test target's name, `bin/name`, `doc` for examples in the documentation, empty for a library.
    pub(crate) program: String,
    /// Its name, with its modules.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) ending: TestEnding,
    /// How long it took, where that is told.
    pub(crate) took: Option<Duration>,
    /// What it printed.
    pub(crate) output: String,
}

impl Outcome {
    /// The program by one name: `annals-memory::conformance`.
    pub(crate) fn place(&self) -> String {
        place(&self.package, &self.program)
    }

    /// The program's name and the test's.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.place(), self.name)
    }

    /// Tells a failure for want of a service from others.
    pub(crate) fn classified(mut self) -> Self {
        if self.ending == TestEnding::Failed
            && let Some(line) = self.output.lines().find(|line| line.contains(" cannot be had: "))
        {
            self.ending = TestEnding::Missing(line.trim().to_owned());
        }
        self
    }

    /// Whether it was run.
    pub(crate) fn ran(&self) -> bool {
        matches!(self.ending, TestEnding::Passed | TestEnding::Failed)
    }

    /// The services that it said it used: version, and where they come from.
    pub(crate) fn services(&self) -> BTreeSet<String> {
        let said = self.output.lines().filter_map(|line| line.trim().strip_prefix("services: "));
        said.map(|service| without_port(service).to_owned()).collect()
    }

    /// The seeds that it said it drew.
    pub(crate) fn seeds(&self) -> BTreeSet<u64> {
        let after = |mark: &'static str| self.output.split(mark).skip(1);
        let numbers = after(" seed ").chain(after("ANNALS_SEED="));
        numbers.filter_map(leading_number).collect()
    }

    /// What it said it could not try.
    pub(crate) fn not_tried(&self) -> impl Iterator<Item = &str> {
        self.output.lines().map(str::trim).filter(|line| line.contains(" was not tried: "))
    }
}

/// The name of a program in its package.
pub(crate) fn place(package: &str, program: &str) -> String {
    if program.is_empty() { package.to_owned() } else { format!("{package}::{program}") }
}

/// The law that a test or a broken store is named after: `A01` of `a01_a_commit_is_all_or_nothing`, whatever modules it
/// lies in.
pub(crate) fn law_of(name: &str) -> Option<String> {
    let name = name.rsplit_once("::").map_or(name, |(_, name)| name);
    let (law, _) = name.split_once('_')?;
    is_law(law).then(|| law.to_uppercase())
}

/// Whether this is a law's number, in small letters.
pub(crate) fn is_law(text: &str) -> bool {
    text.split_at_checked(1).is_some_and(|(letter, number)| {
        letter.chars().all(|c| c.is_ascii_lowercase())
            && number.len() == 2
            && number.chars().all(|c| c.is_ascii_digit())
    })
}

/// Ports differ from run to run and from one private server to the next.
fn without_port(service: &str) -> &str {
    match service.rsplit_once(" on port ") {
        Some((before, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => before,
        _ => service,
    }
}

fn leading_number(text: &str) -> Option<u64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A test in `package::program` that took a tenth of a second.
    pub(crate) fn outcome(place: &str, name: &str, ending: TestEnding) -> Outcome {
        let (package, program) = place.split_once("::").unwrap_or((place, ""));
        Outcome {
            package: package.to_owned(),
            program: program.to_owned(),
            name: name.to_owned(),
            ending,
            took: Some(Duration::from_millis(100)),
            output: String::new(),
        }
    }

    fn saying(output: &str) -> Outcome {
        Outcome { output: output.to_owned(), ..outcome("annals-tests::it", "a_test", TestEnding::Failed) }
    }

    #[test]
    fn the_services_that_a_test_used_are_told_once_each_without_their_ports() {
        let test = saying(
            "services: PostgreSQL 15.18, started from /usr/lib/postgresql/15/bin on port 4001\n\
             services: PostgreSQL 15.18, started from /usr/lib/postgresql/15/bin on port 4002\n\
             services: PgBouncer 1.18.0 in transaction mode on port 4003\nno services: none",
        );
        let told: Vec<_> = test.services().into_iter().collect();
        assert_eq!(
            told,
            [
                "PgBouncer 1.18.0 in transaction mode",
                "PostgreSQL 15.18, started from /usr/lib/postgresql/15/bin"
            ]
        );
    }

    #[test]
    fn seeds_are_found_in_what_a_test_says() {
        let test = saying("replay: 40 histories, seed 17\nwith ANNALS_SEED=18: broken\nseeds 3, seed x");
        assert_eq!(test.seeds().into_iter().collect::<Vec<_>>(), [17, 18]);
    }

    #[test]
    fn a_failure_for_want_of_a_service_is_told_from_others() {
        let line = "PostgreSQL 18 cannot be had: install it, or npm and node, which fetch it";
        let test = saying(&format!("thread 'x' panicked at services/src/error.rs:\n{line}\nnote: run with"));
        assert_eq!(test.classified().ending, TestEnding::Missing(line.to_owned()));
        assert_eq!(saying("it is broken").classified().ending, TestEnding::Failed);
        let passed = Outcome { ending: TestEnding::Passed, ..saying(line) };
        assert_eq!(passed.classified().ending, TestEnding::Passed);
    }

    #[test]
    fn what_could_not_be_tried_is_told() {
        let test = saying("begun\nF07 was not tried: memory cannot hang a writer\n");
        assert_eq!(test.not_tried().collect::<Vec<_>>(), ["F07 was not tried: memory cannot hang a writer"]);
    }

    #[test]
    fn a_test_is_named_after_its_law_in_whatever_module_it_is() {
        assert_eq!(law_of("v15::a01_is_whole").as_deref(), Some("A01"));
        assert_eq!(law_of("r02_is_seen").as_deref(), Some("R02"));
        for other in ["the_suite_is_complete", "a1_short", "ab1_no", "a01", "a01::whole"] {
            assert_eq!(law_of(other), None, "{other}");
        }
    }
}
