//! `cargo xtask bench`: builds `annals-bench` with optimisation and runs it.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::phase::{self, cargo_with, exit_code};

/// What is handed on to the program.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The program's own options: `--quick`, `--only NAME`, `--store NAME`, `--json FILE`, `--page FILE`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs the task.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut command = cargo_with(&["run", "--release", "--package", "annals-bench", "--"]);
    exit_code(command.args(&options.arguments).current_dir(phase::root()).status())
}
