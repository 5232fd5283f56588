//! The book's first chapter, typed out: a new crate outside the workspace that depends on `annals` alone, built and
//! run as printed, and its output compared with what the chapter says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests' folder has a parent").to_owned()
}

/// The code blocks of one language, in the chapter's order.
fn blocks(chapter: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = chapter.lines();
    while let Some(line) = lines.next() {
        if line == format!("```{language}") {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(block.join("\n") + "\n");
        }
    }
    blocks
}

#[test]
fn the_first_chapter_compiles_and_prints_what_it_says() {
    let chapter = fs::read_to_string(root().join("docs/first-aggregate.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let manifest = blocks(&chapter, "toml").concat();
    assert!(manifest.contains("annals = \"0.1\""), "the chapter depends on annals alone: {manifest}");
    let annals = root().join("crates/annals");
    let here = format!("annals = {{ path = {:?} }}", annals.display().to_string());
    fs::write(folder.path().join("Cargo.toml"), manifest.replace("annals = \"0.1\"", &here)).unwrap();
    fs::write(folder.path().join("src/main.rs"), blocks(&chapter, "rust").join("\n")).unwrap();
    // The versions that this repository is tested with, so that the build needs nothing that is not there.
    fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();

    let run = || {
        Command::new(env!("CARGO"))
            .args(["run", "--quiet"])
            .current_dir(folder.path())
            .env("CARGO_TARGET_DIR", root().join("target/newcomer"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()
            .unwrap()
    };
    let first = run();
    let stderr = String::from_utf8_lossy(&first.stderr);
    assert!(first.status.success(), "{stderr}");
    assert_eq!(stderr, "", "it compiles without a warning");
    let printed = blocks(&chapter, "text").concat();
    assert_eq!(String::from_utf8_lossy(&first.stdout), printed);

    let second = run();
    assert!(!second.status.success(), "the tab is open already when it runs again");
    assert!(String::from_utf8_lossy(&second.stderr).contains("AlreadyOpen"), "{second:?}");
}
