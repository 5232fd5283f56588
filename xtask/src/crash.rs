//! `cargo xtask crash`: kills loads, cuts the power under them, and has processes share a file, as often as asked;
//! then tells what was checked. The tests of `annals-tests` do the work, with larger numbers than in `test-all`.

use std::process::ExitCode;

use crate::phase::{cargo_with, exit_code, read_output, root};

/// How often, and from which seed.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Loads that are killed with `kill -9`.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// Loads under which the power is cut.
    #[arg(long, default_value_t = 50)]
    power_cuts: u32,
    /// What loads and moments are drawn from: the same seed, the same ones, as far as timing allows.
    #[arg(long)]
    seed: Option<u64>,
    /// Commits that the processes on one file make together.
    #[arg(long, default_value_t = 40_000)]
    shared: u32,
    /// Builds with optimisation: more commits a second, and a longer build.
    #[arg(long)]
    release: bool,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut command = cargo_with(&["test", "--package", "annals-tests", "--test", "it"]);
    if options.release {
        command.arg("--release");
    }
    command
        .args(["--", "crash::", "power_cut::", "processes::", "--nocapture", "--test-threads", "1"])
        .env("ANNALS_KILLS", options.rounds.to_string())
        .env("ANNALS_POWER_CUTS", options.power_cuts.to_string())
        .env("ANNALS_SHARED_COMMITS", options.shared.to_string());
    if let Some(seed) = options.seed {
        command.env("ANNALS_SEED", seed.to_string());
    }
    let mut summary = Vec::new();
    let ended = read_output(command.current_dir(root()), &mut |line| {
        println!("{line}");
        if let Some((_, told)) = line.split_once("summary: ") {
            summary.push(told.to_owned());
        }
    });
    println!();
    for line in summary {
        println!("{line}");
    }
    match &ended {
        Ok(status) if status.success() => println!("crashes: passed"),
        _ => println!("crashes: FAILED"),
    }
    exit_code(ended)
}
