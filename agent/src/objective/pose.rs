//! The cost of a pose, and its derivative.

use super::{ObjectiveConfig, SMALLEST_DISTANCE_M, Stage};
use sim::pose::{CONDITION_TOLERANCE, PoseShape};

/// Cost of a pose: position error over its tolerance, plus yaw error over its tolerance, plus the weighted errors of the
/// conditions over theirs, plus the squares of what is missing of the clearances, weighted likewise, plus the effector's distance
/// from the object. Position and yaw count where the goal's conditions say so.
///
/// The episode is over where the pose is well inside its tolerances: the remaining share falls from one at the tolerance (the
/// largest of the relative errors) to none at half of it, because a decoded pose is off by some of the rest.
#[derive(Clone, Debug)]
pub struct PoseCost {
    shape: PoseShape,
    goal: Vec<f32>,
    position_counts: bool,
    condition_weights: Vec<f32>,
    clearance_weights: Vec<f32>,
    effector_per_m: f32,
    tail_blocks: f32,
    keep: bool,
}

/// Part of the tolerance within which an imagined episode is over for certain.
const CERTAINLY_INSIDE: f32 = 0.5;

impl PoseCost {
    /// The cost of reaching a goal pose.
    pub fn new(shape: PoseShape, goal: &[f32], config: &ObjectiveConfig) -> Self {
        let weights = shape.condition_weights.iter();
        let clearances = shape.clearance_weights.iter();
        Self {
            position_counts: shape.position_counts(goal),
            condition_weights: weights.map(|w| config.condition * w).collect(),
            clearance_weights: clearances.map(|w| config.clearance * w).collect(),
            shape,
            goal: goal.to_vec(),
            effector_per_m: config.effector_per_m,
            tail_blocks: config.tail_blocks,
            keep: config.keep,
        }
    }

    /// Position and yaw errors of a pose vector, in tolerances; none where they do not count.
    fn relative_errors(&self, pose: &[f32]) -> (f32, f32) {
        let shape = &self.shape;
        if !self.position_counts {
            return (0.0, 0.0);
        }
        let position = shape.position_error_m(pose, &self.goal) / shape.position_tolerance_m;
        let yaw = match shape.has_yaw {
            true => shape.yaw_error_rad(pose, &self.goal) / shape.yaw_tolerance_rad,
            false => 0.0,
        };
        (position, yaw)
    }

    /// Errors of the conditions of a pose vector, in tolerances.
    fn condition_errors<'a>(&'a self, pose: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.shape.condition_errors(pose, &self.goal)
    }

    /// One block that ends in a pose vector.
    pub fn stage(&self, pose: &[f32]) -> Stage {
        let shape = &self.shape;
        let (position, yaw) = self.relative_errors(pose);
        let mut cost = position + yaw;
        let mut largest = position.max(yaw);
        for (error, weight) in self.condition_errors(pose).zip(&self.condition_weights) {
            cost += weight * error;
            largest = largest.max(error);
        }
        cost += self.of_clearances(pose);
        if shape.effector_dims > 0 {
            let effector = &pose[shape.dim() - shape.effector_dims..];
            let squared: f32 = effector
                .iter()
                .zip(pose)
                .map(|(e, o)| (e - o) * (e - o))
                .sum();
            cost += self.effector_per_m * squared.sqrt();
        }
        if self.keep {
            return Stage {
                cost,
                remaining: 1.0,
            };
        }
        let outside = (largest - CERTAINLY_INSIDE) / (1.0 - CERTAINLY_INSIDE);
        Stage {
            cost,
            remaining: outside.clamp(0.0, 1.0),
        }
    }

    /// The part of the cost that is for what is missing of the clearances.
    pub fn of_clearances(&self, pose: &[f32]) -> f32 {
        let missing = self.shape.clearance_errors(pose);
        missing
            .zip(&self.clearance_weights)
            .map(|(missing, weight)| weight * missing * missing)
            .sum()
    }

    /// Most that is missing of a clearance that costs something, as a share of its margin.
    pub fn closeness(&self, pose: &[f32]) -> f32 {
        let missing = self.shape.clearance_errors(pose);
        let heeded = missing
            .zip(&self.clearance_weights)
            .filter(|(_, w)| **w > 0.0);
        heeded.map(|(missing, _)| missing).fold(0.0, f32::max)
    }

    /// Blocks that a future goes on after the horizon.
    pub fn tail_blocks(&self) -> f32 {
        self.tail_blocks
    }

    /// Writes the derivative of `own cost + remaining later` by the pose to `out`, `[pose]`, where `cost` and `remaining` are
    /// those of the pose's [`Stage`]. Where a distance is zero, and its cost has a kink, the derivative is zero.
    pub(super) fn gradient(&self, pose: &[f32], own: f32, later: f32, out: &mut [f32]) {
        out.fill(0.0);
        let shape = &self.shape;
        let n = shape.position_dims;
        let (position, yaw) = self.relative_errors(pose);
        let condition = self.condition_errors(pose).fold(0.0, f32::max);
        let ending = match position.max(yaw).max(condition) {
            _ if self.keep => 0.0,
            error if error > CERTAINLY_INSIDE && error < 1.0 => later / (1.0 - CERTAINLY_INSIDE),
            _ => 0.0,
        };
        // The largest of the errors decides how much of the episode is left.
        let (by_position, by_yaw) = match condition < position.max(yaw) {
            true if position >= yaw => (own + ending, own),
            true => (own, own + ending),
            false => (own, own),
        };
        let decides = self
            .condition_errors(pose)
            .position(|error| error == condition && condition >= position.max(yaw));
        let first = shape.conditions_start();
        for (i, weight) in self.condition_weights.iter().enumerate() {
            let error = pose[first + i] - self.goal[first + i];
            let sign = if error == 0.0 { 0.0 } else { error.signum() };
            let ending = if decides == Some(i) { ending } else { 0.0 };
            out[first + i] += (own * weight + ending) * sign / CONDITION_TOLERANCE;
        }
        let first = shape.clearances_start();
        for (i, weight) in self.clearance_weights.iter().enumerate() {
            let missing = (1.0 - pose[first + i]).max(0.0);
            out[first + i] -= 2.0 * own * weight * missing;
        }
        if !self.position_counts {
            self.effector_gradient(pose, own, out);
            return;
        }
        let distance = shape
            .position_error_m(pose, &self.goal)
            .max(SMALLEST_DISTANCE_M);
        for i in 0..n {
            let slope = (pose[i] - self.goal[i]) / (distance * shape.position_tolerance_m);
            out[i] += by_position * slope;
        }
        if shape.has_yaw {
            let (c, s, goal_c, goal_s) = (pose[n], pose[n + 1], self.goal[n], self.goal[n + 1]);
            let (along, across) = (c * goal_c + s * goal_s, s * goal_c - c * goal_s);
            let sign = if across == 0.0 { 0.0 } else { across.signum() };
            let scale = by_yaw * sign
                / ((along * along + across * across).max(SMALLEST_DISTANCE_M)
                    * shape.yaw_tolerance_rad);
            out[n] += scale * (-along * goal_s - across * goal_c);
            out[n + 1] += scale * (along * goal_c - across * goal_s);
        }
        self.effector_gradient(pose, own, out);
    }

    /// Adds the derivative of `own` times the effector's term.
    fn effector_gradient(&self, pose: &[f32], own: f32, out: &mut [f32]) {
        let shape = &self.shape;
        if shape.effector_dims > 0 {
            let first = shape.dim() - shape.effector_dims;
            let apart: Vec<f32> = (0..shape.effector_dims)
                .map(|i| pose[first + i] - pose[i])
                .collect();
            let distance = apart
                .iter()
                .map(|d| d * d)
                .sum::<f32>()
                .sqrt()
                .max(SMALLEST_DISTANCE_M);
            for (i, d) in apart.iter().enumerate() {
                let slope = own * self.effector_per_m * d / distance;
                out[first + i] += slope;
                out[i] -= slope;
            }
        }
    }
}
