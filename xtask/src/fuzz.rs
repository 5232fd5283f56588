//! `cargo xtask fuzz`: runs the fuzz targets, each for as long as asked, one after the other. Starts `cargo fuzz`, which it
//! does not install; new inputs go to `target/fuzz/corpus`, never into the repository.

use std::process::ExitCode;

use crate::phase::{cargo_with, exit_code, has_subcommand, root};

/// The targets, as in `fuzz/src/lib.rs`.
const TARGETS: &[&str] = &[
    "canonical_json",
    "csv_import",
    "event_decoding",
    "positions_and_tokens",
    "stream_ids_and_urls",
    "upcasting",
];

/// Which targets, and how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The target to run; every one unless given.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(TARGETS))]
    target: Option<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    if !has_subcommand("fuzz") {
        println!("cargo-fuzz is not installed: cargo install cargo-fuzz --locked");
        return ExitCode::FAILURE;
    }
    let asked = |target: &&&str| options.target.as_ref().is_none_or(|asked| asked == **target);
    for target in TARGETS.iter().filter(asked) {
        println!("── {target}, {} s", options.seconds);
        let ended = fuzz(target, options.seconds);
        if !matches!(&ended, Ok(status) if status.success()) {
            println!("fuzzing {target}: FAILED; what broke it is in target/fuzz/artifacts/{target}");
            return exit_code(ended);
        }
    }
    println!("fuzzing: passed");
    ExitCode::SUCCESS
}

fn fuzz(target: &str, seconds: u32) -> std::io::Result<std::process::ExitStatus> {
    let (root, built) = (root(), root().join("target/fuzz"));
    let (found, artifacts) = (built.join("corpus").join(target), built.join("artifacts").join(target));
    std::fs::create_dir_all(&found)?;
    std::fs::create_dir_all(&artifacts)?;
    // The stable toolchain has no sanitizers; coverage needs none.
    let mut command = cargo_with(&["fuzz", "run", "--sanitizer", "none", "--fuzz-dir", "fuzz/targets"]);
    command.arg("--target-dir").arg(&built).arg(target).arg(found);
    command.arg(root.join("fuzz/corpus").join(target)).arg("--");
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.args(["-timeout=25", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1"]);
    command.env("RUSTC_BOOTSTRAP", "1").current_dir(root).status()
}
