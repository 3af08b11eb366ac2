//! What the safety filter must know of a robot.

use crate::joint_limits::JointLimits;

/// Settings of the safety filter; a profile makes them.
#[derive(Clone, Debug, PartialEq)]
pub struct SafetyConfig {
    /// Names of the joints, in the order of every vector.
    pub joints: Vec<String>,
    /// Limits of each joint, or in words which one is missing. Without them nothing moves.
    pub limits: Result<Vec<JointLimits>, String>,
    /// Control period, s.
    pub period: f64,
    /// Highest age of the robot's state, s; beyond it the arm stops. Default of profiles: 0.1.
    pub state_timeout: f64,
    /// Time without a target from the planner, s, after which the stop latches. Default of profiles: 0.1.
    pub command_timeout: f64,
    /// Highest age of the observation that a plan came from, s. Default of profiles: 0.5.
    pub plan_timeout: f64,
    /// How far the robot's clock may be ahead of ours, s. Default of profiles: 0.01.
    pub clock_tolerance: f64,
    /// Time from enabling until the full speed limit, s. Default of profiles: 1.
    pub ramp: f64,
    /// Measured speed above which the arm cannot be enabled, rad/s. Default of profiles: 0.1.
    pub rest_velocity: f64,
}
