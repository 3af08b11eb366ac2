//! Episodes that a policy is distilled from: of the planner, and of the policy with the planner beside it.

use super::courses::encode;
use crate::benchmark::pairs::Pair;
use crate::benchmark::{Tier, pairs};
use crate::controller::{ControllerKind, PlanningConfig};
use crate::senses::Senses;
use crate::system1::System1;
use anyhow::{Result, bail};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim::variation::Variant;
use sim::{Env, SimError, Task};
use std::sync::Arc;
use world_model::WorldModel;
use world_model::policy::{Label, Policy};

/// An episode, as a policy learns from it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PlannerRun {
    /// `[1 + steps, latent]`
    pub latents: Vec<f32>,
    /// `[steps, action]`
    pub actions: Vec<f32>,
    /// What the planner did or would have done.
    pub labels: Vec<Label>,
    /// How much the policy's members disagreed at each label; none where the planner acted.
    pub disagreements: Vec<f32>,
    /// Whether the goal was reached.
    pub success: bool,
}

/// What episodes are run with.
pub struct Runs<'a> {
    /// The task.
    pub task: &'a Arc<Task>,
    /// Its variant.
    pub variant: &'a Variant,
    /// The world model.
    pub model: &'a Arc<WorldModel>,
    /// The planner.
    pub planner: &'a ControllerKind,
    /// How it plans.
    pub config: &'a PlanningConfig,
    /// Seed of the pairs: one that no report uses.
    pub seed: u64,
}

/// An episode on its way: the world, its goal, and what is remembered of it.
struct Course {
    env: Env,
    goal: sim::Goal,
    /// `[latent]`
    goal_latent: Vec<f32>,
    senses: Senses,
    budget: usize,
    run: PlannerRun,
}

impl Runs<'_> {
    /// The planner goes to these [goals](Self::goals). `progress` hears of every episode and may stop them by returning false,
    /// which gives none.
    ///
    /// # Errors
    /// A planner that cannot run.
    pub fn of_planner(
        &self,
        goals: &[(Pair, usize)],
        progress: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<PlannerRun>>> {
        self.all(goals, progress, |course, seed| {
            let mut planner = self
                .planner
                .start(&course.env, &course.goal, self.config, seed)?;
            let mut passed = 0;
            while course.goes_on() {
                let decision = planner.decide(&course.env, passed, &[])?;
                passed = planner.block();
                let block = course.block(self.model, &decision.actions);
                if !course.act(self.model, &block)? {
                    break;
                }
            }
            if course.run.success {
                course.label_all(self.model);
            }
            Ok(())
        })
    }

    /// The policy goes to these [goals](Self::goals), and the planner labels that share of its decisions in each episode in which it was
    /// least sure.
    ///
    /// # Errors
    /// A planner or policy that cannot run.
    pub fn of_policy(
        &self,
        policy: &Arc<Policy>,
        goals: &[(Pair, usize)],
        labelled_share: f32,
        progress: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<PlannerRun>>> {
        self.all(goals, progress, |course, seed| {
            let system1 = System1::new(self.model, policy, &course.goal_observation()?)?;
            let mut visited = Vec::new();
            while course.goes_on() {
                let latent = course.latent(self.model).to_vec();
                let reaction = system1.react(&latent)?;
                visited.push((course.steps(), course.env.fork(), reaction.disagreement));
                let block = reaction.act;
                if !course.act(self.model, &block)? {
                    break;
                }
            }
            visited.sort_by(|a, b| b.2.total_cmp(&a.2));
            visited.truncate((labelled_share * visited.len() as f32).ceil() as usize);
            for (step, env, disagreement) in visited {
                let mut planner = self.planner.start(&env, &course.goal, self.config, seed)?;
                let decision = planner.decide(&env, 0, &[])?;
                let block = course.block(self.model, &decision.actions);
                let mut label = course.label(self.model, step, 0.0, block);
                label.steps_left = system1.steps_left(&label.latent)?;
                course.run.labels.push(label);
                course.run.disagreements.push(disagreement);
            }
            Ok(())
        })
    }

    /// Pairs of start and goal of these tiers in turn, `count` or a few more, and the control steps that an episode may take.
    ///
    /// # Errors
    /// When the task has none of the tiers, or no pair can be drawn.
    pub fn goals(&self, tiers: &[Tier], count: usize) -> Result<Vec<(Pair, usize)>> {
        let tiers: Vec<Tier> = Tier::of(self.task)
            .into_iter()
            .filter(|tier| tiers.contains(tier))
            .collect();
        if tiers.is_empty() {
            bail!(
                "task '{}' has none of the tiers that goals are to be drawn from",
                self.task.name()
            );
        }
        let share = count.div_ceil(tiers.len());
        let mut pairs = Vec::new();
        for tier in &tiers {
            let drawn = pairs::draw(self.task, self.variant, *tier, share, self.seed)?;
            pairs.extend(drawn.into_iter().map(|pair| (pair, tier.budget())));
        }
        Ok(pairs)
    }

    /// Runs `episode` on all pairs.
    fn all(
        &self,
        goals: &[(Pair, usize)],
        progress: &(dyn Fn() -> bool + Sync),
        episode: impl Fn(&mut Course, u64) -> Result<()> + Sync,
    ) -> Result<Option<Vec<PlannerRun>>> {
        goals
            .par_iter()
            .map(|(pair, budget)| {
                let mut course = Course::start(self, pair.start_seed, pair.goal.clone(), *budget)?;
                episode(&mut course, pair.start_seed)?;
                Ok(progress().then_some(course.run))
            })
            .collect()
    }
}

impl Course {
    fn start(runs: &Runs<'_>, seed: u64, goal: sim::Goal, budget: usize) -> Result<Self> {
        let mut env = Env::new(Arc::clone(runs.task), runs.variant.clone())?;
        env.reset(seed)?;
        let mut senses = Senses::new(runs.model, runs.task)?;
        let observation = senses.observe_goal(&env, &goal)?;
        let goal_latent = encode(runs.model, &observation)?;
        let latents = encode(runs.model, &senses.observe(&env)?)?;
        Ok(Self {
            env,
            goal,
            goal_latent,
            senses,
            budget,
            run: PlannerRun {
                latents,
                ..PlannerRun::default()
            },
        })
    }

    fn goal_observation(&mut self) -> Result<Vec<f32>> {
        self.senses.observe_goal(&self.env, &self.goal)
    }

    /// Control steps so far.
    fn steps(&self) -> usize {
        self.run.actions.len() / self.env.task().action_dim()
    }

    fn goes_on(&self) -> bool {
        !self.run.success && self.steps() < self.budget
    }

    /// The latent now.
    fn latent(&self, model: &WorldModel) -> &[f32] {
        &self.run.latents[self.run.latents.len() - model.card().latent_dim()..]
    }

    /// The first block of a plan.
    fn block(&self, model: &WorldModel, actions: &[f32]) -> Vec<f32> {
        actions[..model.card().block_action_dim()].to_vec()
    }

    /// Executes a block. Returns whether the episode goes on.
    fn act(&mut self, model: &WorldModel, block: &[f32]) -> Result<bool> {
        for action in block.chunks_exact(self.env.task().action_dim()) {
            match self.env.step(action) {
                Ok(()) => {}
                Err(SimError::World { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            self.run.actions.extend_from_slice(action);
            let observation = self.senses.observe(&self.env)?;
            self.run.latents.extend(encode(model, &observation)?);
            self.run.success = self.env.achieved(&self.goal.pose);
            if !self.goes_on() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What was done in every frame is what should be done there; after the last one the goal is reached, and nothing is.
    fn label_all(&mut self, model: &WorldModel) {
        let (end, width) = (self.steps(), self.env.task().action_dim());
        for step in 0..end {
            let mut block: Vec<f32> = self.run.actions[step * width..].to_vec();
            block.resize(model.card().block_action_dim(), 0.0);
            let label = self.label(model, step, (end - step) as f32, block);
            self.run.labels.push(label);
        }
    }

    fn label(&self, model: &WorldModel, step: usize, steps_left: f32, block: Vec<f32>) -> Label {
        let latent = model.card().latent_dim();
        Label {
            latent: self.run.latents[step * latent..(step + 1) * latent].to_vec(),
            goal: self.goal_latent.clone(),
            steps_left,
            block,
        }
    }
}
