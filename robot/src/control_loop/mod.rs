//! The control loop: at a steady rate it reads the robot, asks the safety filter, and writes what the filter made.

mod handle;
mod phase;
mod status;
mod tick;
mod ticking;

pub use handle::LoopHandle;
pub use status::{LoopReport, LoopStatus};
pub use ticking::{ControlLoop, Finished, LoopSettings, Recorder};
