//! What a planner minimises: how far an imagined future is from the goal, block by block.

mod pose;
#[cfg(test)]
mod tests;

pub use pose::PoseCost;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sim::pose::PoseShape;
use world_model::WorldModel;
use world_model::imagination::{ImaginationError, PackedMlp, Readout, Scratch};
use world_model::policy::Policy;

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

    /// The cost of that name, where there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::value_variants()
            .iter()
            .find(|cost| cost.name() == name)
            .copied()
    }

    /// The cost that a policy's arbiter was calibrated with, where it was.
    pub fn of_arbiter(policy: &Policy) -> Option<Self> {
        Self::named(&policy.card().calibration.as_ref()?.cost)
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
    /// Whether the goal is to be kept: a future that leaves it again pays for it, of the cost `pose`. Default false, for an
    /// episode ends at its goal.
    pub keep: bool,
    /// Weight of the disagreement of the first-passage heads, in standard deviations. Default 0.5.
    pub reach_pessimism: f32,
    /// Weight of the mean squared action. Default 0.
    pub action: f32,
    /// Weight of the errors of conditions, times the weight that the task gives to each. Default 1.
    pub condition: f32,
    /// Weight of the squares of what is missing of clearances, times the weight that the task gives to each. Default 1.
    pub clearance: f32,
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self {
            effector_per_m: 10.0,
            tail_blocks: 10.0,
            keep: false,
            reach_pessimism: 0.5,
            action: 0.0,
            condition: 1.0,
            clearance: 1.0,
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

    /// What one block costs for what is missing of clearances at its end; the rest of its cost is how far the
    /// goal is, in the terms of the cost: in poses also how far what acts is from what it acts on.
    pub fn of_clearances(&self, values: &[f32]) -> f32 {
        match self {
            Self::Pose(pose) => pose.of_clearances(values),
            Self::Reach { .. } | Self::L2(_) | Self::Slow { .. } => 0.0,
        }
    }

    /// Distances from the goal below this are as good as none: an error that is just tolerated, where the cost knows what is.
    pub fn tolerated(&self) -> f32 {
        match self {
            Self::Pose(_) => 1.0,
            Self::Reach { .. } | Self::L2(_) | Self::Slow { .. } => 1.0e-3,
        }
    }

    /// Most that is missing of a clearance at the end of one block, as a share of its margin; zero where none is heeded.
    pub fn closeness(&self, values: &[f32]) -> f32 {
        match self {
            Self::Pose(pose) => pose.closeness(values),
            Self::Reach { .. } | Self::L2(_) | Self::Slow { .. } => 0.0,
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

    /// What is read out in a latent `[latent]`.
    ///
    /// # Errors
    /// When the latent has another length than the model's.
    pub fn read(
        &self,
        model: &WorldModel,
        latent: &[f32],
        scratch: &mut Scratch,
    ) -> Result<Vec<f32>, ImaginationError> {
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
        Ok(values)
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
