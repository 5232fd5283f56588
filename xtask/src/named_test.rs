//! `cargo xtask test <law or name>`: runs what is called so, on one store or on all, and builds no more than it needs.
//!
//! On a store the tests are those of its suite. Without one, the sources say which programs could hold such a test; the
//! program itself then decides.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::phase::Ending;
use crate::report::{Report, Run};
use crate::selection::{Selection, TestName};
use crate::services::Services;
use crate::stores::{STORES, named};
use crate::test_all::toolchain;
use crate::test_run::{self, Show};
use crate::workspace;

/// What to run, and on what.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A law (a05), or a part of a test's name with its modules.
    #[arg(value_name = "LAW OR NAME")]
    name: String,
    /// On this store alone, or on all of a kind: `postgres-18`, `postgres`.
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    #[command(flatten)]
    services: Services,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    let ended = selected(options).and_then(|selection| run_selected(&selection, options));
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(told) => {
            eprintln!("{told}");
            ExitCode::FAILURE
        }
    }
}

fn selected(options: &Options) -> Result<Selection, String> {
    let name = TestName::parse(&options.name)?;
    if let Some(store) = &options.store {
        return Ok(Selection::of_stores(named(store)?, Some(name)));
    }
    let workspace = workspace::packages()?;
    let packages = workspace.iter().filter_map(|package| {
        let folder = package.manifest_path.parent()?.as_std_path().to_owned();
        Some((package.name.to_string(), folder))
    });
    from_sources(name, packages).ok_or_else(|| no_test(options))
}

fn run_selected(selection: &Selection, options: &Options) -> Result<bool, String> {
    let begun = Instant::now();
    let test_run::TestRun { phases, outcomes } = test_run::run(selection, options.services, Show::All);
    let built = phases.first().is_some_and(|phase| phase.ending == Ending::Passed);
    if built && outcomes.is_empty() {
        return Err(no_test(options));
    }
    let passed = phases.iter().all(|phase| phase.ending == Ending::Passed);
    let (services, took) = (options.services, begun.elapsed());
    let run = Run { phases, outcomes, services, took, toolchain: toolchain() };
    for line in Report::of(&run).text_of_a_few() {
        println!("{line}");
    }
    Ok(passed)
}

fn no_test(options: &Options) -> String {
    let on = options.store.as_ref().map(|store| format!(" in the suite of {store}")).unwrap_or_default();
    format!("no test of that name{on}: {}", options.name)
}

/// The programs whose sources hold such a name. None when no package does.
fn from_sources(name: TestName, packages: impl Iterator<Item = (String, PathBuf)>) -> Option<Selection> {
    let mut places = BTreeSet::new();
    for (package, folder) in packages {
        for source in
            sources_below(&folder.join("src")).into_iter().chain(sources_below(&folder.join("tests")))
        {
            let within = source.strip_prefix(&folder).unwrap_or(&source);
            if !mentions(&name, within, &fs::read_to_string(&source).unwrap_or_default()) {
                continue;
            }
            // The suite itself runs where the stores are.
            if package == "annals-testkit" && within.starts_with("src/conformance") {
                places.extend(
                    STORES.iter().map(|store| (store.package.to_owned(), Some(store.program.to_owned()))),
                );
            } else {
                places.insert((package.clone(), program_of(within)));
            }
        }
    }
    if places.is_empty() {
        return None;
    }
    let packages: BTreeSet<_> = places.iter().map(|(package, _)| package.clone()).collect();
    let programs: Option<BTreeSet<_>> = places.into_iter().map(|(_, program)| program).collect();
    let programs = programs.unwrap_or_default().into_iter().collect();
    Some(Selection {
        packages: packages.into_iter().collect(),
        programs,
        stores: Vec::new(),
        name: Some(name),
    })
}

/// The test program that a source belongs to; none for a library's or a binary's own tests.
fn program_of(within: &Path) -> Option<String> {
    let mut folders = within.iter();
    if folders.next()? != "tests" {
        return None;
    }
    Some(Path::new(folders.next()?).file_stem()?.to_string_lossy().into_owned())
}

/// Whether a source holds a function or a module of such a name, or is itself one.
fn mentions(name: &TestName, within: &Path, text: &str) -> bool {
    let part = match name {
        TestName::Law(law) => {
            return functions(text, "fn ").any(|function| function.starts_with(&format!("{law}_")));
        }
        // Modules come before the function, and may be left out.
        TestName::Part(part) => part.rsplit("::").find(|part| !part.is_empty()).unwrap_or(part),
    };
    let is_part = |component: &std::ffi::OsStr| component.to_string_lossy().contains(part);
    within.iter().any(is_part)
        || functions(text, "fn ").chain(functions(text, "mod ")).any(|function| function.contains(part))
}

/// The names that follow a keyword.
fn functions<'a>(text: &'a str, keyword: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let (_, after) = line.split_once(keyword)?;
        let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
        Some(&after[..end])
    })
}

fn sources_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut sources = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            sources.extend(sources_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], name: &str) -> Option<(Vec<String>, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let mut packages = BTreeSet::new();
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            let package = file.split('/').next().unwrap();
            packages.insert((package.to_owned(), folder.path().join(package)));
        }
        let selection = from_sources(TestName::parse(name).unwrap(), packages.into_iter())?;
        Some((selection.packages, selection.programs))
    }

    const FILES: &[(&str, &str)] = &[
        ("annals-core/src/json.rs", "mod tests {\n    #[test]\n    fn a_number_is_read() {}\n}"),
        ("annals-tests/tests/it/crash.rs", "#[test]\nfn what_was_answered_survives() {}"),
        ("annals-tests/tests/it/replay.rs", "proptest! {\n    fn c01_rests(history in any()) {}\n}"),
        ("annals-testkit/src/conformance/commits.rs", "pub async fn a05_one_wins<S>() {}"),
    ];

    fn owned<const N: usize>(names: [&str; N]) -> Vec<String> {
        names.map(str::to_owned).to_vec()
    }

    #[test]
    fn only_programs_that_could_hold_the_test_are_built() {
        let crash = Some((owned(["annals-tests"]), owned(["it"])));
        assert_eq!(found(FILES, "crash::"), crash);
        assert_eq!(found(FILES, "crash::what_was"), crash);
        assert_eq!(found(FILES, "c01"), crash);
        assert_eq!(found(FILES, "a_number"), Some((owned(["annals-core"]), Vec::new())));
    }

    #[test]
    fn a_law_of_the_suite_is_looked_for_where_the_stores_are() {
        let (packages, programs) = found(FILES, "a05").unwrap();
        let expected =
            ["annals-dynamodb", "annals-memory", "annals-postgres", "annals-sqlite", "annals-tests"];
        assert_eq!(packages, owned(expected));
        assert_eq!(programs, owned(["conformance", "it"]));
    }

    #[test]
    fn a_name_that_nothing_has_is_found_nowhere() {
        assert_eq!(found(FILES, "no_such_test"), None);
        assert_eq!(found(FILES, "z99"), None);
    }
}
