//! What the crates promise each other and their users, one file for each contract.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod architecture;
mod behaviour;
mod benchmark;
mod bottle;
mod cli;
mod dataset;
mod determinism;
mod distillation;
mod drive;
mod grasp;
mod hands;
mod images;
mod improvement;
mod oracle;
mod physics_failures;
mod plausible;
mod side_by_side;
mod size;
mod snapshot;
mod so101;
mod success;
mod support;
mod task_files;
