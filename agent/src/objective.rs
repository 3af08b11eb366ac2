//! What a planner minimises: how far an imagined future is from the goal, block by block.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sim::Goal;
use sim::pose::PoseShape;
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
}

impl CostKind {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pose => "pose",
            Self::Reach => "reach",
            Self::L2 => "l2",
        }
    }

    /// What the cost was told about poses.
    pub fn labels(self) -> &'static str {
        match self {
            Self::Pose => "poses of the training data (probe)",
            Self::Reach => "poses of the training data (labels of the first-passage head)",
            Self::L2 => "none",
        }
    }
}

/// Weights of the cost terms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Weight of the distance between effector and object, per metre, without which a pusher that is far from its
    /// object has no reason to come nearer. Default 10.
    pub effector_per_m: f32,
    /// Weight of the disagreement of the first-passage heads, in standard deviations. Default 0.5.
    pub reach_pessimism: f32,
    /// Weight of the mean squared action. Default 0.
    pub action: f32,
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self {
            effector_per_m: 10.0,
            reach_pessimism: 0.5,
            action: 0.0,
        }
    }
}

/// Cost of a pose: position error over its tolerance, plus yaw error over its tolerance, plus the effector's distance from
/// the object.
#[derive(Clone, Debug)]
pub struct PoseCost {
    shape: PoseShape,
    goal: Vec<f32>,
    effector_per_m: f32,
}

impl PoseCost {
    /// The cost of reaching a goal pose.
    pub fn new(shape: PoseShape, goal: &[f32], config: &ObjectiveConfig) -> Self {
        Self {
            shape,
            goal: goal.to_vec(),
            effector_per_m: config.effector_per_m,
        }
    }

    /// Cost of one pose vector.
    pub fn cost(&self, pose: &[f32]) -> f32 {
        let shape = &self.shape;
        let mut cost = shape.position_error_m(pose, &self.goal) / shape.position_tolerance_m;
        if shape.has_yaw {
            cost += shape.yaw_error_rad(pose, &self.goal) / shape.yaw_tolerance_rad;
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
        cost
    }
}

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
}

impl LatentCost {
    /// The cost of reaching a goal.
    ///
    /// # Errors
    /// When the goal's observation does not fit the model.
    pub fn new(
        kind: CostKind,
        model: &WorldModel,
        shape: &PoseShape,
        goal: &Goal,
        config: &ObjectiveConfig,
    ) -> Result<Self, ImaginationError> {
        if kind == CostKind::Pose {
            return Ok(Self::Pose(PoseCost::new(shape.clone(), &goal.pose, config)));
        }
        let mut latent = vec![0.0; model.card().latent_dim()];
        model.encode(&goal.observation, &mut latent)?;
        Ok(match kind {
            CostKind::Reach => Self::Reach {
                heads: model.reach_heads(&latent)?,
                pessimism: config.reach_pessimism,
            },
            _ => Self::L2(latent),
        })
    }

    /// The networks that this cost reads on a latent, none for a distance.
    pub fn heads<'a>(&'a self, model: &'a WorldModel) -> Vec<&'a PackedMlp> {
        match self {
            Self::Pose(_) => vec![model.pose_head()],
            Self::Reach { heads, .. } => heads.iter().collect(),
            Self::L2(_) => Vec::new(),
        }
    }

    /// What the imagination engine reads out after each block; `heads` comes from [`LatentCost::heads`].
    pub fn readout<'a>(&'a self, heads: &'a [&'a PackedMlp]) -> Readout<'a> {
        match self {
            Self::L2(goal) => Readout::SquaredDistance { goal },
            Self::Pose(_) | Self::Reach { .. } => Readout::Heads(heads),
        }
    }

    /// Cost of one block's readout.
    pub fn cost(&self, values: &[f32]) -> f32 {
        match self {
            Self::Pose(pose) => pose.cost(values),
            Self::Reach { pessimism, .. } => {
                let n = values.len() as f32;
                let mean = values.iter().sum::<f32>() / n;
                let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
                mean + pessimism * variance.sqrt()
            }
            Self::L2(_) => values[0],
        }
    }

    /// Cost of one latent, `[latent]`.
    ///
    /// # Errors
    /// When the latent has another length than the model's.
    pub fn of_latent(
        &self,
        model: &WorldModel,
        latent: &[f32],
        scratch: &mut Scratch,
    ) -> Result<f32, ImaginationError> {
        if let Self::L2(goal) = self {
            return Ok(goal
                .iter()
                .zip(latent)
                .map(|(g, z)| (g - z) * (g - z))
                .sum());
        }
        let mut values = Vec::new();
        for head in self.heads(model) {
            let start = values.len();
            values.resize(start + head.outputs(), 0.0);
            head.forward(latent, 1, &mut values[start..], scratch)?;
        }
        Ok(self.cost(&values))
    }
}
