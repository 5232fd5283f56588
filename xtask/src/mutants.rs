//! `cargo xtask mutants`: changes the sources of the adapters and the projection runtime, one small thing at a time, and
//! lists the changes that no test notices. By hand or at night; it takes hours.
//!
//! cargo-mutants does the work, in a copy of the tree, as `.cargo/mutants.toml` says. That there are survivors is no failure
//! of the task: each is a test to be written, or a change that changes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::phase::{cargo_with, has_subcommand, root};

/// A package whose sources are changed.
struct Package {
    name: &'static str,
    /// The packages whose tests are to notice it.
    tested_by: &'static [&'static str],
    /// Which of their tests, where some do the same as others and only take longer.
    tests: &'static str,
}

const PACKAGES: &[Package] = &[
    Package { name: "annals-memory", tested_by: &["annals-memory"], tests: "all()" },
    Package { name: "annals-sqlite", tested_by: &["annals-sqlite"], tests: "all()" },
    Package {
        name: "annals-postgres",
        tested_by: &["annals-postgres"],
        tests: "not test(/^(v18|icu|pooled|history)::/)",
    },
    Package {
        name: "annals-dynamodb",
        tested_by: &["annals-dynamodb"],
        tests: "not test(/^(local|local_faulty|embedded_faulty|history|large)::/)",
    },
    // The laws of read models are in the suite, which runs over a store.
    Package { name: "annals-projection", tested_by: &["annals-projection", "annals-memory"], tests: "all()" },
];

/// Below it a folder for each package, and one for what is built.
const FOLDER: &str = "target/mutants";

/// Which sources to change.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The package whose sources are changed; each of them unless given.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(PACKAGES.iter().map(|package| package.name)))]
    package: Option<String>,
    /// Only sources that this pattern fits: `crates/memory/src/leases.rs`.
    #[arg(long, value_name = "PATTERN")]
    file: Option<String>,
    /// Only a part of the changes, evenly drawn from all: `0/20` is the first of twenty parts. One a night, for instance.
    #[arg(long, value_name = "PART/PARTS")]
    part: Option<String>,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    if !has_subcommand("mutants") {
        eprintln!("cargo-mutants is not installed: cargo install cargo-mutants --locked");
        return ExitCode::FAILURE;
    }
    let mut told = Vec::new();
    let mut whole = true;
    for package in PACKAGES {
        let name = package.name;
        if options.package.as_ref().is_some_and(|asked| asked != name) {
            continue;
        }
        println!("── mutants of {name}");
        let folder = root().join(FOLDER).join(name);
        let ended = mutate(package, options, &folder);
        if let Err(why) = ended {
            whole = false;
            told.push(format!("{name}: FAILED: {why}"));
        } else {
            told.extend(Found::read(&folder.join("mutants.out")).lines(name));
        }
    }
    println!();
    for line in told {
        println!("{line}");
    }
    println!("mutants: {}", if whole { "done" } else { "FAILED" });
    if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn mutate(package: &Package, options: &Options, folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut command = cargo_with(&["mutants", "--package", package.name, "--no-shuffle"]);
    command.arg("--test-package").arg(package.tested_by.join(",")).arg("--output").arg(folder);
    if let Some(file) = &options.file {
        command.args(["--file", file]);
    }
    if let Some(part) = &options.part {
        command.args(["--shard", part, "--sharding", "round-robin"]);
    }
    if has_subcommand("nextest") {
        // It stops at the first test that notices.
        command.args(["--test-tool", "nextest", "--", "-E", package.tests]);
    }
    status(command.env("CARGO_TARGET_DIR", root().join(FOLDER).join("build")))
}

fn status(command: &mut Command) -> Result<(), String> {
    let status = command.current_dir(root()).status().map_err(|error| error.to_string())?;
    match status.code() {
        // All were noticed; some were not; some tests did not end.
        Some(0 | 2 | 3) => Ok(()),
        Some(4) => Err("the tests fail already, without a change".to_owned()),
        _ => Err(status.to_string()),
    }
}

/// What cargo-mutants left in its folder.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    caught: Vec<String>,
    missed: Vec<String>,
    timeout: Vec<String>,
    unviable: Vec<String>,
}

impl Found {
    fn read(folder: &Path) -> Self {
        let lines = |name: &str| {
            let file: PathBuf = folder.join(name);
            let text = fs::read_to_string(file).unwrap_or_default();
            text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
        };
        Self {
            caught: lines("caught.txt"),
            missed: lines("missed.txt"),
            timeout: lines("timeout.txt"),
            unviable: lines("unviable.txt"),
        }
    }

    /// The survivors, and the score as it is: of those that build, how many were noticed.
    fn lines(&self, package: &str) -> Vec<String> {
        let Self { caught, missed, timeout, unviable } = self;
        let viable = caught.len() + missed.len() + timeout.len();
        let mut lines = vec![format!(
            "{package}: {} of {viable} caught, {} survived, {} did not end; {} more do not build",
            caught.len(),
            missed.len(),
            timeout.len(),
            unviable.len()
        )];
        lines.extend(missed.iter().map(|mutant| format!("  survived: {mutant}")));
        lines.extend(timeout.iter().map(|mutant| format!("  did not end: {mutant}")));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivors_are_listed_and_the_score_is_told_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("caught.txt", "src/a.rs:1:2: replace a with ()\nsrc/a.rs:3:2: replace b with ()\n");
        write("missed.txt", "src/c.rs:4:5: replace > with >=\n");
        write("timeout.txt", "");
        let lines = Found::read(folder.path()).lines("annals-memory");
        assert_eq!(
            lines,
            [
                "annals-memory: 2 of 3 caught, 1 survived, 0 did not end; 0 more do not build",
                "  survived: src/c.rs:4:5: replace > with >=",
            ]
        );
    }

    #[test]
    fn the_packages_are_there() {
        let workspace = crate::workspace::packages().unwrap();
        let known: Vec<_> = workspace.iter().map(|package| package.name.as_str()).collect();
        for Package { name, tested_by, .. } in PACKAGES {
            assert!(known.contains(name), "{name}");
            assert!(tested_by.iter().all(|package| known.contains(package)), "{tested_by:?}");
        }
    }
}
