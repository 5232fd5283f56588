//! The project's own tasks: `cargo xtask demo` and `cargo xtask test-all`.
//!
//! A task starts the programs that do the work (cargo, ordermaster), passes their output through, and ends with
//! the exit code that tells whether all went well. No product code lives here.

#![allow(clippy::print_stdout, reason = "a task talks to a person")]

mod book;
mod demo;
mod phase;
mod test_all;
mod test_counts;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs the main job on the embedded store: a week of business, its read models, time travel, proofs.
    Demo(demo::Options),
    /// Runs every check and every test, and says what was proven.
    TestAll(test_all::Options),
}

fn main() -> ExitCode {
    match Arguments::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::TestAll(options) => test_all::run(&options),
    }
}
