//! How an agent plans, as `--config` sets it.

use crate::arbiter::ArbiterConfig;
use crate::objective::ObjectiveConfig;
use planners::{Method, RefinementConfig};
use serde::{Deserialize, Serialize};

/// How a controller plans.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlanningConfig {
    /// Blocks imagined ahead. Default 8, as far as the heads were trained on imagined latents.
    pub horizon_blocks: usize,
    /// The search.
    pub planner: Method,
    /// Gradient steps from the search's best candidates, in the latent. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refinement: Option<RefinementConfig>,
    /// The cost.
    pub objective: ObjectiveConfig,
    /// Share of the population that System 1 proposes, where there is a policy; half at most. Default 0.2.
    pub proposals: f32,
    /// Control steps executed of each reaction of System 1 where it acts alone; a block at most. Default 2.
    pub reaction_steps: usize,
    /// When a hybrid agent plans.
    pub arbiter: ArbiterConfig,
    /// How rows plan in true physics, where a simulated step costs a hundred imagined ones.
    pub physics: PhysicsConfig,
}

/// The search in true physics: a smaller one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhysicsConfig {
    /// Blocks simulated ahead, or `horizon_blocks` where that is less. Default 6.
    pub horizon_blocks: usize,
    /// The search.
    pub planner: Method,
}

impl Default for PhysicsConfig {
    fn default() -> Self {
        Self {
            horizon_blocks: 6,
            planner: Method::Icem(planners::IcemConfig {
                population: 36,
                rounds: 4,
                elites: 6,
                initial_std: 1.0,
                ..Default::default()
            }),
        }
    }
}

impl PlanningConfig {
    /// The settings of a row that plans in true physics.
    pub fn in_physics(&self) -> Self {
        Self {
            horizon_blocks: self.horizon_blocks.min(self.physics.horizon_blocks),
            planner: self.physics.planner.clone(),
            refinement: None,
            ..self.clone()
        }
    }
}

impl Default for PlanningConfig {
    fn default() -> Self {
        Self {
            horizon_blocks: 8,
            planner: Method::Icem(planners::IcemConfig {
                population: 96,
                elites: 10,
                initial_std: 1.0,
                ..Default::default()
            }),
            refinement: None,
            objective: ObjectiveConfig::default(),
            proposals: 0.2,
            reaction_steps: 2,
            arbiter: ArbiterConfig::default(),
            physics: PhysicsConfig::default(),
        }
    }
}
