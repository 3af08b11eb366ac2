//! The command line; all of it lives in the library, so that tests can call it.

use std::process::ExitCode;

// The C library gives every large buffer back to the system as soon as it is freed, and a training step allocates hundreds
// of them: see world_model/EXPERIMENTS.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    agent::cli::run()
}
