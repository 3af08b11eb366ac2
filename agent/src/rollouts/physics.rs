//! Rollouts in forks of the true world: the ladder's upper rows, which no robot has.

use super::{action_cost, blocks};
use crate::objective::{LatentCost, PoseCost, Stage, cost_of_future};
use crate::senses::Senses;
use planners::{CandidateShape, RolloutError, RolloutModel};
use rayon::prelude::*;
use sim::Env;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::imagination::Scratch;

/// Who judges a true future.
pub enum Judge {
    /// The true pose.
    Pose(PoseCost),
    /// A latent cost, on the encoding of the true observation.
    Latent(Arc<WorldModel>, Box<Senses>, LatentCost),
}

impl Judge {
    /// Blocks that a future goes on after the horizon.
    fn tail_blocks(&self) -> f32 {
        match self {
            Self::Pose(pose) => pose.tail_blocks(),
            Self::Latent(_, _, cost) => cost.tail_blocks(),
        }
    }

    /// Eyes for one future; none where nothing is looked at.
    fn senses(&self) -> Option<Senses> {
        match self {
            Self::Pose(_) => None,
            Self::Latent(_, senses, _) => Some(senses.as_ref().clone()),
        }
    }

    /// One block that ends in the present of `env`; infinitely expensive when the model cannot read it.
    fn stage(&self, env: &Env, senses: &mut Option<Senses>, scratch: &mut Scratch) -> Stage {
        match self {
            Self::Pose(pose) => pose.stage(&env.pose()),
            Self::Latent(model, _, cost) => {
                let mut latent = vec![0.0; model.card().latent_dim()];
                let observed = senses.as_mut().and_then(|senses| senses.observe(env).ok());
                observed
                    .and_then(|observation| model.encode(&observation, &mut latent).ok())
                    .and_then(|()| cost.read(model, &latent, scratch).ok())
                    .map(|values| cost.stage(&values))
                    .unwrap_or(Stage {
                        cost: f32::INFINITY,
                        remaining: 0.0,
                    })
            }
        }
    }
}

/// True physics from a moment on, with a goal.
pub struct PhysicsRollouts {
    env: Env,
    judge: Judge,
    block: usize,
    action_weight: f32,
}

impl PhysicsRollouts {
    /// Rollouts from `env`, judged after every `block` control steps.
    pub fn new(env: Env, judge: Judge, block: usize, action_weight: f32) -> Self {
        Self {
            env,
            judge,
            block,
            action_weight,
        }
    }

    /// Moves the start of the rollouts to the present of `env`.
    pub fn observe(&mut self, env: &Env) {
        self.env = env.fork();
    }

    /// The poses after each block of sequences `[candidates, horizon, action_dim]`, `[candidates, blocks, pose]`; a world that
    /// fails stays where it was.
    pub fn poses(&self, actions: &[f32], candidates: usize) -> Vec<f32> {
        let width = self.env.task().action_dim();
        let length = (actions.len() / candidates.max(1)).max(1);
        let mut poses = Vec::new();
        for sequence in actions.chunks_exact(length) {
            let mut env = self.env.fork();
            for block in sequence.chunks_exact(width * self.block) {
                let mut actions = block.chunks_exact(width);
                let _world_failed = actions.any(|action| env.step(action).is_err());
                poses.extend(env.pose());
            }
        }
        poses
    }

    /// Cost of one sequence; infinite when the world fails under it.
    fn score(&self, sequence: &[f32]) -> f32 {
        let width = self.env.task().action_dim();
        let mut env = self.env.fork();
        let mut scratch = Scratch::new();
        let mut senses = self.judge.senses();
        let mut stages = Vec::with_capacity(sequence.len() / (width * self.block));
        for block in sequence.chunks_exact(width * self.block) {
            if block
                .chunks_exact(width)
                .any(|action| env.step(action).is_err())
            {
                return f32::INFINITY;
            }
            let stage = self.judge.stage(&env, &mut senses, &mut scratch);
            stages.push(stage);
            if stage.remaining == 0.0 {
                break; // the rest costs nothing, and simulating it much
            }
        }
        cost_of_future(stages.into_iter(), self.judge.tail_blocks())
            + action_cost(self.action_weight, sequence)
    }
}

impl RolloutModel for PhysicsRollouts {
    fn evaluate(
        &mut self,
        actions: &[f32],
        shape: CandidateShape,
        costs: &mut [f32],
    ) -> Result<(), RolloutError> {
        shape.check(actions, costs)?;
        blocks(shape, self.env.task().action_dim(), self.block)?;
        let model = &*self;
        costs
            .par_iter_mut()
            .zip(actions.par_chunks_exact(shape.sequence_len()))
            .for_each(|(cost, sequence)| *cost = model.score(sequence));
        Ok(())
    }
}
