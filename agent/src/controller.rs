//! Who chooses the actions: each row of the benchmark's ladder is a controller.

use crate::objective::{CostKind, LatentCost, ObjectiveConfig, PoseCost};
use crate::rollouts::{Judge, LatentRollouts, PhysicsRollouts};
use crate::senses::Senses;
use anyhow::{Context, Result};
use planners::{
    Budget, Committed, Method, Planner, PlannerConfig, RefinementConfig, RolloutModel, SearchSpace,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sim::{Env, Goal};
use std::sync::Arc;
use std::time::{Duration, Instant};
use world_model::WorldModel;

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
            physics: PhysicsConfig::default(),
        }
    }
}

/// Control steps executed between two decisions when no model says otherwise.
pub const DEFAULT_BLOCK: usize = 5;

/// What a controller is, before it meets an episode.
#[derive(Clone)]
pub enum ControllerKind {
    /// Independent uniform actions.
    Random,
    /// Plans in the latent.
    Latent {
        /// The world model.
        model: Arc<WorldModel>,
        /// The cost.
        cost: CostKind,
    },
    /// Plans in forks of the true world with a latent cost.
    LatentCost {
        /// The world model, of which only the encoder and the cost are used.
        model: Arc<WorldModel>,
        /// The cost.
        cost: CostKind,
    },
    /// Plans in forks of the true world with the true pose.
    Oracle,
}

/// The actions of one decision.
pub struct Decision {
    /// The whole plan, `[horizon, action_dim]`, of which the first [`Controller::block`] steps are to be executed.
    pub actions: Vec<f32>,
    /// Wall-clock time of the decision, encoding included.
    pub elapsed: Duration,
    /// Control steps imagined or simulated for it.
    pub model_steps: u64,
    /// Cost that the planner expects; NaN where nothing was planned.
    pub cost: f32,
}

/// A controller in an episode.
pub enum Controller {
    /// Independent uniform actions.
    Random(Box<ChaCha8Rng>),
    /// Receding-horizon planning.
    Planning {
        /// The search.
        planner: Box<dyn Planner>,
        /// What it searches in.
        model: Imaginer,
        /// Control steps executed of each plan.
        block: usize,
    },
}

/// What a planning controller imagines with.
pub enum Imaginer {
    /// The world model.
    Latent(Box<LatentRollouts>, Box<Senses>),
    /// True physics.
    Physics(Box<PhysicsRollouts>),
}

impl ControllerKind {
    /// Prepares an episode from the present state of `env` towards `goal`.
    ///
    /// # Errors
    /// A planner setting that cannot work, or a goal that does not fit the model.
    pub fn start(
        &self,
        env: &Env,
        goal: &Goal,
        config: &PlanningConfig,
        seed: u64,
    ) -> Result<Controller> {
        let Some((model, block)) = self.imaginer(env, goal, config)? else {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(2);
            return Ok(Controller::Random(Box::new(rng)));
        };
        let horizon = config.horizon_blocks * block;
        let planner = PlannerConfig {
            space: SearchSpace::new(horizon, env.task().action_dim(), block),
            method: config.planner.clone(),
            refinement: config.refinement.clone(),
        };
        let planner = planner.build(seed).context("planner settings")?;
        Ok(Controller::Planning {
            planner,
            model,
            block,
        })
    }

    /// Gives a controller of this kind another goal; its plan stays as the start of the next search.
    ///
    /// # Errors
    /// A goal that does not fit the model.
    pub fn retarget(
        &self,
        controller: &mut Controller,
        env: &Env,
        goal: &Goal,
        config: &PlanningConfig,
    ) -> Result<()> {
        if let (Controller::Planning { model, .. }, Some((new, _))) =
            (controller, self.imaginer(env, goal, config)?)
        {
            *model = new;
        }
        Ok(())
    }

    /// What a controller of this kind imagines with, and the control steps of its blocks; none where nothing is imagined.
    fn imaginer(
        &self,
        env: &Env,
        goal: &Goal,
        config: &PlanningConfig,
    ) -> Result<Option<(Imaginer, usize)>> {
        let shape = env.task().pose_shape();
        let objective = &config.objective;
        let latent_cost = |model: &WorldModel, senses: &mut Senses, kind| {
            let goal = senses.observe_goal(env, goal)?;
            LatentCost::new(kind, model, shape, &goal, objective)
                .context("the goal does not fit the model")
        };
        let physics = |judge, block| {
            Imaginer::Physics(Box::new(PhysicsRollouts::new(
                env.fork(),
                judge,
                block,
                objective.action,
            )))
        };
        Ok(Some(match self {
            Self::Random => return Ok(None),
            Self::Latent { model, cost } => {
                let mut senses = Senses::new(model, env.task())?;
                let cost = latent_cost(model, &mut senses, *cost)?;
                let rollouts = LatentRollouts::new(Arc::clone(model), cost, objective.action);
                let imaginer = Imaginer::Latent(Box::new(rollouts), Box::new(senses));
                (imaginer, model.card().block())
            }
            Self::LatentCost { model, cost } => {
                let mut senses = Senses::new(model, env.task())?;
                let cost = latent_cost(model, &mut senses, *cost)?;
                let judge = Judge::Latent(Arc::clone(model), Box::new(senses), cost);
                let block = model.card().block();
                (physics(judge, block), block)
            }
            Self::Oracle => {
                let judge = Judge::Pose(PoseCost::new(shape.clone(), &goal.pose, objective));
                (physics(judge, DEFAULT_BLOCK), DEFAULT_BLOCK)
            }
        }))
    }
}

impl Imaginer {
    /// Poses at the end of each block of `[candidates, horizon, action_dim]` actions from the last observation on,
    /// `[candidates, blocks, pose]`: decoded from the latent, or simulated.
    ///
    /// # Errors
    /// When the actions are not whole blocks of the model.
    pub fn poses(&self, actions: &[f32], candidates: usize) -> Result<Vec<f32>> {
        Ok(match self {
            Self::Latent(rollouts, _) => rollouts.poses(actions, candidates)?,
            Self::Physics(rollouts) => rollouts.poses(actions, candidates),
        })
    }
}

impl Controller {
    /// Control steps to execute of each decision before the next one.
    pub fn block(&self) -> usize {
        match self {
            Self::Random(_) => DEFAULT_BLOCK,
            Self::Planning { block, .. } => *block,
        }
    }

    /// One decision in the present state of `env`, of which a latent planner sees only the observation. `passed` control
    /// steps have gone by since the last decision, and the first steps are `committed` already, `[steps, action_dim]`.
    ///
    /// # Errors
    /// When the model cannot be evaluated.
    pub fn decide(&mut self, env: &Env, passed: usize, committed: &[f32]) -> Result<Decision> {
        let started = Instant::now();
        match self {
            Self::Random(rng) => {
                let actions = (0..DEFAULT_BLOCK * env.task().action_dim())
                    .map(|_| 2.0 * rng.random::<f32>() - 1.0)
                    .collect();
                Ok(Decision {
                    actions,
                    elapsed: started.elapsed(),
                    model_steps: 0,
                    cost: f32::NAN,
                })
            }
            Self::Planning { planner, model, .. } => {
                if passed > 0 {
                    planner.shift(passed);
                }
                let imaginer: &mut dyn RolloutModel = match model {
                    Imaginer::Latent(rollouts, senses) => {
                        rollouts.observe(&senses.observe(env)?)?;
                        rollouts.as_mut()
                    }
                    Imaginer::Physics(rollouts) => {
                        rollouts.observe(env);
                        rollouts.as_mut()
                    }
                };
                let plan = match committed {
                    [] => planner.plan(imaginer, Budget::Configured)?,
                    _ => planner
                        .plan(&mut Committed::new(imaginer, committed), Budget::Configured)?,
                };
                let mut actions = plan.actions.clone();
                let under_way = committed.len().min(actions.len());
                actions[..under_way].copy_from_slice(&committed[..under_way]);
                Ok(Decision {
                    actions,
                    elapsed: started.elapsed(),
                    model_steps: plan.statistics.model_steps,
                    cost: plan.cost,
                })
            }
        }
    }

    /// The poses that a planner imagines at the end of each block of `actions`, from its last observation on, `[blocks, pose]`;
    /// none for those that imagine nothing.
    ///
    /// # Errors
    /// When the actions are not whole blocks of the model.
    pub fn imagine(&self, actions: &[f32]) -> Result<Vec<f32>> {
        match self {
            Self::Planning { model, .. } => model.poses(actions, 1),
            Self::Random(_) => Ok(Vec::new()),
        }
    }
}
