//! Who chooses the actions: each row of the benchmark's ladder is a controller.

use crate::arbiter::{Actor, Arbiter, Reason, is_searched};
use crate::hybrid::Hybrid;
use crate::objective::{CostKind, LatentCost, PoseCost};
pub use crate::planning_config::{PhysicsConfig, PlanningConfig, ReactionChoice};
use crate::rollouts::{Judge, LatentRollouts, PhysicsRollouts};
use crate::senses::Senses;
use crate::system1::System1;
use crate::system2::{Imaginer, System2};
use anyhow::{Context, Result, bail};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sim::{Env, Goal};
use std::sync::Arc;
use std::time::{Duration, Instant};
use world_model::WorldModel;
use world_model::policy::Policy;

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
        /// Proposes candidates, where there is one.
        policy: Option<Arc<Policy>>,
    },
    /// Reacts with a policy.
    System1 {
        /// The world model, of which only the encoder is used.
        model: Arc<WorldModel>,
        /// The policy.
        policy: Arc<Policy>,
    },
    /// Reacts while all is as usual, and plans when it is not.
    Hybrid {
        /// The world model.
        model: Arc<WorldModel>,
        /// The cost.
        cost: CostKind,
        /// The policy.
        policy: Arc<Policy>,
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
    /// Who made it.
    pub actor: Actor,
    /// Why it was that one.
    pub reason: Reason,
}

impl Decision {
    /// Whether System 2 searched for it.
    pub fn is_searched(&self) -> bool {
        is_searched(self.actor, self.reason)
    }
}

/// A controller in an episode.
pub enum Controller {
    /// Independent uniform actions.
    Random(Box<ChaCha8Rng>),
    /// The policy alone.
    System1(Box<Reacting>),
    /// The planner alone.
    System2(Box<System2>),
    /// Both under the arbiter.
    Hybrid(Box<Hybrid>),
}

/// The policy alone, with what it needs to see.
pub struct Reacting {
    model: Arc<WorldModel>,
    senses: Senses,
    system1: System1,
    latent: Vec<f32>,
    /// Control steps executed of each reaction.
    steps: usize,
    choice: ReactionChoice,
    rng: ChaCha8Rng,
}

impl ControllerKind {
    /// Prepares an episode from the present state of `env` towards `goal`.
    ///
    /// # Errors
    /// A setting that cannot work, a policy of another model, or a goal that does not fit the model.
    pub fn start(
        &self,
        env: &Env,
        goal: &Goal,
        config: &PlanningConfig,
        seed: u64,
    ) -> Result<Controller> {
        let system2 = |parts: Parts| {
            let width = env.task().action_dim();
            System2::new(
                parts.imaginer,
                parts.block,
                parts.proposer,
                width,
                config,
                seed,
            )
        };
        Ok(match self {
            Self::Random => Controller::Random(Box::new(chance(seed))),
            Self::System1 { model, policy } => Controller::System1(Box::new(Reacting {
                system1: towards(model, policy, env, goal)?,
                latent: vec![0.0; model.card().latent_dim()],
                steps: config.reaction_steps.clamp(1, model.card().block()),
                choice: config.reaction,
                rng: chance(seed),
                model: Arc::clone(model),
                senses: Senses::new(model, env.task())?,
            })),
            Self::Hybrid {
                model,
                policy,
                cost,
            } => {
                let calibration = policy.card().calibration.as_ref();
                let arbiter = Arbiter::new(&config.arbiter, calibration, *cost, seed)?;
                let system1 = towards(model, policy, env, goal)?;
                let system2 = system2(self.parts(env, goal, config)?)?;
                Controller::Hybrid(Box::new(Hybrid::new(model, system1, system2, arbiter)))
            }
            Self::Latent { .. } | Self::LatentCost { .. } | Self::Oracle => {
                Controller::System2(Box::new(system2(self.parts(env, goal, config)?)?))
            }
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
        match (self, controller) {
            (Self::System1 { model, policy }, Controller::System1(reacting)) => {
                reacting.system1 = towards(model, policy, env, goal)?;
            }
            (Self::Hybrid { model, policy, .. }, Controller::Hybrid(hybrid)) => {
                let parts = self.parts(env, goal, config)?;
                let system1 = towards(model, policy, env, goal)?;
                hybrid.retarget(system1, parts.imaginer, parts.proposer);
            }
            (_, Controller::System2(system2)) => {
                let parts = self.parts(env, goal, config)?;
                system2.retarget(parts.imaginer, parts.proposer);
            }
            _ => {}
        }
        Ok(())
    }

    /// What a controller of this kind plans with.
    fn parts(&self, env: &Env, goal: &Goal, config: &PlanningConfig) -> Result<Parts> {
        let shape = env.task().pose_shape();
        let objective = &config.objective;
        let seen = |model: &Arc<WorldModel>, kind| {
            let mut senses = Senses::new(model, env.task())?;
            let goal = senses.observe_goal(env, goal)?;
            let cost = LatentCost::new(kind, model, shape, &goal, objective)
                .context("the goal does not fit the model")?;
            Ok::<_, anyhow::Error>((senses, cost))
        };
        let physics = |judge, block| {
            let rollouts = PhysicsRollouts::new(env.fork(), judge, block, objective.action);
            Parts {
                imaginer: Imaginer::Physics(Box::new(rollouts)),
                block,
                proposer: None,
            }
        };
        Ok(match self {
            Self::Latent { model, cost, .. } | Self::Hybrid { model, cost, .. } => {
                let (senses, cost) = seen(model, *cost)?;
                let rollouts = LatentRollouts::new(Arc::clone(model), cost, objective.action);
                let proposer = match self.policy() {
                    Some(policy) if config.proposals > 0.0 => {
                        Some(towards(model, policy, env, goal)?)
                    }
                    _ => None,
                };
                Parts {
                    imaginer: Imaginer::Latent(Box::new(rollouts), Box::new(senses)),
                    block: model.card().block(),
                    proposer,
                }
            }
            Self::LatentCost { model, cost } => {
                let (senses, cost) = seen(model, *cost)?;
                let judge = Judge::Latent(Arc::clone(model), Box::new(senses), cost);
                physics(judge, model.card().block())
            }
            Self::Oracle => {
                let judge = Judge::Pose(PoseCost::new(shape.clone(), &goal.pose, objective));
                physics(judge, DEFAULT_BLOCK)
            }
            Self::Random | Self::System1 { .. } => bail!("this controller does not plan"),
        })
    }

    /// What acts at once while this one thinks: System 1 of a hybrid agent.
    pub fn reflex(&self) -> Option<Self> {
        match self {
            Self::Hybrid { model, policy, .. } => Some(Self::System1 {
                model: Arc::clone(model),
                policy: Arc::clone(policy),
            }),
            _ => None,
        }
    }

    /// The policy, where there is one.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        match self {
            Self::Latent { policy, .. } => policy.as_ref(),
            Self::System1 { policy, .. } | Self::Hybrid { policy, .. } => Some(policy),
            Self::Random | Self::LatentCost { .. } | Self::Oracle => None,
        }
    }

    /// The world model, where there is one.
    pub fn model(&self) -> Option<&Arc<WorldModel>> {
        match self {
            Self::Latent { model, .. }
            | Self::System1 { model, .. }
            | Self::Hybrid { model, .. }
            | Self::LatentCost { model, .. } => Some(model),
            Self::Random | Self::Oracle => None,
        }
    }
}

/// What a planner needs towards a goal.
struct Parts {
    imaginer: Imaginer,
    block: usize,
    proposer: Option<System1>,
}

/// What an actor leaves to chance in an episode, apart from what its start was drawn from.
pub(crate) fn chance(seed: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(2);
    rng
}

/// The policy towards a goal, as the model observes it in the light of `env`.
fn towards(model: &Arc<WorldModel>, policy: &Policy, env: &Env, goal: &Goal) -> Result<System1> {
    let goal = Senses::new(model, env.task())?.observe_goal(env, goal)?;
    System1::new(model, policy, &goal)
}

impl Controller {
    /// Control steps to execute of each decision before the next one.
    pub fn block(&self) -> usize {
        match self {
            Self::Random(_) => DEFAULT_BLOCK,
            Self::System1(reacting) => reacting.steps,
            Self::System2(system2) => system2.block(),
            Self::Hybrid(hybrid) => hybrid.system2().block(),
        }
    }

    /// The planner inside, where there is one.
    pub fn system2_mut(&mut self) -> Option<&mut System2> {
        match self {
            Self::System2(system2) => Some(system2),
            Self::Hybrid(hybrid) => Some(hybrid.system2_mut()),
            Self::Random(_) | Self::System1(_) => None,
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
                    actor: Actor::Chance,
                    reason: Reason::Alone,
                })
            }
            Self::System1(reacting) => {
                let observation = reacting.senses.observe(env)?;
                reacting.model.encode(&observation, &mut reacting.latent)?;
                let mut reaction = reacting.system1.react(&reacting.latent)?;
                if reacting.choice == ReactionChoice::Drawn {
                    reaction.take(reaction.draw(&mut reacting.rng));
                }
                let mut actions = reaction.act;
                let under_way = committed.len().min(actions.len());
                actions[..under_way].copy_from_slice(&committed[..under_way]);
                Ok(Decision {
                    actions,
                    elapsed: started.elapsed(),
                    model_steps: 0,
                    cost: f32::NAN,
                    actor: Actor::System1,
                    reason: Reason::Alone,
                })
            }
            Self::System2(system2) => {
                system2.shift(passed);
                system2.observe(env)?;
                let (actions, cost, statistics) = system2.plan(committed)?;
                Ok(Decision {
                    actions,
                    elapsed: started.elapsed(),
                    model_steps: statistics.model_steps,
                    cost,
                    actor: Actor::System2,
                    reason: Reason::Alone,
                })
            }
            Self::Hybrid(hybrid) => hybrid.decide(env, passed, committed),
        }
    }

    /// The poses that a planner imagines at the end of each block of `actions`, from its last observation on, `[blocks, pose]`;
    /// none for those that imagine nothing.
    ///
    /// # Errors
    /// When the actions are not whole blocks of the model.
    pub fn imagine(&mut self, actions: &[f32]) -> Result<Vec<f32>> {
        match self.system2_mut() {
            Some(system2) => system2.imaginer().poses(actions, 1),
            None => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::assets;
    use crate::benchmark::{Tier, pairs};
    use sim::Task;
    use sim::variation::Variant;
    use std::path::Path;

    /// What System 1 does first in some episodes.
    fn reactions(reaction: ReactionChoice, seed: u64) -> Vec<Vec<f32>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        let task = Arc::new(Task::load(&folder, "push").unwrap());
        let variant = Variant::of(&task, None).unwrap();
        let path = assets::model_path(&folder, "push", false);
        let kind = ControllerKind::System1 {
            policy: Arc::new(Policy::load(&assets::policy_path(&path)).unwrap()),
            model: Arc::new(WorldModel::load(&path).unwrap()),
        };
        let config = PlanningConfig {
            reaction,
            ..PlanningConfig::default()
        };
        let pairs = pairs::draw(&task, &variant, Tier::Mid, 12, 5).unwrap();
        let react = |pair: &pairs::Pair| {
            let mut env = Env::new(Arc::clone(&task), variant.clone()).unwrap();
            env.reset(pair.start_seed).unwrap();
            let mut controller = kind.start(&env, &pair.goal, &config, seed).unwrap();
            controller.decide(&env, 0, &[]).unwrap().actions
        };
        pairs.iter().map(react).collect()
    }

    #[test]
    fn a_likeliest_reaction_is_the_same_with_any_seed_and_a_drawn_one_is_not() {
        use ReactionChoice::{Drawn, Likeliest};
        assert_eq!(reactions(Likeliest, 1), reactions(Likeliest, 2));
        assert_eq!(reactions(Drawn, 1), reactions(Drawn, 1));
        assert_ne!(reactions(Drawn, 1), reactions(Drawn, 2));
    }
}
