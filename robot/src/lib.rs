//! The robot's side of Foresight: hardware interfaces in the words of ros2_control, a safety filter that everything passes,
//! a control loop with the planner on its own thread, ROS 2 in pure Rust, and logs that Foxglove opens.
//!
//! Units: radians, seconds, newton metres. Times without a name are seconds of this program's steady clock.

mod joint_limits;
mod joint_state;
pub mod planning;
pub mod safety;

pub use joint_limits::JointLimits;
pub use joint_state::{JointState, Measured};
pub use safety::{SafeJointCommand, SafetyFilter};
