//! One closed-loop episode.

use super::pairs::Pair;
use crate::controller::{ControllerKind, PlanningConfig};
use anyhow::Result;
use sim::variation::Variant;
use sim::{Env, SimError, Task};
use std::sync::Arc;

/// What happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Seed of the start.
    pub start_seed: u64,
    /// Position error at the start, metres.
    pub goal_distance_m: f32,
    /// Yaw error at the start, radians.
    pub goal_turn_rad: f32,
    /// Whether the success predicate held after some control step within the budget.
    pub success: bool,
    /// Control steps taken.
    pub steps: usize,
    /// Wall-clock time of each decision, milliseconds.
    pub decision_ms: Vec<f64>,
    /// Model steps over all decisions.
    pub model_steps: u64,
    /// Position error at the end, metres.
    pub position_error_m: f32,
    /// Yaw error at the end, radians.
    pub yaw_error_rad: f32,
    /// Whether the world failed; the episode then counts as a failure.
    pub world_failed: bool,
}

/// Runs an episode. The world waits for the planner.
///
/// # Errors
/// A controller that cannot be started or cannot decide. A world that fails is an outcome, not an error.
pub fn run_episode(
    task: &Arc<Task>,
    variant: &Variant,
    pair: &Pair,
    kind: &ControllerKind,
    config: &PlanningConfig,
    budget: usize,
) -> Result<Outcome> {
    let mut env = Env::new(Arc::clone(task), variant.clone())?;
    env.reset(pair.start_seed)?;
    let mut controller = kind.start(&env, &pair.goal, config, pair.start_seed)?;
    let shape = task.pose_shape();
    let start = env.pose();
    let mut outcome = Outcome {
        start_seed: pair.start_seed,
        goal_distance_m: shape.position_error_m(&start, &pair.goal.pose),
        goal_turn_rad: shape.yaw_error_rad(&start, &pair.goal.pose),
        ..Outcome::default()
    };
    'episode: while outcome.steps < budget {
        let decision = controller.decide(&env)?;
        outcome
            .decision_ms
            .push(decision.elapsed.as_secs_f64() * 1.0e3);
        outcome.model_steps += decision.model_steps;
        for action in decision.actions.chunks_exact(task.action_dim()) {
            match env.step(action) {
                Ok(()) => outcome.steps += 1,
                Err(SimError::World { .. }) => {
                    outcome.world_failed = true;
                    break 'episode;
                }
                Err(error) => return Err(error.into()),
            }
            outcome.success = env.achieved(&pair.goal.pose);
            if outcome.success || outcome.steps == budget {
                break 'episode;
            }
        }
    }
    let pose = env.pose();
    outcome.position_error_m = shape.position_error_m(&pose, &pair.goal.pose);
    outcome.yaw_error_rad = shape.yaw_error_rad(&pose, &pair.goal.pose);
    Ok(outcome)
}
