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

    /// Motions sent for a time: of the newest tick not after it, with backward differences over ticks of a period, s.
    pub fn motion(&self, time: f64, joints: usize, period: f64) -> Option<Vec<Motion>> {
        let newest = self.times.iter().rposition(|&t| t <= time).unwrap_or(0);
        let at = |back: usize, joint: usize| {
            let tick = newest.saturating_sub(back);
            self.positions.get(tick * joints + joint).copied()
        };
        let motion = |joint: usize| {
            let [now, before, earlier] = [at(0, joint)?, at(1, joint)?, at(2, joint)?];
            let (velocity, last) = ((now - before) / period, (before - earlier) / period);
            Some(Motion {
                position: now,
                velocity,
                acceleration: (velocity - last) / period,
            })
        };
        (0..joints).map(motion).collect()
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_told_with_its_motion() {
        let mut history = SentHistory::default();
        assert!(history.motion(1.0, 1, 0.1).is_none());
        for (tick, position) in [0.0, 0.1, 0.3, 0.9].into_iter().enumerate() {
            history.push(1.0 + 0.1 * tick as f64, &[Motion::at_rest(position)]);
        }
        let motion = history.motion(1.25, 1, 0.1).unwrap()[0];
        assert!((motion.position - 0.3).abs() < 1e-12);
        assert!((motion.velocity - 2.0).abs() < 1e-9);
        assert!((motion.acceleration - 10.0).abs() < 1e-9);
        // Before all that is known, the arm stood.
        assert_eq!(
            history.motion(0.5, 1, 0.1).unwrap()[0],
            Motion::at_rest(0.0)
        );
    }
}
