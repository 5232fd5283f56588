//! The project's own tasks: `cargo xtask demo`, `cargo xtask test-all`, `cargo xtask test`, `cargo xtask bench` and others.
//!
//! A task starts the programs that do the work (cargo, ordermaster), passes their output through, and ends with
//! the exit code that tells whether all went well. No product code lives here.

#![allow(clippy::print_stdout, reason = "a task talks to a person")]

mod bench;
mod book;
mod crash;
mod demo;
mod feature_matrix;
mod fuzz;
mod junit;
mod law_table;
mod laws;
mod libtest;
mod mutants;
mod named_test;
mod outcome;
mod phase;
mod report;
mod selection;
mod services;
mod stores;
mod test_all;
mod test_counts;
mod test_run;
mod workspace;

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
    /// Measures the stores, each figure beside its baseline; `-- --help` tells what can be chosen.
    Bench(bench::Options),
    /// Prints law by law on which stores it was shown, and how many broken stores its tests caught.
    Laws(laws::Options),
    /// Kills loads and cuts the power under them; what was answered must survive.
    Crash(crash::Options),
    /// Runs the fuzz targets with cargo-fuzz, each for as long as asked.
    Fuzz(fuzz::Options),
    /// Changes the sources one small thing at a time and lists the changes that no test notices.
    Mutants(mutants::Options),
    /// Runs one law or test by its name, on one store or on all.
    Test(named_test::Options),
    /// Runs every check and every test on every store, and says what was proven, on what.
    TestAll(test_all::Options),
}

fn main() -> ExitCode {
    match Arguments::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Laws(options) => laws::run(&options),
        Task::Crash(options) => crash::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Mutants(options) => mutants::run(&options),
        Task::Test(options) => named_test::run(&options),
        Task::TestAll(options) => test_all::run(&options),
    }
}
