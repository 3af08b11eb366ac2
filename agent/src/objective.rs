//! What a planner minimises: how far an imagined future is from the goal, block by block.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sim::pose::{CONDITION_TOLERANCE, PoseShape};
use world_model::WorldModel;
use world_model::imagination::{ImaginationError, PackedMlp, Readout, Scratch};

/// Where a latent planner's cost comes from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum CostKind {
    /// Error of the pose decoded from the latent; the probe was trained on poses.
    Pose,
    /// Learned steps until the goal is reached; poses only labelled its training pairs.
    Reach,
    /// Squared distance to the goal's latent; no label of any kind.
    L2,
    /// Distance in the slow features of the latent: in what changes only now and then, or in all that changes where nothing
    /// stands still most of the time; no label of any kind.
    Slow,
}

impl CostKind {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pose => "pose",
            Self::Reach => "reach",
            Self::L2 => "l2",
            Self::Slow => "slow",
        }
    }

    /// What the cost was told about poses.
    pub fn labels(self) -> &'static str {
        match self {
            Self::Pose => "poses of the training data (probe)",
            Self::Reach => "poses of the training data (labels of the first-passage head)",
            Self::L2 | Self::Slow => "none",
        }
    }
}

/// One block of a future.
///
/// An episode ends when its goal is reached, so what comes after that costs nothing: a future costs
/// `c_1 + r_1 (c_2 + r_2 (c_3 + ... r_n tail c_n))`, with the costs `c` and remaining shares `r` of its blocks. The tail counts
/// the last block again for what comes after the horizon ([`ObjectiveConfig::tail_blocks`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Cost of the block.
    pub cost: f32,
    /// Share of the episode that is left after it, in `[0, 1]`.
    pub remaining: f32,
}

impl Stage {
    /// Cost of this block and of the future from it on, given the cost of what comes `later`.
    pub fn then(self, later: f32) -> f32 {
        match self.remaining {
            // Nothing comes later, whatever it would have cost.
            0.0 => self.cost,
            remaining => self.cost + remaining * later,
        }
    }
}

/// Cost of a future, from its blocks in order, whose horizon goes on for `tail_blocks` as it ends.
pub fn cost_of_future(stages: impl DoubleEndedIterator<Item = Stage>, tail_blocks: f32) -> f32 {
    let mut later = None;
    for stage in stages.rev() {
        later = Some(stage.then(later.unwrap_or(tail_blocks * stage.cost)));
    }
    later.unwrap_or(0.0)
}

/// Weights of the cost terms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Weight of the distance between effector and object, per metre, without which a pusher that is far from its
    /// object has no reason to come nearer. Default 10.
    pub effector_per_m: f32,
    /// Blocks for which a future goes on as it is at the end of the horizon, where the goal is not reached; of the costs
    /// `pose` and `slow`. Without them a detour that pays off late is never worth its way. Default 10.
    pub tail_blocks: f32,
    /// Weight of the disagreement of the first-passage heads, in standard deviations. Default 0.5.
    pub reach_pessimism: f32,
    /// Weight of the mean squared action. Default 0.
    pub action: f32,
    /// Weight of the errors of conditions, times the weight that the task gives to each. Default 1.
    pub condition: f32,
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self {
            effector_per_m: 10.0,
            tail_blocks: 10.0,
            reach_pessimism: 0.5,
            action: 0.0,
            condition: 1.0,
        }
    }
}

/// Cost of a pose: position error over its tolerance, plus yaw error over its tolerance, plus the weighted errors of the
/// conditions over theirs, plus the effector's distance from the object. Position and yaw count where the goal's conditions say so.
///
/// The episode is over where the pose is well inside its tolerances: the remaining share falls from one at the tolerance (the
/// largest of the relative errors) to none at half of it, because a decoded pose is off by some of the rest.
#[derive(Clone, Debug)]
pub struct PoseCost {
    shape: PoseShape,
    goal: Vec<f32>,
    position_counts: bool,
    condition_weights: Vec<f32>,
    effector_per_m: f32,
    tail_blocks: f32,
}

/// Part of the tolerance within which an imagined episode is over for certain.
const CERTAINLY_INSIDE: f32 = 0.5;

impl PoseCost {
    /// The cost of reaching a goal pose.
    pub fn new(shape: PoseShape, goal: &[f32], config: &ObjectiveConfig) -> Self {
        let weights = shape.condition_weights.iter();
        Self {
            position_counts: shape.position_counts(goal),
            condition_weights: weights.map(|w| config.condition * w).collect(),
            shape,
            goal: goal.to_vec(),
            effector_per_m: config.effector_per_m,
            tail_blocks: config.tail_blocks,
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
        if shape.effector_dims > 0 {
            let effector = &pose[shape.dim() - shape.effector_dims..];
            let squared: f32 = effector
                .iter()
                .zip(pose)
                .map(|(e, o)| (e - o) * (e - o))
                .sum();
            cost += self.effector_per_m * squared.sqrt();
        }
        let outside = (largest - CERTAINLY_INSIDE) / (1.0 - CERTAINLY_INSIDE);
        Stage {
            cost,
            remaining: outside.clamp(0.0, 1.0),
        }
    }

    /// Blocks that a future goes on after the horizon.
    pub fn tail_blocks(&self) -> f32 {
        self.tail_blocks
    }

    /// Writes the derivative of `own cost + remaining later` by the pose to `out`, `[pose]`, where `cost` and `remaining` are
    /// those of the pose's [`Stage`]. Where a distance is zero, and its cost has a kink, the derivative is zero.
    fn gradient(&self, pose: &[f32], own: f32, later: f32, out: &mut [f32]) {
        out.fill(0.0);
        let shape = &self.shape;
        let n = shape.position_dims;
        let (position, yaw) = self.relative_errors(pose);
        let condition = self.condition_errors(pose).fold(0.0, f32::max);
        let ending = match position.max(yaw).max(condition) {
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

/// Below this a distance counts as this in derivatives.
const SMALLEST_DISTANCE_M: f32 = 1.0e-6;

/// Cost of a latent.
pub enum LatentCost {
    /// On the decoded pose.
    Pose(PoseCost),
    /// On the ensemble of first-passage heads, the goal folded in.
    Reach {
        /// Latent to `ln(1 + steps)`.
        heads: Vec<PackedMlp>,
        /// Weight of the ensemble's standard deviation.
        pessimism: f32,
    },
    /// On the distance to the goal's latent, `[latent]`.
    L2(Vec<f32>),
    /// On the distance to the goal's slow features.
    Slow {
        /// `[slow]`.
        goal: Vec<f32>,
        /// As in [`ObjectiveConfig`].
        tail_blocks: f32,
    },
}

impl LatentCost {
    /// The cost of reaching what is observed at a goal.
    ///
    /// # Errors
    /// When the observation does not fit the model.
    pub fn new(
        kind: CostKind,
        model: &WorldModel,
        shape: &PoseShape,
        goal: &[f32],
        config: &ObjectiveConfig,
    ) -> Result<Self, ImaginationError> {
        let mut latent = vec![0.0; model.card().latent_dim()];
        model.encode(goal, &mut latent)?;
        Ok(match kind {
            CostKind::Pose => {
                let mut pose = vec![0.0; shape.dim()];
                model.pose(&latent, &mut pose)?;
                Self::Pose(PoseCost::new(shape.clone(), &pose, config))
            }
            CostKind::Reach => Self::Reach {
                heads: model.reach_heads(&latent)?,
                pessimism: config.reach_pessimism,
            },
            CostKind::L2 => Self::L2(latent),
            CostKind::Slow => {
                let head = model.slow_head();
                let mut goal = vec![0.0; head.outputs()];
                head.forward(&latent, 1, &mut goal, &mut Scratch::new())?;
                let tail_blocks = config.tail_blocks;
                Self::Slow { goal, tail_blocks }
            }
        })
    }

    /// The networks that this cost reads on a latent, none for a distance.
    pub fn heads<'a>(&'a self, model: &'a WorldModel) -> Vec<&'a PackedMlp> {
        match self {
            Self::Pose(_) => vec![model.pose_head()],
            Self::Reach { heads, .. } => heads.iter().collect(),
            Self::Slow { .. } => vec![model.slow_head()],
            Self::L2(_) => Vec::new(),
        }
    }

    /// What the imagination engine reads out after each block; `heads` comes from [`LatentCost::heads`].
    pub fn readout<'a>(&'a self, heads: &'a [&'a PackedMlp]) -> Readout<'a> {
        match self {
            Self::L2(goal) => Readout::SquaredDistance { goal },
            Self::Pose(_) | Self::Reach { .. } | Self::Slow { .. } => Readout::Heads(heads),
        }
    }

    /// One block, from its readout.
    pub fn stage(&self, values: &[f32]) -> Stage {
        let cost = match self {
            Self::Pose(pose) => return pose.stage(values),
            Self::Reach { pessimism, .. } => {
                let (mean, deviation) = mean_and_deviation(values);
                mean + pessimism * deviation
            }
            Self::L2(_) => values[0],
            Self::Slow { goal, .. } => distance(values, goal),
        };
        Stage {
            cost,
            remaining: 1.0,
        }
    }

    /// Blocks that a future goes on after the horizon.
    pub fn tail_blocks(&self) -> f32 {
        match self {
            Self::Pose(pose) => pose.tail_blocks(),
            Self::Slow { tail_blocks, .. } => *tail_blocks,
            Self::Reach { .. } | Self::L2(_) => 0.0,
        }
    }

    /// Writes the derivative of `own cost + remaining later` by one block's readout, where `cost` and `remaining` are those of
    /// its [`Stage`].
    pub fn gradient(&self, values: &[f32], own: f32, later: f32, out: &mut [f32]) {
        match self {
            Self::Pose(pose) => pose.gradient(values, own, later, out),
            Self::Reach { pessimism, .. } => {
                let (mean, deviation) = mean_and_deviation(values);
                let deviation = deviation.max(SMALLEST_DISTANCE_M);
                for (out, value) in out.iter_mut().zip(values) {
                    let slope = 1.0 + pessimism * (value - mean) / deviation;
                    *out = own * slope / values.len() as f32;
                }
            }
            Self::L2(_) => out[0] = own,
            Self::Slow { goal, .. } => {
                let scale = own / distance(values, goal).max(SMALLEST_DISTANCE_M);
                for ((out, value), goal) in out.iter_mut().zip(values).zip(goal) {
                    *out = scale * (value - goal);
                }
            }
        }
    }

    /// One block, from the latent `[latent]` that it ends in.
    ///
    /// # Errors
    /// When the latent has another length than the model's.
    pub fn of_latent(
        &self,
        model: &WorldModel,
        latent: &[f32],
        scratch: &mut Scratch,
    ) -> Result<Stage, ImaginationError> {
        let mut values = Vec::new();
        if let Self::L2(goal) = self {
            let squares = goal.iter().zip(latent).map(|(g, z)| (g - z) * (g - z));
            values.push(squares.sum());
        }
        for head in self.heads(model) {
            let start = values.len();
            values.resize(start + head.outputs(), 0.0);
            head.forward(latent, 1, &mut values[start..], scratch)?;
        }
        Ok(self.stage(&values))
    }
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f32>().sqrt()
}

fn mean_and_deviation(values: &[f32]) -> (f32, f32) {
    let n = values.len() as f32;
    let mean = values.iter().sum::<f32>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A planar object with an orientation, pushed by an effector.
    fn planar() -> PoseShape {
        PoseShape {
            position_dims: 2,
            has_yaw: true,
            condition_weights: Vec::new(),
            position_counts_when: None,
            effector_dims: 2,
            position_tolerance_m: 0.02,
            yaw_tolerance_rad: 0.35,
        }
    }

    /// The same with two conditions, of which the first makes the position count.
    fn conditional() -> PoseShape {
        PoseShape {
            condition_weights: vec![1.0, 6.0],
            position_counts_when: Some(0),
            ..planar()
        }
    }

    const OWN: f32 = 3.0;
    const LATER: f32 = 7.0;

    /// Central differences of a weighted block and what comes later.
    fn differences(cost: &LatentCost, values: &[f32]) -> Vec<f32> {
        let step = 1.0e-4;
        (0..values.len())
            .map(|i| {
                let moved = |by: f32| {
                    let mut values = values.to_vec();
                    values[i] += by;
                    let stage = cost.stage(&values);
                    OWN * stage.cost + stage.remaining * LATER
                };
                (moved(step) - moved(-step)) / (2.0 * step)
            })
            .collect()
    }

    #[test]
    fn gradients_agree_with_differences() {
        let goal = [0.1, -0.2, 0.6, 0.8, 0.0, 0.0];
        let pose = LatentCost::Pose(PoseCost::new(planar(), &goal, &ObjectiveConfig::default()));
        let cost = |goal: &[f32]| {
            LatentCost::Pose(PoseCost::new(
                conditional(),
                goal,
                &ObjectiveConfig::default(),
            ))
        };
        let standing = cost(&[0.1, -0.2, 0.6, 0.8, 1.0, 1.0, 0.0, 0.0]);
        let lying = cost(&[0.1, -0.2, 0.6, 0.8, 0.0, 1.0, 0.0, 0.0]);
        let reach = LatentCost::Reach {
            heads: Vec::new(),
            pessimism: 0.5,
        };
        let cases = [
            (&pose, vec![0.3, 0.1, -0.7, 0.5, 0.2, 0.4]),
            (&pose, vec![-0.2, 0.0, 0.9, -0.6, -0.1, 0.3]),
            // About to end: by position, by yaw, and over.
            (&pose, vec![0.115, -0.2, 0.62, 0.78, 0.2, -0.1]),
            (&pose, vec![0.101, -0.2, 0.8, 0.6, 0.2, -0.1]),
            (&pose, vec![0.102, -0.199, 0.61, 0.8, 0.2, -0.1]),
            (&standing, vec![0.3, 0.1, -0.7, 0.5, 0.9, 0.3, 0.2, 0.4]),
            // About to end: by the position, by the first condition, by the second.
            (
                &standing,
                vec![0.115, -0.2, 0.62, 0.78, 0.8, 0.9, 0.2, -0.1],
            ),
            (
                &standing,
                vec![0.101, -0.2, 0.62, 0.78, 0.6, 0.9, 0.2, -0.1],
            ),
            (
                &standing,
                vec![0.101, -0.2, 0.62, 0.78, 0.9, 0.6, 0.2, -0.1],
            ),
            // The position does not count.
            (&lying, vec![0.3, 0.1, -0.7, 0.5, 0.9, 0.8, 0.2, 0.4]),
            (&lying, vec![0.3, 0.1, -0.7, 0.5, 0.4, 0.9, 0.2, 0.4]),
            (&lying, vec![0.3, 0.1, -0.7, 0.5, 0.1, 0.7, 0.2, 0.4]),
            (&reach, vec![1.0, 2.5, 1.7]),
        ];
        for (cost, values) in cases {
            let mut gradient = vec![0.0; values.len()];
            cost.gradient(&values, OWN, LATER, &mut gradient);
            for (found, expected) in gradient.iter().zip(differences(cost, &values)) {
                assert!(
                    (found - expected).abs() < 0.03 * (2.0 + expected.abs()),
                    "{values:?}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_cost_falls_towards_the_goal() {
        let goal = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let cost = PoseCost::new(planar(), &goal, &ObjectiveConfig::default());
        let stage = |x: f32, yaw: f32, effector: f32| {
            cost.stage(&[x, 0.0, yaw.cos(), yaw.sin(), x + effector, 0.0])
        };
        let at = |x, yaw, effector| stage(x, yaw, effector).cost;
        assert!(
            (at(0.02, 0.0, 0.0) - 1.0).abs() < 1.0e-4,
            "one tolerance of position costs one"
        );
        assert!(
            (at(0.0, 0.35, 0.0) - 1.0).abs() < 1.0e-4,
            "one tolerance of yaw costs one"
        );
        assert!(at(0.01, 0.0, 0.0) < at(0.02, 0.0, 0.0) && at(0.0, 0.1, 0.0) < at(0.0, -0.2, 0.0));
        assert!(at(0.05, 0.0, 0.05) < at(0.05, 0.0, 0.1));
        assert_eq!(stage(0.009, 0.1, 0.3).remaining, 0.0);
        assert_eq!(stage(0.009, 0.4, 0.3).remaining, 1.0, "turned too far");
        assert_eq!(stage(0.021, 0.0, 0.3).remaining, 1.0, "too far away");
        assert!((stage(0.015, 0.0, 0.3).remaining - 0.5).abs() < 1.0e-3);
    }

    #[test]
    fn a_lost_condition_is_expensive_and_may_make_the_position_irrelevant() {
        let config = ObjectiveConfig::default();
        let cost = |goal: f32| {
            PoseCost::new(
                conditional(),
                &[0.0, 0.0, 1.0, 0.0, goal, 1.0, 0.0, 0.0],
                &config,
            )
        };
        let stage = |goal: f32, x: f32, first: f32, second: f32| {
            cost(goal).stage(&[x, 0.0, 1.0, 0.0, first, second, x, 0.0])
        };
        assert_eq!(
            stage(1.0, 0.0, 1.0, 1.0),
            Stage {
                cost: 0.0,
                remaining: 0.0
            }
        );
        assert!(
            (stage(1.0, 0.0, 0.5, 1.0).cost - 1.0).abs() < 1.0e-4,
            "one tolerance costs its weight"
        );
        assert!((stage(1.0, 0.0, 1.0, 0.5).cost - 6.0).abs() < 1.0e-4);
        assert_eq!(
            stage(1.0, 0.0, 1.0, 0.0).remaining,
            1.0,
            "lost: the goal is not reached"
        );
        assert_eq!(
            stage(0.0, 0.5, 0.0, 1.0),
            Stage {
                cost: 0.0,
                remaining: 0.0
            }
        );
        assert_eq!(stage(0.0, 0.0, 1.0, 1.0).remaining, 1.0, "it still stands");
    }
}
