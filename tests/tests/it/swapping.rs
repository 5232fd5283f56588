//! One program, built with each store's feature alone and given nothing but a URL, does the same on every store, and says
//! what it lacks when it is given another's.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use annals_services::{Collation, Engine, Version, dynamodb, postgres};

use crate::newcomer::root;

const EXAMPLE: &str = "purses";

/// The program with one store in it.
struct Program {
    feature: &'static str,
    path: PathBuf,
}

impl Program {
    /// Builds it, in a folder of its own: what is built for all features at once is left as it is.
    fn build(feature: &'static str) -> Self {
        let folder = root().join("target/alone");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "annals", "--example", EXAMPLE])
            .args(["--no-default-features", "--features", feature])
            .current_dir(root())
            .env("CARGO_TARGET_DIR", &folder)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()
            .unwrap();
        assert!(built.status.success(), "{feature}: {}", String::from_utf8_lossy(&built.stderr));
        let path = folder.join(format!("{EXAMPLE}-{feature}"));
        // The next one is built in its place.
        fs::copy(folder.join("debug/examples").join(EXAMPLE), &path).unwrap();
        Self { feature, path }
    }

    fn run(&self, url: &str) -> Output {
        Command::new(&self.path).arg(url).output().unwrap()
    }

    /// What it prints; it must succeed.
    fn prints(&self, url: &str) -> String {
        let output = self.run(url);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} at {url}: {errors}", self.feature);
        String::from_utf8(output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_built_with_any_one_store_does_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let database = postgres(Version::V15).await.database(Collation::Server).await;
    let server = dynamodb(Engine::Local).await;
    let tables = server.tables();
    let stores = [
        ("memory", "memory:".to_owned()),
        ("sqlite", format!("sqlite://{}", folder.path().join("purses.db").display())),
        ("postgres", database.url().to_owned()),
        (
            "dynamodb",
            format!(
                "dynamodb://{}?endpoint={}&deletion_protection=off&point_in_time_recovery=off",
                tables.prefix(),
                server.endpoint()
            ),
        ),
    ];
    let mut answers = Vec::new();
    for (feature, url) in &stores {
        let program = Program::build(feature);
        let first = program.prints(url);
        assert!(first.contains("bob gave cyd nothing: purse-bob"), "{first}");
        // Memory forgets; the others go on.
        let second = (*feature != "memory").then(|| program.prints(url));
        answers.push((*feature, first, second));
        // Memory is in every program.
        for (other, url) in stores.iter().filter(|(other, _)| other != feature && *other != "memory") {
            let refused = program.run(url);
            let errors = String::from_utf8_lossy(&refused.stderr);
            let remedy = format!("turn on the feature `{other}`");
            assert!(errors.contains(&remedy) && errors.lines().count() == 1, "{feature}: {errors}");
            assert_eq!(refused.status.code(), Some(1));
        }
    }
    let (_, first, _) = &answers[0];
    let (_, _, second) = &answers[1];
    assert_ne!(Some(first), second.as_ref(), "the second run goes on where the first ended");
    for (feature, found, again) in &answers {
        assert_eq!(found, first, "{feature} does as memory does");
        assert!(
            again.is_none() || again == second,
            "{feature} goes on as SQLite does:\n{again:?}\n{second:?}"
        );
    }
}
