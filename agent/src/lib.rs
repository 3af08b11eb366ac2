//! The Foresight agent: it adapts worlds and models to planners, closes the loop, and measures the result.
//!
//! This is the only crate that knows simulation, world model, planners and the robot's side; they know nothing of each other.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod anchors;
pub mod arbiter;
pub mod arm;
pub mod assets;
pub mod benchmark;
pub mod cli;
pub mod collection;
pub mod control_loop;
pub mod controller;
pub mod distillation;
pub mod eyes;
pub mod files;
pub mod hybrid;
pub mod improvement;
pub mod model_check;
pub mod objective;
pub mod planning_config;
#[cfg(feature = "viewer")]
pub mod play;
pub mod recipe;
pub mod recording;
pub mod rollouts;
pub mod senses;
pub mod side_by_side;
pub mod sight_config;
pub mod system1;
pub mod system2;
