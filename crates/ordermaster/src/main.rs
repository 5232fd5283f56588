//! The program `ordermaster`: everything is in the library's `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ordermaster::cli::main()
}
