//! What the agent lives through on the way to goals, as episodes to learn from.

use crate::collection::Recorder;
use crate::controller::{ControllerKind, PlanningConfig};
use crate::distillation::Errand;
use anyhow::Result;
use rayon::prelude::*;
use sim::{Env, SimError, Task};
use std::sync::Arc;
use world_model::dataset::Episode;
use world_model::sight::ImageShape;

/// Who goes to the goals, and where.
pub struct Traveller<'a> {
    /// The task.
    pub task: &'a Arc<Task>,
    /// The agent.
    pub agent: &'a ControllerKind,
    /// How it plans.
    pub config: &'a PlanningConfig,
    /// Images to record beside the states; none for a model of states.
    pub image: Option<ImageShape>,
}

/// One way to a goal.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Every control step of it, from the start on.
    pub episode: Episode,
    /// Whether the goal was reached.
    pub success: bool,
}

impl Traveller<'_> {
    /// Goes to each goal within its control steps; ways on which the world failed are left out. `progress` hears of every way
    /// and may stop them by returning false, which gives none.
    ///
    /// # Errors
    /// An agent that cannot act, or a camera that sees nothing.
    pub fn attempts(
        &self,
        goals: &[Errand],
        progress: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Vec<Attempt>>> {
        let found: Option<Vec<Option<Attempt>>> = goals
            .par_iter()
            .map(|errand| {
                let attempt = self.attempt(errand)?;
                Ok(progress().then_some(attempt))
            })
            .collect::<Result<_>>()?;
        Ok(found.map(|found| found.into_iter().flatten().collect()))
    }

    fn attempt(&self, errand: &Errand) -> Result<Option<Attempt>> {
        let (pair, budget) = (&errand.pair, errand.budget);
        let mut env = Env::new(Arc::clone(self.task), errand.variant.clone())?;
        env.reset(pair.start_seed)?;
        let mut agent = self
            .agent
            .start(&env, &pair.goal, self.config, pair.start_seed)?;
        let mut recorder = Recorder::new(self.task, self.image)?;
        let (mut success, mut steps, mut passed) = (false, 0, 0);
        let mut over = false;
        while !over {
            let decision = agent.decide(&env, passed, &[])?;
            passed = agent.block();
            let actions = decision.actions.chunks_exact(self.task.action_dim());
            for action in actions.take(passed) {
                recorder.frame(&env, action)?;
                match env.step(action) {
                    Ok(()) => steps += 1,
                    Err(SimError::World { .. }) => return Ok(None),
                    Err(error) => return Err(error.into()),
                }
                success = env.achieved(&pair.goal.pose);
                over = success || steps == budget || env.is_out_of_reach(&pair.goal.pose);
                if over {
                    break;
                }
            }
        }
        let behaviour = match success {
            true => "going to a goal and reaching it",
            false => "going to a goal and missing it",
        };
        Ok(Some(Attempt {
            episode: recorder.finish(behaviour),
            success,
        }))
    }
}

/// The first `count` episodes: those that missed their goals, then those that reached them.
pub fn failed_first(attempts: Vec<Attempt>, count: usize) -> Vec<Episode> {
    let (reached, missed): (Vec<_>, Vec<_>) = attempts.into_iter().partition(|a| a.success);
    let all = missed.into_iter().chain(reached);
    all.take(count).map(|attempt| attempt.episode).collect()
}
