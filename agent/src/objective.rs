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

impl PoseCost {
    /// Adds the derivative of [`PoseCost::cost`] by the pose to `out`, `[pose]`. Where a distance is zero, and its cost has a
    /// kink, the derivative is zero.
    fn add_gradient(&self, pose: &[f32], out: &mut [f32]) {
        let shape = &self.shape;
        let n = shape.position_dims;
        let distance = shape
            .position_error_m(pose, &self.goal)
            .max(SMALLEST_DISTANCE_M);
        for i in 0..n {
            out[i] += (pose[i] - self.goal[i]) / (distance * shape.position_tolerance_m);
        }
        if shape.has_yaw {
            let (c, s, goal_c, goal_s) = (pose[n], pose[n + 1], self.goal[n], self.goal[n + 1]);
            let (along, across) = (c * goal_c + s * goal_s, s * goal_c - c * goal_s);
            let scale = across.signum()
                / ((along * along + across * across).max(SMALLEST_DISTANCE_M)
                    * shape.yaw_tolerance_rad);
            out[n] += scale * (-along * goal_s - across * goal_c);
            out[n + 1] += scale * (along * goal_c - across * goal_s);
        }
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
                let slope = self.effector_per_m * d / distance;
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

    /// Writes the derivative of [`LatentCost::cost`] by one block's readout.
    pub fn gradient(&self, values: &[f32], out: &mut [f32]) {
        match self {
            Self::Pose(pose) => {
                out.fill(0.0);
                pose.add_gradient(values, out);
            }
            Self::Reach { pessimism, .. } => {
                let n = values.len() as f32;
                let mean = values.iter().sum::<f32>() / n;
                let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
                let deviation = variance.sqrt().max(SMALLEST_DISTANCE_M);
                for (out, value) in out.iter_mut().zip(values) {
                    *out = (1.0 + pessimism * (value - mean) / deviation) / n;
                }
            }
            Self::L2(_) => out[0] = 1.0,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A planar object with an orientation, pushed by an effector.
    fn planar() -> PoseShape {
        PoseShape {
            position_dims: 2,
            has_yaw: true,
            effector_dims: 2,
            position_tolerance_m: 0.02,
            yaw_tolerance_rad: 0.35,
        }
    }

    /// Central differences of a cost.
    fn differences(cost: &LatentCost, values: &[f32]) -> Vec<f32> {
        let step = 1.0e-3;
        (0..values.len())
            .map(|i| {
                let moved = |by: f32| {
                    let mut values = values.to_vec();
                    values[i] += by;
                    cost.cost(&values)
                };
                (moved(step) - moved(-step)) / (2.0 * step)
            })
            .collect()
    }

    #[test]
    fn gradients_agree_with_differences() {
        let goal = [0.1, -0.2, 0.6, 0.8, 0.0, 0.0];
        let pose = LatentCost::Pose(PoseCost::new(planar(), &goal, &ObjectiveConfig::default()));
        let reach = LatentCost::Reach {
            heads: Vec::new(),
            pessimism: 0.5,
        };
        let cases = [
            (&pose, vec![0.3, 0.1, -0.7, 0.5, 0.2, 0.4]),
            (&pose, vec![-0.2, 0.0, 0.9, -0.6, -0.1, 0.3]),
            (&reach, vec![1.0, 2.5, 1.7]),
        ];
        for (cost, values) in cases {
            let mut gradient = vec![0.0; values.len()];
            cost.gradient(&values, &mut gradient);
            for (found, expected) in gradient.iter().zip(differences(cost, &values)) {
                assert!(
                    (found - expected).abs() < 0.02 * (1.0 + expected.abs()),
                    "{found} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_cost_falls_towards_the_goal() {
        let goal = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let cost = PoseCost::new(planar(), &goal, &ObjectiveConfig::default());
        let at = |x: f32, yaw: f32, effector: f32| {
            cost.cost(&[x, 0.0, yaw.cos(), yaw.sin(), x + effector, 0.0])
        };
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
    }
}
