//! Whether the arm may move, and if not, why.

use std::fmt;

/// The state of the safety filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// Nothing is sent. `enable` starts.
    Idle,
    /// Follows targets.
    Active,
    /// Latched: decelerates and holds. `reset`, then `enable`, start again.
    ProtectiveStop(StopCause),
    /// Latched: decelerates, then sends nothing, for the arm may be moved by hand. `reset`, then `enable`, start again.
    EmergencyStop,
}

/// Why the arm was stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum StopCause {
    /// Somebody asked for it.
    Requested,
    /// No fresh state of the robot.
    StateTimeout {
        /// Age of the newest, s.
        age: f64,
    },
    /// The planner's last plan ended and no other came.
    CommandTimeout {
        /// Time without a target, s.
        gap: f64,
    },
    /// The loop stood still, so the robot may be anywhere on its way to rest.
    Stall {
        /// For how long, s.
        gap: f64,
    },
    /// The arm is not where it was sent.
    FollowingError {
        /// The joint.
        joint: String,
        /// Distance between sent and measured, rad.
        error: f64,
        /// Its limit, rad.
        limit: f64,
    },
    /// The arm moves faster than it may.
    MeasuredVelocity {
        /// The joint.
        joint: String,
        /// Measured speed, rad/s.
        velocity: f64,
        /// Its limit, rad/s.
        limit: f64,
    },
    /// The hardware failed.
    Hardware(String),
}

impl StopCause {
    /// One word for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Requested => "requested stop",
            Self::StateTimeout { .. } => "state watchdog",
            Self::CommandTimeout { .. } => "command watchdog",
            Self::Stall { .. } => "stall",
            Self::FollowingError { .. } => "following error",
            Self::MeasuredVelocity { .. } => "measured velocity",
            Self::Hardware(_) => "hardware",
        }
    }
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("stop requested"),
            Self::StateTimeout { age } => write!(f, "no fresh state for {age:.3} s"),
            Self::CommandTimeout { gap } => write!(f, "no plan for {gap:.3} s"),
            Self::Stall { gap } => write!(f, "the control loop stood still for {gap:.3} s"),
            Self::FollowingError {
                joint,
                error,
                limit,
            } => {
                write!(
                    f,
                    "{joint} is {error:.3} rad from where it was sent, limit {limit:.3}"
                )
            }
            Self::MeasuredVelocity {
                joint,
                velocity,
                limit,
            } => {
                write!(f, "{joint} moves at {velocity:.3} rad/s, limit {limit:.3}")
            }
            Self::Hardware(reason) => f.write_str(reason),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("idle"),
            Self::Active => f.write_str("active"),
            Self::ProtectiveStop(cause) => write!(f, "protective stop: {cause}"),
            Self::EmergencyStop => f.write_str("emergency stop"),
        }
    }
}

/// Why the arm cannot be reset or enabled.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EnableError {
    /// A limit is missing from the profile.
    #[error("no motion without limits: {0}")]
    MissingLimits(String),
    /// A stop is latched.
    #[error("cannot enable while in {0}: reset first")]
    Latched(Mode),
    /// It is enabled already, or has nothing to be reset from.
    #[error("cannot {act} while {mode}")]
    WrongMode {
        /// What was asked for.
        act: &'static str,
        /// The mode.
        mode: Mode,
    },
    /// No state, or an old one.
    #[error("cannot enable: {0}")]
    NoState(String),
    /// The arm moves.
    #[error(
        "cannot enable while {joint} moves at {velocity:.3} rad/s, expected at most {limit:.3}"
    )]
    Moving {
        /// The joint.
        joint: String,
        /// Measured speed, rad/s.
        velocity: f64,
        /// Highest speed, rad/s.
        limit: f64,
    },
    /// The emergency stop is still pressed.
    #[error("cannot reset while the emergency stop is pressed")]
    Pressed,
    /// It is still decelerating.
    #[error("cannot reset before the arm has come to rest")]
    Decelerating,
}
