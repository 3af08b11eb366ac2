//! The only thing that may be written to a robot.

use super::braking::{Bounds, Motion, braked};

/// A command that met every limit: where each joint goes in this tick, and how it stops if no further command follows.
///
/// Only the safety filter makes one, and it cannot be copied, so nothing reaches a robot past the filter and nothing is
/// written twice:
///
/// ```compile_fail,E0451
/// let command = robot::SafeJointCommand { positions: vec![0.0], ..robot::SafeJointCommand::default() };
/// ```
/// ```compile_fail,E0599
/// fn again(command: &robot::SafeJointCommand) -> robot::SafeJointCommand {
///     robot::SafeJointCommand::clone(command)
/// }
/// ```
/// ```compile_fail,E0624
/// let command = robot::SafeJointCommand::new(1);
/// ```
#[derive(Debug)]
pub struct SafeJointCommand {
    epoch: u64,
    sequence: u64,
    at: f64,
    period: f64,
    joints: usize,
    /// `[points, joints]`
    positions: Vec<f64>,
    /// `[points, joints]`
    velocities: Vec<f64>,
}

/// One point of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommandPoint<'a> {
    /// Seconds after the command's time.
    pub after: f64,
    /// Positions, rad.
    pub position: &'a [f64],
    /// Velocities, rad/s.
    pub velocity: &'a [f64],
}

impl SafeJointCommand {
    pub(super) fn new(joints: usize) -> Self {
        Self {
            epoch: 0,
            sequence: 0,
            at: 0.0,
            period: 0.0,
            joints,
            positions: Vec::new(),
            velocities: Vec::new(),
        }
    }

    /// Fills the command with the next motions and the braking manoeuvre that follows them. `scratch` is overwritten.
    pub(super) fn fill(
        &mut self,
        head: (u64, f64),
        next: &[Motion],
        bounds: &[Bounds],
        scratch: &mut Vec<Motion>,
    ) {
        (self.epoch, self.at) = head;
        self.sequence += 1;
        self.period = bounds.first().map_or(0.0, |b| b.period);
        self.positions.clear();
        self.velocities.clear();
        scratch.clear();
        scratch.extend_from_slice(next);
        loop {
            self.positions.extend(scratch.iter().map(|m| m.position));
            self.velocities.extend(scratch.iter().map(|m| m.velocity));
            if scratch.iter().zip(bounds).all(|(m, b)| m.rests(b)) {
                break;
            }
            for (motion, bounds) in scratch.iter_mut().zip(bounds) {
                *motion = if motion.rests(bounds) {
                    Motion::at_rest(motion.position)
                } else {
                    braked(*motion, bounds)
                };
            }
        }
    }

    /// Number of the enabling that this command belongs to.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Number of the command, counted over all epochs.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The tick it was made for, seconds of the steady clock.
    pub fn at(&self) -> f64 {
        self.at
    }

    /// The position of each joint one period after `at`, rad. A robot that takes no trajectories gets this alone.
    pub fn position(&self) -> &[f64] {
        self.positions.get(..self.joints).unwrap_or(&[])
    }

    /// The velocity of each joint in this tick, rad/s.
    pub fn velocity(&self) -> &[f64] {
        self.velocities.get(..self.joints).unwrap_or(&[])
    }

    /// The point of this tick and, after it, the braking manoeuvre until rest, one point a period.
    pub fn points(&self) -> impl Iterator<Item = CommandPoint<'_>> {
        let positions = self.positions.chunks(self.joints.max(1));
        let velocities = self.velocities.chunks(self.joints.max(1));
        positions
            .zip(velocities)
            .zip(1..)
            .map(|((position, velocity), count)| CommandPoint {
                after: f64::from(count) * self.period,
                position,
                velocity,
            })
    }
}
