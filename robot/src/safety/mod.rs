//! The safety filter. Nothing reaches a robot but through it.

mod acts;
mod braking;
mod command;
mod config;
mod filter;
mod gate;
mod intervention;
mod mode;
mod monitors;
mod plan_gate;
mod refusal;
mod tracking;

pub use braking::Motion;
pub use command::{CommandPoint, SafeJointCommand};
pub use config::SafetyConfig;
pub use filter::SafetyFilter;
pub use intervention::{Intervention, Interventions, Limit};
pub use mode::{EnableError, Mode, StopCause};
pub use refusal::Refusal;
