//! The command line, for tests that run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent::cli::run()
}
