//! Rapier3d scenes as tasks for an agent: seeded, forkable, byte-exact, and safe against physics that blows up.
//!
//! A [`Task`] is read from a TOML file that names an MJCF scene; an [`Env`] is one running instance of it, which takes
//! normalised actions at the control rate and yields observations and poses as plain `f32` slices; a [`Camera`] draws it.
//! No rapier type leaves this crate. World axes: Z up, metres, seconds, radians.

pub mod behaviour;
pub mod camera;
mod clearance;
mod condition;
pub mod env;
pub mod error;
pub mod hand;
pub mod pose;
mod robot;
mod scene;
pub mod shapes;
pub mod spec;
pub mod task;
pub mod variation;
pub mod vec_env;
mod world;

pub use behaviour::{Behaviour, BehaviourKind};
pub use camera::{Camera, Rig};
pub use env::{Env, Servo};
pub use error::SimError;
pub use hand::Hand;
pub use pose::{Goal, PoseShape};
pub use task::Task;
pub use vec_env::VecEnv;
