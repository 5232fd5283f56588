//! The domain is pure: its sources name no store, no runtime and no clock.

use std::fs;
use std::path::{Path, PathBuf};

const FORBIDDEN: &[&str] = &[
    "annals_ports",
    "annals_memory",
    "annals_sqlite",
    "sqlite",
    "postgres",
    "dynamodb",
    "EventStore",
    "Repository",
    "tokio",
    "async ",
    "SystemTime",
    "std::fs",
    "std::env",
    "std::net",
];

#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
fn sources_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(sources_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_file_of_the_domain_names_a_store_a_runtime_or_a_clock() {
    let domain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/domain/src");
    let sources = sources_below(&domain);
    assert!(sources.len() > 20, "the domain's sources are where they are looked for: {}", sources.len());
    let mut named = Vec::new();
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (place, line) in code {
            for word in FORBIDDEN.iter().filter(|word| line.contains(**word)) {
                named.push(format!("{}:{}: {word}", source.display(), place + 1));
            }
        }
    }
    assert_eq!(named, Vec::<String>::new());
}
