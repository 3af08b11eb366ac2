//! One closed-loop episode.

use super::event::Incident;
use super::pairs::Pair;
use super::rotation::MentalRotation;
use crate::arbiter::Reason;
use crate::controller::{Controller, ControllerKind, Decision, PlanningConfig};
use crate::recording::Change;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use sim::variation::Variant;
use sim::{Env, Goal, SimError, Task};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an episode is about.
#[derive(Clone, Copy)]
pub struct EpisodeSpec<'a> {
    /// The task.
    pub task: &'a Arc<Task>,
    /// Its variant.
    pub variant: &'a Variant,
    /// Start and goal.
    pub pair: &'a Pair,
    /// Who acts.
    pub kind: &'a ControllerKind,
    /// How it plans.
    pub config: &'a PlanningConfig,
    /// Control steps that it may take, from the incident on where there is one.
    pub budget: usize,
    /// What happens in the middle of it.
    pub incident: Option<&'a Incident>,
    /// Whether its course is kept.
    pub traced: bool,
}

/// What happened.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// Seed of the start.
    pub start_seed: u64,
    /// Position error at the start, metres, from the first goal where it is moved.
    pub goal_distance_m: f32,
    /// Yaw error at the start, radians.
    pub goal_turn_rad: f32,
    /// Whether the success predicate held after some control step within the budget, and after the incident, where there was one.
    pub success: bool,
    /// Control steps taken.
    pub steps: usize,
    /// Position error at the end, metres.
    pub position_error_m: f32,
    /// Yaw error at the end, radians.
    pub yaw_error_rad: f32,
    /// Whether the world failed; the episode then counts as a failure.
    pub world_failed: bool,
    /// Wall-clock time of each decision, milliseconds.
    pub decision_ms: Vec<f64>,
    /// Model steps over all decisions.
    pub model_steps: u64,
    /// Decisions that System 2 searched for.
    #[serde(default)]
    pub planned: usize,
    /// Decisions by why they were made by whom.
    #[serde(default)]
    pub reasons: BTreeMap<Reason, usize>,
    /// Decisions that came too late, when the world did not wait.
    pub deadline_misses: usize,
    /// How well turns are imagined; empty where nothing turns or nothing is imagined in the latent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// The course of the episode, where it was kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace: Option<Trace>,
}

/// The object turned since the start of the episode, and how the latent shows it: as imagined from the start through all actions
/// executed since, and as encoded from what is observed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Turn {
    /// True angle turned, radians.
    pub turned_rad: f32,
    /// Error of the angle decoded from the imagined latent, radians.
    pub imagined_error_rad: f32,
    /// Error of the angle decoded from the encoded latent, radians.
    pub encoded_error_rad: f32,
}

/// The course of an episode, as a picture shows it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Trace {
    /// Pose of the goal.
    pub goal: Vec<f32>,
    /// Greatest distance from it that counts as reached, metres.
    pub position_tolerance_m: f32,
    /// Where in a pose the position of the effector starts; none when the robot itself is to be moved.
    pub effector: Option<usize>,
    /// Pose at the start and after each control step.
    pub actual: Vec<Vec<f32>>,
    /// What was imagined at each decision; empty for planners that imagine nothing.
    pub imagined: Vec<Imagined>,
}

/// The future imagined at one decision.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Imagined {
    /// Control steps from the start to the decision.
    pub step: usize,
    /// Pose at the end of each block, decoded from the latent.
    pub poses: Vec<Vec<f32>>,
}

impl Outcome {
    /// Whether both episodes had the same start and goal. A task that has changed in between draws other goals from the same
    /// seeds.
    pub fn is_same_pair(&self, other: &Self) -> bool {
        // Processors round differently.
        let close = |a: f32, b: f32| (a - b).abs() < 1.0e-3;
        self.start_seed == other.start_seed
            && close(self.goal_distance_m, other.goal_distance_m)
            && close(self.goal_turn_rad, other.goal_turn_rad)
    }
}

/// An episode on its way: the world and what has happened so far.
pub(super) struct Episode<'a> {
    spec: EpisodeSpec<'a>,
    /// What counts at present.
    goal: &'a Goal,
    pub env: Env,
    pub outcome: Outcome,
}

impl<'a> Episode<'a> {
    /// Puts the world into the start of its pair.
    pub fn start(spec: EpisodeSpec<'a>) -> Result<(Self, Controller)> {
        let mut env = Env::new(Arc::clone(spec.task), spec.variant.clone())?;
        env.reset(spec.pair.start_seed)?;
        let controller =
            spec.kind
                .start(&env, &spec.pair.goal, spec.config, spec.pair.start_seed)?;
        let (shape, start, goal) = (spec.task.pose_shape(), env.pose(), &spec.pair.goal.pose);
        let outcome = Outcome {
            start_seed: spec.pair.start_seed,
            goal_distance_m: shape.position_error_m(&start, goal),
            goal_turn_rad: shape.yaw_error_rad(&start, goal),
            trace: spec.traced.then(|| Trace {
                goal: goal.clone(),
                position_tolerance_m: shape.position_tolerance_m,
                effector: (shape.effector_dims > 0).then(|| shape.dim() - shape.effector_dims),
                actual: vec![start],
                imagined: Vec::new(),
            }),
            ..Outcome::default()
        };
        let episode = Self {
            goal: &spec.pair.goal,
            spec,
            env,
            outcome,
        };
        Ok((episode, controller))
    }

    /// Notes a decision that was made `step` control steps after the start, with what was imagined for it, `[blocks, pose]`.
    pub fn decided(&mut self, decision: &Decision, imagined: &[f32], step: usize) {
        self.outcome
            .decision_ms
            .push(decision.elapsed.as_secs_f64() * 1.0e3);
        self.outcome.model_steps += decision.model_steps;
        self.outcome.planned += usize::from(decision.is_searched());
        *self.outcome.reasons.entry(decision.reason).or_default() += 1;
        if let Some(trace) = &mut self.outcome.trace
            && !imagined.is_empty()
        {
            let width = self.spec.task.pose_shape().dim();
            let poses = imagined.chunks_exact(width).map(<[f32]>::to_vec).collect();
            trace.imagined.push(Imagined { step, poses });
        }
    }

    /// One control step. Returns whether the episode goes on: until its goal is reached, or cannot be any more.
    pub fn step(&mut self, action: &[f32]) -> Result<bool> {
        match self.env.step(action) {
            Ok(()) => self.outcome.steps += 1,
            Err(SimError::World { .. }) => {
                self.outcome.world_failed = true;
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(trace) = &mut self.outcome.trace {
            trace.actual.push(self.env.pose());
        }
        let since = self.spec.incident.map_or(0, |incident| incident.step);
        if let Some(incident) = self.spec.incident
            && self.outcome.steps == since
        {
            self.happen(&incident.change)?;
        }
        let counts = self.outcome.steps >= since;
        self.outcome.success = counts && self.env.achieved(&self.goal.pose);
        let out_of_reach = counts && self.env.is_out_of_reach(&self.goal.pose);
        let over = self.outcome.success || out_of_reach;
        Ok(!over && self.outcome.steps < since + self.spec.budget)
    }

    fn happen(&mut self, change: &'a Change) -> Result<()> {
        change.apply(&mut self.env)?;
        if let Change::Goal(goal) = change {
            self.goal = goal;
            if let Some(trace) = &mut self.outcome.trace {
                trace.goal.clone_from(&goal.pose);
            }
        }
        Ok(())
    }

    /// The goal that counts since the last control step, where it is another one than before.
    fn new_goal(&self) -> Option<&'a Goal> {
        match self.spec.incident {
            Some(Incident {
                step,
                change: Change::Goal(goal),
            }) if *step == self.outcome.steps => Some(goal),
            _ => None,
        }
    }

    /// What happened in all.
    pub fn finish(mut self) -> Outcome {
        let (shape, pose) = (self.spec.task.pose_shape(), self.env.pose());
        let goal = &self.goal.pose;
        self.outcome.position_error_m = shape.position_error_m(&pose, goal);
        self.outcome.yaw_error_rad = shape.yaw_error_rad(&pose, goal);
        self.outcome
    }
}

/// Runs an episode in which the world waits for the planner.
///
/// # Errors
/// A controller that cannot be started or cannot decide. A world that fails is an outcome, not an error.
pub fn run_episode(spec: EpisodeSpec<'_>) -> Result<Outcome> {
    let (mut episode, mut controller) = Episode::start(spec)?;
    let width = spec.task.action_dim();
    let mut passed = 0;
    let mut rotation = MentalRotation::default();
    loop {
        let decision = controller.decide(&episode.env, passed, &[])?;
        // What somebody else does cannot be imagined.
        if spec.incident.is_none() {
            rotation.look(&episode.env, &mut controller, &mut episode.outcome.turns)?;
        }
        let imagined = match spec.traced {
            true => controller.imagine(&decision.actions)?,
            false => Vec::new(),
        };
        episode.decided(&decision, &imagined, episode.outcome.steps);
        passed = 0;
        for action in decision
            .actions
            .chunks_exact(width)
            .take(controller.block())
        {
            rotation.executed.extend_from_slice(action);
            if !episode.step(action)? {
                return Ok(episode.finish());
            }
            passed += 1;
            if let Some(goal) = episode.new_goal() {
                spec.kind
                    .retarget(&mut controller, &episode.env, goal, spec.config)?;
                break;
            }
        }
    }
}
