//! Episodes that a policy is distilled from: of the planner, and of the policy with the planner beside it.

use super::courses::{encode, labels};
use crate::benchmark::pairs::Pair;
use crate::benchmark::{Tier, pairs};
use crate::controller::{ControllerKind, PlanningConfig, chance};
use crate::senses::Senses;
use crate::system1::{StepsLeft, System1};
use anyhow::{Result, bail};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim::variation::Variant;
use sim::{Env, SimError, Task};
use std::ops::Range;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::policy::{Label, Policy};

/// An episode, as a policy learns from it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PlannerRun {
    /// `[1 + steps, latent]`; nothing in practice.
    pub latents: Vec<f32>,
    /// `[steps, action]`; nothing in practice.
    pub actions: Vec<f32>,
    /// What the planner did where it reached the goal, over the whole course or where it took over; in practice the best way from
    /// each decision.
    pub labels: Vec<Label>,
    /// Whether the goal was reached.
    pub success: bool,
}

/// A goal to go to: where, from which start, and the control steps that it may take.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Variant of the task.
    pub variant: Variant,
    /// Start and goal.
    pub pair: Pair,
    /// Control steps.
    pub budget: usize,
}

/// What episodes are run with.
pub struct Runs<'a> {
    /// The task.
    pub task: &'a Arc<Task>,
    /// Its variants that goals are drawn in, in turn: one at least.
    pub variants: &'a [Variant],
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
pub(super) struct Course {
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
        goals: &[Errand],
        progress: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<PlannerRun>>> {
        self.all(goals, progress, |course, seed| {
            self.plan_on(course, seed)?;
            if course.run.success {
                let steps_left = StepsLeft::new(self.model, &course.goal_latent)?;
                course.run.labels = course.labels(0, &steps_left, self.model)?;
            }
            Ok(())
        })
    }

    /// The policy goes to these [goals](Self::goals). Wherever it misses one the planner takes over, `recoveries` times, each at a
    /// decision drawn at random, and what it does until it reaches the goal are the labels. A policy that misses mostly stands
    /// still in the end, where its members agree and one decision of a planner says little: the whole way out is what it lacks.
    ///
    /// # Errors
    /// A planner or policy that cannot run.
    pub fn of_policy(
        &self,
        policy: &Policy,
        goals: &[Errand],
        recoveries: usize,
        progress: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<PlannerRun>>> {
        self.all(goals, progress, |course, seed| {
            let system1 = System1::new(self.model, policy, &course.goal_observation()?)?;
            let mut rng = chance(seed);
            let mut visited = Vec::new();
            while course.goes_on() {
                visited.push((course.env.fork(), course.steps()));
                let mut reaction = system1.react(course.latent(self.model))?;
                reaction.take(reaction.draw(&mut rng));
                if !course.act(self.model, &reaction.act)? {
                    break;
                }
            }
            if course.run.success {
                return Ok(());
            }
            for (env, step) in visited.sample(&mut rng, recoveries) {
                let mut recovery = course.taken_over(env.fork(), *step, self)?;
                self.plan_on(&mut recovery, rng.random())?;
                if recovery.run.success {
                    let labels = recovery.labels(*step, system1.steps_left(), self.model)?;
                    course.run.labels.extend(labels);
                }
            }
            Ok(())
        })
    }

    /// The planner goes on with a course.
    fn plan_on(&self, course: &mut Course, seed: u64) -> Result<()> {
        let mut planner = self
            .planner
            .start(&course.env, &course.goal, self.config, seed)?;
        let mut passed = 0;
        while course.goes_on() {
            let decision = planner.decide(&course.env, passed, &[])?;
            passed = planner.block();
            let block = &decision.actions[..self.model.card().block_action_dim()];
            if !course.act(self.model, block)? {
                break;
            }
        }
        Ok(())
    }

    /// Errands, the same number of each of these tiers, `count` or a few more: those in `range` of them.
    ///
    /// # Errors
    /// When the task has none of the tiers, or no pair can be drawn.
    pub fn goals(&self, tiers: &[Tier], count: usize, range: Range<usize>) -> Result<Vec<Errand>> {
        let tiers = self.tiers(tiers)?;
        let share = count.div_ceil(tiers.len());
        range
            .into_par_iter()
            .map(|i| {
                let (tier, index) = (tiers[i / share], i % share);
                let variant = &self.variants[i % self.variants.len()];
                Ok(Errand {
                    variant: variant.clone(),
                    pair: pairs::draw_one(self.task, variant, tier, index as u64, self.seed)?,
                    budget: tier.budget(),
                })
            })
            .collect()
    }

    /// How many pairs there are of which [`goals`](Self::goals) draws some.
    ///
    /// # Errors
    /// When the task has none of the tiers.
    pub fn count(&self, tiers: &[Tier], count: usize) -> Result<usize> {
        let tiers = self.tiers(tiers)?.len();
        Ok(count.div_ceil(tiers) * tiers)
    }

    /// Those of the tiers that the task has.
    fn tiers(&self, tiers: &[Tier]) -> Result<Vec<Tier>> {
        let found: Vec<Tier> = Tier::of(self.task)
            .into_iter()
            .filter(|tier| tiers.contains(tier))
            .collect();
        if found.is_empty() {
            bail!(
                "task '{}' has none of the tiers that goals are to be drawn from",
                self.task.name()
            );
        }
        Ok(found)
    }

    /// Runs `episode` on all pairs.
    pub(super) fn all(
        &self,
        goals: &[Errand],
        progress: &(dyn Fn() -> bool + Sync),
        episode: impl Fn(&mut Course, u64) -> Result<()> + Sync,
    ) -> Result<Option<Vec<PlannerRun>>> {
        goals
            .par_iter()
            .map(|errand| {
                let mut course = Course::start(self, errand)?;
                episode(&mut course, errand.pair.start_seed)?;
                Ok(progress().then_some(course.run))
            })
            .collect()
    }
}

impl Course {
    fn start(runs: &Runs<'_>, errand: &Errand) -> Result<Self> {
        let mut env = Env::new(Arc::clone(runs.task), errand.variant.clone())?;
        env.reset(errand.pair.start_seed)?;
        let goal = errand.pair.goal.clone();
        let mut senses = Senses::new(runs.model, runs.task)?;
        let observation = senses.observe_goal(&env, &goal)?;
        let goal_latent = encode(runs.model, &observation)?;
        let latents = encode(runs.model, &senses.observe(&env)?)?;
        Ok(Self {
            env,
            goal,
            goal_latent,
            senses,
            budget: errand.budget,
            run: PlannerRun {
                latents,
                ..PlannerRun::default()
            },
        })
    }

    pub(super) fn goal_observation(&mut self) -> Result<Vec<f32>> {
        self.senses.observe_goal(&self.env, &self.goal)
    }

    /// `[latent]`
    pub(super) fn goal_latent(&self) -> &[f32] {
        &self.goal_latent
    }

    /// Control steps so far.
    fn steps(&self) -> usize {
        self.run.actions.len() / self.env.task().action_dim()
    }

    pub(super) fn goes_on(&self) -> bool {
        let out_of_reach = self.env.is_out_of_reach(&self.goal.pose);
        !self.run.success && !out_of_reach && self.steps() < self.budget
    }

    /// The latent now.
    pub(super) fn latent(&self, model: &WorldModel) -> &[f32] {
        &self.run.latents[self.run.latents.len() - model.card().latent_dim()..]
    }

    /// Executes actions `[steps, action]`. Returns whether the episode goes on.
    pub(super) fn act(&mut self, model: &WorldModel, actions: &[f32]) -> Result<bool> {
        for action in actions.chunks_exact(self.env.task().action_dim()) {
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

    /// This course, which has only begun, from its beginning.
    pub(super) fn again(&self, runs: &Runs<'_>) -> Result<Self> {
        self.taken_over(self.env.fork(), 0, runs)
    }

    /// A course that goes on from what this one was after so many control steps, with a whole budget before it.
    fn taken_over(&self, env: Env, step: usize, runs: &Runs<'_>) -> Result<Self> {
        let (latent, action) = (runs.model.card().latent_dim(), env.task().action_dim());
        Ok(Self {
            senses: Senses::new(runs.model, runs.task)?,
            goal: self.goal.clone(),
            goal_latent: self.goal_latent.clone(),
            budget: step + self.budget,
            run: PlannerRun {
                latents: self.run.latents[..(step + 1) * latent].to_vec(),
                actions: self.run.actions[..step * action].to_vec(),
                ..PlannerRun::default()
            },
            env,
        })
    }

    /// Whether the goal is reached.
    pub(super) fn reached(&self) -> bool {
        self.run.success
    }

    /// Of this course these labels are all that is kept, and whether its goal was reached.
    pub(super) fn keep_labels(&mut self, labels: Vec<Label>, success: bool) {
        self.run = PlannerRun {
            labels,
            success,
            ..PlannerRun::default()
        };
    }

    /// What was done from `first` on, on the way to the goal.
    fn labels(
        &self,
        first: usize,
        steps_left: &StepsLeft,
        model: &WorldModel,
    ) -> Result<Vec<Label>> {
        let (latent, action) = (model.card().latent_dim(), self.env.task().action_dim());
        let latents = &self.run.latents[first * latent..self.steps() * latent];
        let actions = &self.run.actions[first * action..];
        labels(model, latents, actions, &self.goal_latent, steps_left)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::assets;
    use std::path::Path;

    #[test]
    fn a_course_ends_where_its_goal_is_out_of_reach() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        let task = Arc::new(Task::load(&folder, "drive").unwrap());
        let model = WorldModel::load(&assets::model_path(&folder, "drive", false)).unwrap();
        let runs = Runs {
            task: &task,
            variants: &[Variant::of(&task, None).unwrap()],
            model: &Arc::new(model),
            planner: &ControllerKind::Random,
            config: &PlanningConfig::default(),
            seed: 3,
        };
        let mut touched = 0;
        for errand in runs.goals(&[Tier::Mid], 40, 0..40).unwrap() {
            let mut course = Course::start(&runs, &errand).unwrap();
            let goes_on = course.act(runs.model, &[1.0, 0.0].repeat(errand.budget));
            assert!(!goes_on.unwrap());
            if course.env.pose()[2] == 0.0 {
                touched += 1;
                assert!(course.steps() < errand.budget && !course.reached());
            }
        }
        assert!(touched > 2, "{touched} of 40 cars touched a pole");
    }

    #[test]
    fn goals_are_drawn_in_all_variants_in_turn() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        let task = Arc::new(Task::load(&folder, "two-room").unwrap());
        let path = assets::model_path(&folder, "two-room", false);
        let runs = Runs {
            task: &task,
            variants: &Variant::all(&task).unwrap(),
            model: &Arc::new(WorldModel::load(&path).unwrap()),
            planner: &ControllerKind::Random,
            config: &PlanningConfig::default(),
            seed: 3,
        };
        let tiers = [Tier::Near, Tier::Mid];
        let all = runs.count(&tiers, 4).unwrap();
        let drawn = runs.goals(&tiers, 4, 0..all).unwrap();
        let names: Vec<&str> = drawn.iter().map(|e| e.variant.name.as_str()).collect();
        assert_eq!(names, ["fixed", "random", "fixed", "random"]);
        // A portion of them is what it is among all.
        let rest = runs.goals(&tiers, 4, 2..all).unwrap();
        for (errand, again) in drawn[2..].iter().zip(&rest) {
            assert_eq!(errand.pair.start_seed, again.pair.start_seed);
            assert_eq!(
                (&errand.variant.name, errand.budget),
                (&again.variant.name, again.budget)
            );
        }
    }
}
