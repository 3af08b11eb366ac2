//! A robot arm that is not ours, planned for in the latent; and our own arm in rapier in its place.
//!
//! The world model knows a task: what it observes, and actions that move the targets of position servos. A robot reports joints
//! and takes joint positions. In between stands a [`Twin`]: the task's own robot in rapier, put as the real one reports to be.

mod arrival;
mod goal;
mod latent_proposer;
mod sim_faults;
mod sim_hardware;
mod switch;
mod twin;

pub use arrival::Arrival;
pub use goal::goal_inside;
pub use latent_proposer::{LatentProposer, Mind, planning};
pub use sim_faults::SimFaults;
pub use sim_hardware::SimHardware;
pub use switch::{Switch, Switchable};
pub use twin::Twin;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests;
