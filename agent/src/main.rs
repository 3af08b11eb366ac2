//! The command line; all of it lives in the library, so that tests can call it.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent::cli::run()
}
