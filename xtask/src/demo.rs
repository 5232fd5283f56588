//! `cargo xtask demo`: builds `ordermaster` with optimisation and runs its demo.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::phase::{self, exit_code};

/// What the demo runs on.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run on these invoices (CSV) instead of a generated week of business.
    #[arg(long, value_name = "CSV")]
    input: Option<PathBuf>,
    /// Orders to generate.
    #[arg(long, default_value_t = 10_000)]
    orders: u32,
    /// What the generated business is drawn from: the same seed, the same business.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// The store's URL; a fresh file under target/ unless given.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut command = Command::new(phase::cargo());
    command.args(["run", "--release", "--package", "ordermaster", "--bin", "ordermaster"]);
    if let Some(features) = options.store.as_deref().and_then(features_for) {
        command.args(features);
    }
    command.arg("--");
    match &options.store {
        Some(url) => command.args(["--store", url]),
        None => command.arg("--store").arg(fresh_store()),
    };
    command.arg("demo").args(["--orders", &options.orders.to_string(), "--seed", &options.seed.to_string()]);
    if let Some(input) = &options.input {
        command.arg("--input").arg(input);
    }
    exit_code(command.status())
}

/// What turns on the store of a URL, where the program is not built with it anyway.
fn features_for(url: &str) -> Option<[&'static str; 2]> {
    match url.split_once(':')?.0 {
        "postgres" | "postgresql" => Some(["--features", "postgres"]),
        "dynamodb" => Some(["--features", "dynamodb"]),
        _ => None,
    }
}

fn fresh_store() -> String {
    let folder = phase::root().join("target/demo");
    let _ = std::fs::remove_dir_all(&folder);
    if let Err(error) = std::fs::create_dir_all(&folder) {
        eprintln!("cannot make {}: {error}", folder.display());
    }
    format!("sqlite://{}", folder.join("ordermaster.db").display())
}
