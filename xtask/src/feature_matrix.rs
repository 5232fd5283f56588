//! Clippy over each feature alone, none, and all: whoever turns on one store must be able to build it. The features are
//! read from the packages, so that a new one is checked without a word here.

use std::time::Instant;

use crate::phase::{Ending, Phase, cargo_with, root};
use crate::workspace;

/// The packages whose features choose stores.
const PACKAGES: [&str; 2] = ["annals", "ordermaster"];

const NAME: &str = "clippy, each feature alone";

/// Runs the phase for those of the packages that are asked for; all of them when none is named.
pub(crate) fn phase(packages: &[String]) -> Phase {
    let asked = |package: &&str| packages.is_empty() || packages.iter().any(|asked| asked == package);
    let packages: Vec<_> = PACKAGES.into_iter().filter(asked).collect();
    if packages.is_empty() {
        return Phase::not_run(NAME, "no package with features was asked for");
    }
    println!("\n── {NAME}");
    let begun = Instant::now();
    let ending = match failures(&packages) {
        Ok(failures) if failures.is_empty() => Ending::Passed,
        Ok(failures) => Ending::Failed(failures.join("; ")),
        Err(error) => Ending::Failed(error),
    };
    Phase::of(NAME, ending, begun)
}

/// The combinations that clippy does not pass.
fn failures(packages: &[&str]) -> Result<Vec<String>, String> {
    let workspace = workspace::packages()?;
    let mut failures = Vec::new();
    for package in packages {
        let known = workspace.iter().find(|known| known.name.as_str() == *package);
        let known = known.ok_or_else(|| format!("there is no package {package}"))?;
        for choice in choices(known.features.keys().map(String::as_str)) {
            println!("{package}: {}", choice.join(" "));
            let mut clippy = cargo_with(&["clippy", "--quiet", "--package", package]);
            clippy.args(&choice).args(["--", "-D", "warnings"]);
            let status = clippy.current_dir(root()).status();
            if !status.is_ok_and(|status| status.success()) {
                failures.push(format!("{package} {}", choice.join(" ")));
            }
        }
    }
    Ok(failures)
}

/// None, each alone, and all of the features, as cargo is told.
fn choices<'a>(features: impl Iterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let none = vec!["--no-default-features"];
    let each = features.filter(|feature| *feature != "default");
    let each = each.map(|feature| vec!["--no-default-features", "--features", feature]);
    [none].into_iter().chain(each).chain([vec!["--all-features"]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_each_and_all_are_tried() {
        let told: Vec<_> = choices(["default", "postgres", "sqlite"].into_iter())
            .iter()
            .map(|choice| choice.join(" "))
            .collect();
        assert_eq!(
            told,
            [
                "--no-default-features",
                "--no-default-features --features postgres",
                "--no-default-features --features sqlite",
                "--all-features",
            ]
        );
    }

    #[test]
    fn what_is_not_asked_for_is_not_run() {
        assert!(matches!(phase(&["annals-core".to_owned()]).ending, Ending::NotRun(_)));
    }
}
