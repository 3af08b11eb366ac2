//! The robot's side of Foresight: hardware interfaces in the words of ros2_control, a safety filter that everything passes,
//! a control loop with the planner on its own thread, ROS 2 in pure Rust, and logs that Foxglove opens.
//!
//! Units: radians, seconds, newton metres. Times without a name are seconds of this program's steady clock.

mod check;
mod clock;
mod control_loop;
mod error;
mod fake;
mod hardware_interface;
mod joint_limits;
mod joint_state;
mod latencies;
mod log;
pub mod messages;
pub mod planning;
pub mod profile;
mod real_time;
mod rehearsal;
mod ros2;
mod run;
pub mod safety;
mod watchdog;

pub use check::{CheckItem, CheckReport, check};
pub use clock::Clock;
pub use control_loop::{
    ControlLoop, Finished, LoopHandle, LoopReport, LoopSettings, LoopStatus, Recorder,
};
pub use error::RobotError;
pub use fake::{FakeHandle, FakeHardware, FakeRobot, Faults};
pub use hardware_interface::HardwareInterface;
pub use joint_limits::JointLimits;
pub use joint_state::{JointState, Measured};
pub use latencies::Latencies;
pub use log::{LogSummary, McapLog};
pub use profile::Profile;
pub use rehearsal::Rehearsal;
pub use ros2::Ros2Hardware;
pub use run::{DryRunReport, RunOptions, RunReport, dry_run, run};
pub use safety::{SafeJointCommand, SafetyFilter};
