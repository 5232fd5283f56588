//! Who may depend on whom, read from `cargo metadata`: an arrow that runs the wrong way fails here, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each of our crates, with all of ours that its code (not its tests) may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("annals-macros", &[]),
    ("annals-core", &["annals-macros"]),
    ("annals-ports", &["annals-core"]),
    ("annals-memory", &["annals-core", "annals-ports"]),
    ("annals-sqlite", &["annals-core", "annals-ports"]),
    ("annals-postgres", &["annals-core", "annals-ports"]),
    ("annals-dynamodb", &["annals-core", "annals-ports"]),
    ("annals-application", &["annals-core", "annals-ports"]),
    ("annals-projection", &["annals-core", "annals-ports"]),
    (
        "annals",
        &[
            "annals-application",
            "annals-core",
            "annals-dynamodb",
            "annals-macros",
            "annals-memory",
            "annals-ports",
            "annals-postgres",
            "annals-projection",
            "annals-sqlite",
        ],
    ),
    ("annals-testkit", &["annals-application", "annals-core", "annals-ports", "annals-projection"]),
    ("ordermaster-domain", &["annals-core"]),
    ("ordermaster", &["annals", "ordermaster-domain"]),
    ("annals-services", &[]),
    ("annals-tests", &[]),
    ("annals-bench", &["annals", "annals-services", "ordermaster", "ordermaster-domain"]),
    ("annals-fuzz", &["annals", "ordermaster", "ordermaster-domain"]),
    ("xtask", &[]),
];

#[test]
fn every_arrow_between_our_crates_runs_the_allowed_way() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata answers");
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(name, to)| (*name, to.iter().copied().collect())).collect();
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(ours, allowed.keys().copied().collect(), "every crate has its line in this test");
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            let ours = ours.contains(dependency.name.as_str());
            let code = dependency.kind == DependencyKind::Normal;
            if ours && code && !allowed[package.name.as_str()].contains(dependency.name.as_str()) {
                wrong.push(format!("{} → {}", package.name, dependency.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn tree_of(package: &str, features: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--prefix", "none", "--package", package])
        .args(features)
        .output()
        .expect("cargo tree starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

const DRIVERS: &[&str] = &[
    "rusqlite",
    "libsqlite3-sys",
    "sqlx",
    "sqlx-mysql",
    "sqlx-postgres",
    "sqlx-sqlite",
    "tokio-postgres",
    "aws-sdk-dynamodb",
    "aws-sdk-dynamodbstreams",
];

fn drivers_in(tree: &str) -> Vec<&str> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| DRIVERS.contains(name)).collect::<BTreeSet<_>>().into_iter().collect()
}

const SQLITE: &[&str] = &["libsqlite3-sys", "rusqlite"];
const POSTGRES: &[&str] = &["sqlx", "sqlx-postgres"];
const DYNAMODB: &[&str] = &["aws-sdk-dynamodb", "aws-sdk-dynamodbstreams"];

/// Each feature of the packages that choose stores, with the drivers that it brings in, and no others.
const FEATURES: &[(&str, &[&[&str]])] = &[
    ("default", &[SQLITE]),
    ("dynamodb", &[DYNAMODB]),
    ("full", &[DYNAMODB, SQLITE, POSTGRES]),
    ("memory", &[]),
    ("postgres", &[POSTGRES]),
    ("sqlite", &[SQLITE]),
];

#[test]
fn without_features_there_is_no_database_driver() {
    for package in ["annals", "ordermaster"] {
        let tree = tree_of(package, &["--no-default-features"]);
        assert_eq!(drivers_in(&tree), Vec::<&str>::new(), "{package}");
    }
}

#[test]
fn each_feature_brings_in_its_own_drivers_alone() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata answers");
    let drivers: BTreeMap<_, _> = FEATURES.iter().copied().collect();
    for name in ["annals", "ordermaster"] {
        let package = metadata.packages.iter().find(|package| package.name.as_str() == name);
        for feature in package.expect("the package is there").features.keys() {
            let drivers = drivers.get(feature.as_str());
            let drivers = drivers.unwrap_or_else(|| panic!("{name}: {feature} has no line in this test"));
            let tree = tree_of(name, &["--no-default-features", "--features", feature]);
            assert_eq!(drivers_in(&tree), drivers.concat(), "{name} with {feature}");
        }
    }
}

#[test]
fn all_features_together_bring_in_every_driver() {
    for package in ["annals", "ordermaster"] {
        let tree = tree_of(package, &["--all-features"]);
        assert_eq!(drivers_in(&tree), [DYNAMODB, SQLITE, POSTGRES].concat(), "{package}");
    }
}

#[test]
fn the_core_and_the_domain_need_no_runtime_and_no_driver() {
    for package in ["annals-core", "ordermaster-domain"] {
        let tree = tree_of(package, &[]);
        let heavy: Vec<_> = tree.lines().filter(|line| line.starts_with("tokio ")).collect();
        assert_eq!(heavy, Vec::<&str>::new(), "{package}");
        assert_eq!(drivers_in(&tree), Vec::<&str>::new(), "{package}");
    }
}
