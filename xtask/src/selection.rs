//! Which tests are built and run: of which packages, programs and stores, and of which name; said to cargo, to nextest,
//! and, where neither can be told, tested here.

use crate::outcome::{Outcome, is_law, law_of};
use crate::stores::Store;

/// Some of the tests; all of them by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// The packages; all of the workspace when empty.
    pub(crate) packages: Vec<String>,
    /// The test programs in them; libraries and binaries, too, when empty.
    pub(crate) programs: Vec<String>,
    /// The stores; whatever is there when empty.
    pub(crate) stores: Vec<&'static Store>,
    /// A law or a part of a name.
    pub(crate) name: Option<TestName>,
}

/// What a person calls tests by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TestName {
    /// The law that they show, in small letters.
    Law(String),
    /// A part of their name, modules and all.
    Part(String),
}

impl TestName {
    /// Reads what was asked for.
    ///
    /// # Errors
    /// When no test can be called so.
    pub(crate) fn parse(asked: &str) -> Result<Self, String> {
        let law = asked.to_lowercase();
        if is_law(&law) {
            return Ok(Self::Law(law));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        if asked.is_empty() || !asked.chars().all(is_name) {
            return Err(format!("{asked:?} is neither a law (a05) nor a part of a test's name"));
        }
        Ok(Self::Part(asked.to_owned()))
    }

    /// Whether a test is called so.
    pub(crate) fn names(&self, test: &str) -> bool {
        match self {
            Self::Law(law) => law_of(test).is_some_and(|of| of.eq_ignore_ascii_case(law)),
            Self::Part(part) => test.contains(part.as_str()),
        }
    }

    /// What each name holds that is called so.
    fn part(&self) -> String {
        match self {
            Self::Law(law) => format!("{law}_"),
            Self::Part(part) => part.clone(),
        }
    }
}

impl Selection {
    /// All tests of these stores.
    pub(crate) fn of_stores(stores: Vec<&'static Store>, name: Option<TestName>) -> Self {
        let mut packages: Vec<_> = stores.iter().map(|store| store.package.to_owned()).collect();
        let mut programs: Vec<_> = stores.iter().map(|store| store.program.to_owned()).collect();
        for names in [&mut packages, &mut programs] {
            names.sort();
            names.dedup();
        }
        Self { packages, programs, stores, name }
    }

    /// The packages with all their features, as cargo is told.
    pub(crate) fn packages_arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--all-features".to_owned()];
        if self.packages.is_empty() {
            arguments.push("--workspace".to_owned());
        }
        arguments.extend(self.packages.iter().flat_map(|package| ["--package".to_owned(), package.clone()]));
        arguments
    }

    /// The packages and programs, as cargo is told.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let programs = self.programs.iter().flat_map(|program| ["--test".to_owned(), program.clone()]);
        self.packages_arguments().into_iter().chain(programs).collect()
    }

    /// What keeps `cargo test` from the examples in the documentation, which are a phase of their own: libraries and
    /// binaries are among these.
    pub(crate) fn targets_arguments(&self) -> &'static [&'static str] {
        if self.programs.is_empty() { &["--tests"] } else { &[] }
    }

    /// Stores and name, as nextest is told.
    pub(crate) fn expression(&self) -> Vec<String> {
        let stores: Vec<_> = self.stores.iter().map(|store| store.filter()).collect();
        let name = self.name.as_ref().map(|name| match name {
            TestName::Law(law) => format!("test(/(^|::){law}_/)"),
            TestName::Part(part) => format!("test(~{part})"),
        });
        let parts = if stores.is_empty() { None } else { Some(format!("({})", stores.join(" | "))) };
        let expression: Vec<_> = parts.into_iter().chain(name).collect();
        if expression.is_empty() {
            return Vec::new();
        }
        vec!["-E".to_owned(), expression.join(" & ")]
    }

    /// The names, as `cargo test` is told after `--`: at least those that are wanted.
    pub(crate) fn names(&self) -> Vec<String> {
        let part = self.name.as_ref().map(TestName::part);
        // A law's name follows the module; of other names not even that is known.
        let follows = matches!(self.name, Some(TestName::Law(_)) | None);
        if self.stores.is_empty() || !follows {
            return part.into_iter().collect();
        }
        let part = part.unwrap_or_default();
        if self.stores.iter().any(|store| store.module.is_empty()) {
            return if part.is_empty() { Vec::new() } else { vec![part] };
        }
        self.stores.iter().map(|store| format!("{}{part}", store.module)).collect()
    }

    /// Whether a test is wanted.
    pub(crate) fn holds(&self, test: &Outcome) -> bool {
        let is_named = self.name.as_ref().is_none_or(|name| name.names(&test.name));
        let of_store = |store: &&Store| store.holds(&test.package, &test.program, &test.name);
        is_named && (self.stores.is_empty() || self.stores.iter().any(of_store))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::TestEnding;
    use crate::outcome::tests::outcome;
    use crate::stores::named;

    fn law_on(store: &str) -> Selection {
        Selection::of_stores(named(store).unwrap(), Some(TestName::parse("A05").unwrap()))
    }

    #[test]
    fn everything_is_selected_by_default() {
        let all = Selection::default();
        assert_eq!(all.arguments(), ["--all-features", "--workspace"]);
        assert_eq!(all.expression(), Vec::<String>::new());
        assert_eq!(all.names(), Vec::<String>::new());
        assert_eq!(all.targets_arguments(), ["--tests"]);
        assert!(all.holds(&outcome("annals-core", "a_test", TestEnding::Passed)));
    }

    #[test]
    fn a_law_on_a_store_builds_and_runs_no_more_than_that() {
        let selection = law_on("postgres-18");
        assert_eq!(
            selection.arguments(),
            ["--all-features", "--package", "annals-postgres", "--test", "conformance"]
        );
        assert_eq!(
            selection.expression()[1],
            "((package(=annals-postgres) & kind(test) & binary(=conformance) & test(/^v18::/))) & \
             test(/(^|::)a05_/)"
        );
        assert_eq!(selection.names(), ["v18::a05_"]);
        let held = |place: &str, name: &str| selection.holds(&outcome(place, name, TestEnding::Passed));
        assert!(held("annals-postgres::conformance", "v18::a05_one_wins"));
        assert!(!held("annals-postgres::conformance", "v15::a05_one_wins"));
        assert!(!held("annals-postgres::conformance", "v18::a06_retrying"));
        assert!(!held("annals-memory::conformance", "a05_one_wins"));
    }

    #[test]
    fn stores_of_several_programs_are_selected_together() {
        let selection = law_on("sqlite");
        let arguments = selection.arguments();
        assert!(
            arguments.ends_with(&["--test", "conformance", "--test", "it"].map(str::to_owned)),
            "{arguments:?}"
        );
        assert_eq!(selection.names(), ["a05_"]);
    }

    #[test]
    fn a_name_is_a_law_or_a_part_of_a_name() {
        assert_eq!(TestName::parse("A05"), Ok(TestName::Law("a05".to_owned())));
        assert_eq!(TestName::parse("crash::what"), Ok(TestName::Part("crash::what".to_owned())));
        for refused in ["", "a b", "x) | all("] {
            assert!(TestName::parse(refused).is_err(), "{refused}");
        }
        assert!(TestName::parse("a05").unwrap().names("v15::a05_one_wins"));
        assert!(!TestName::parse("a05").unwrap().names("v15::a15_one_wins"));
        assert!(TestName::parse("one_w").unwrap().names("v15::a05_one_wins"));
    }
}
