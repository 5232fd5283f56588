//! The stores that run the conformance suite, and where their tests are: the one list that every task uses. A new store
//! is added here, and nowhere else.

/// A store that runs the suite.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Store {
    /// As it is shown, and asked for.
    pub(crate) name: &'static str,
    /// The package and the test program that hold its tests.
    pub(crate) package: &'static str,
    pub(crate) program: &'static str,
    /// How their names begin; empty where the program tests this store alone.
    pub(crate) module: &'static str,
}

/// Every store, in the order in which it is shown.
pub(crate) const STORES: &[Store] = &[
    Store { name: "memory", package: "annals-memory", program: "conformance", module: "" },
    Store { name: "sqlite", package: "annals-sqlite", program: "conformance", module: "" },
    // The same file, with real second processes, which are killed.
    Store { name: "sqlite processes", package: "annals-tests", program: "it", module: "second_process::" },
    Store { name: "postgres 15", package: "annals-postgres", program: "conformance", module: "v15::" },
    Store { name: "postgres 18", package: "annals-postgres", program: "conformance", module: "v18::" },
    Store { name: "postgres icu", package: "annals-postgres", program: "conformance", module: "icu::" },
    Store { name: "postgres pooled", package: "annals-postgres", program: "conformance", module: "pooled::" },
    Store { name: "dynamodb local", package: "annals-dynamodb", program: "conformance", module: "local::" },
    Store {
        name: "dynamodb embedded",
        package: "annals-dynamodb",
        program: "conformance",
        module: "embedded::",
    },
    // While requests are throttled, answers are lost, and the stream's records come shuffled, twice and late.
    Store {
        name: "dynamodb local faulty",
        package: "annals-dynamodb",
        program: "conformance",
        module: "local_faulty::",
    },
    Store {
        name: "dynamodb embedded faulty",
        package: "annals-dynamodb",
        program: "conformance",
        module: "embedded_faulty::",
    },
];

impl Store {
    /// Whether this test is one of the store's.
    pub(crate) fn holds(&self, package: &str, program: &str, test: &str) -> bool {
        self.package == package && self.program == program && test.starts_with(self.module)
    }

    /// Which tests are the store's, as a filter expression of nextest.
    pub(crate) fn filter(&self) -> String {
        let Self { package, program, module, .. } = self;
        let place = format!("package(={package}) & kind(test) & binary(={program})");
        if module.is_empty() { format!("({place})") } else { format!("({place} & test(/^{module}/))") }
    }
}

/// The stores of a name, or of a family: `postgres` is each of PostgreSQL's. A dash stands for a space.
///
/// # Errors
/// When there is none: the names that there are.
pub(crate) fn named(asked: &str) -> Result<Vec<&'static Store>, String> {
    let asked = asked.replace('-', " ");
    let is_asked = |store: &&Store| {
        let rest = store.name.strip_prefix(asked.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let found: Vec<_> = STORES.iter().filter(is_asked).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let known: Vec<_> = STORES.iter().map(|store| store.name.replace(' ', "-")).collect();
    Err(format!(
        "there is no store {asked}; known are {}, and their first words for all of a kind",
        known.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(asked: &str) -> Vec<&'static str> {
        named(asked).unwrap().into_iter().map(|store| store.name).collect()
    }

    #[test]
    fn a_store_is_found_by_its_name_with_a_space_or_a_dash() {
        assert_eq!(names("postgres 18"), ["postgres 18"]);
        assert_eq!(names("postgres-18"), ["postgres 18"]);
        assert_eq!(names("memory"), ["memory"]);
    }

    #[test]
    fn a_family_is_all_of_its_stores() {
        assert_eq!(
            names("dynamodb"),
            ["dynamodb local", "dynamodb embedded", "dynamodb local faulty", "dynamodb embedded faulty"]
        );
        assert_eq!(names("dynamodb-local"), ["dynamodb local", "dynamodb local faulty"]);
        assert_eq!(names("sqlite"), ["sqlite", "sqlite processes"]);
        assert_eq!(names("postgres").len(), 4);
    }

    #[test]
    fn an_unknown_store_is_refused_with_the_names_of_the_known() {
        for unknown in ["mongodb", "postgres 1", "post", ""] {
            let refused = named(unknown).unwrap_err();
            for name in ["memory", "sqlite-processes", "postgres-pooled", "dynamodb-embedded"] {
                assert!(refused.contains(name), "{refused}");
            }
        }
    }

    #[test]
    fn a_test_belongs_to_the_store_of_its_package_program_and_module() {
        let of = |package: &str, program: &str, test: &str| {
            let holds = |store: &&Store| store.holds(package, program, test);
            STORES.iter().filter(holds).map(|store| store.name).collect::<Vec<_>>()
        };
        assert_eq!(of("annals-postgres", "conformance", "icu::a01_is_whole"), ["postgres icu"]);
        assert_eq!(of("annals-memory", "conformance", "a01_is_whole"), ["memory"]);
        assert_eq!(of("annals-tests", "it", "second_process::a01_is_whole"), ["sqlite processes"]);
        assert_eq!(of("annals-tests", "it", "crash::a01_is_whole"), Vec::<&str>::new());
        assert_eq!(of("annals-postgres", "store", "v15::a01_is_whole"), Vec::<&str>::new());
    }

    #[test]
    fn a_filter_names_the_program_and_the_module() {
        assert_eq!(
            named("postgres-15").unwrap()[0].filter(),
            "(package(=annals-postgres) & kind(test) & binary(=conformance) & test(/^v15::/))"
        );
    }
}
