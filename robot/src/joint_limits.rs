//! What one joint may do.

/// Limits of one joint, as the safety filter enforces them: tighter than the robot's description, through the profile.
/// Every number is finite; all but the window are above zero.
#[derive(Clone, Debug, PartialEq)]
pub struct JointLimits {
    /// Lowest position that may be commanded, rad (the profile's minimum plus its margin).
    pub position_min: f64,
    /// Highest position that may be commanded, rad (the profile's maximum less its margin).
    pub position_max: f64,
    /// Highest commanded speed, rad/s.
    pub velocity: f64,
    /// Highest commanded acceleration, rad/s^2.
    pub acceleration: f64,
    /// Highest commanded jerk, rad/s^3.
    pub jerk: f64,
    /// Largest distance between the sent and the measured position, rad; more is a protective stop.
    pub following_error: f64,
    /// Highest measured speed, rad/s; more is a protective stop. A servo overshoots, so this lies well above `velocity`.
    pub measured_velocity: f64,
}
