//! Monitors of what the arm really does, against what it was sent.

use super::braking::Motion;
use super::mode::StopCause;
use crate::joint_limits::JointLimits;
use crate::joint_state::Measured;

/// Ticks that are remembered; states older than that were refused as stale at any sensible rate.
const REMEMBERED: usize = 64;

/// Where the joints were sent lately, to compare a state with what was sent when it was measured.
#[derive(Debug, Default)]
pub(crate) struct SentHistory {
    /// Times at which the positions were to be reached, seconds of the steady clock, newest last.
    times: Vec<f64>,
    /// `[ticks, joints]`
    positions: Vec<f64>,
}

impl SentHistory {
    pub fn clear(&mut self) {
        self.times.clear();
        self.positions.clear();
    }

    pub fn push(&mut self, at: f64, sent: &[Motion]) {
        if self.times.len() == REMEMBERED {
            self.times.remove(0);
            self.positions.drain(..sent.len());
        }
        self.times.push(at);
        self.positions.extend(sent.iter().map(|m| m.position));
    }

    /// Positions sent for a time: of the newest tick not after it, or of the oldest tick that is known.
    fn at(&self, time: f64, joints: usize) -> Option<&[f64]> {
        let index = self.times.iter().rposition(|&t| t <= time).unwrap_or(0);
        self.positions.get(index * joints..(index + 1) * joints)
    }
}

/// Why the arm must stop, if it must.
pub(crate) fn monitor(
    measured: &Measured,
    history: &SentHistory,
    limits: &[JointLimits],
    joints: &[String],
) -> Option<StopCause> {
    let sent = history.at(measured.at, joints.len());
    for (index, (joint, limits)) in joints.iter().zip(limits).enumerate() {
        let velocity = measured.velocity[index];
        if velocity.abs() > limits.measured_velocity {
            let (joint, limit) = (joint.clone(), limits.measured_velocity);
            return Some(StopCause::MeasuredVelocity {
                joint,
                velocity,
                limit,
            });
        }
        let error = sent.map_or(0.0, |sent| (sent[index] - measured.position[index]).abs());
        if error > limits.following_error {
            let (joint, limit) = (joint.clone(), limits.following_error);
            return Some(StopCause::FollowingError {
                joint,
                error,
                limit,
            });
        }
    }
    None
}
