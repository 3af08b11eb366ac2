//! Both systems under the arbiter. System 1 offers several ways here, and goes the one that the model imagines to be best: that takes
//! a fiftieth of a search.

#[cfg(test)]
mod tests;

use crate::arbiter::{Actor, Arbiter, Reason, Signs};
use crate::controller::Decision;
use crate::system1::System1;
use crate::system2::{Imaginer, System2};
use anyhow::{Result, bail};
use sim::Env;
use std::sync::Arc;
use std::time::Instant;
use world_model::WorldModel;
use world_model::imagination::{ImaginationScratch, Readout};

/// A hybrid agent in an episode.
pub struct Hybrid {
    model: Arc<WorldModel>,
    system1: System1,
    system2: System2,
    arbiter: Arbiter,
    /// The latent expected after the last decision's block.
    expected: Option<Vec<f32>>,
    /// Signs of the last decision.
    signs: Signs,
    /// Control steps in a second.
    rate_hz: f32,
}

impl Hybrid {
    /// Both systems towards the same goal.
    pub fn new(
        model: &Arc<WorldModel>,
        system1: System1,
        system2: System2,
        arbiter: Arbiter,
    ) -> Self {
        Self {
            rate_hz: model.card().fps as f32,
            model: Arc::clone(model),
            system1,
            system2,
            arbiter,
            expected: None,
            signs: Signs::default(),
        }
    }

    /// The planner inside.
    pub fn system2(&self) -> &System2 {
        &self.system2
    }

    /// The planner inside.
    pub fn system2_mut(&mut self) -> &mut System2 {
        &mut self.system2
    }

    /// Signs of the last decision.
    pub fn signs(&self) -> &Signs {
        &self.signs
    }

    /// Another goal.
    pub fn retarget(&mut self, system1: System1, imaginer: Imaginer, proposer: Option<System1>) {
        self.system1 = system1;
        self.system2.retarget(imaginer, proposer);
        self.arbiter.new_goal();
    }

    /// One decision; see [`crate::controller::Controller::decide`].
    ///
    /// # Errors
    /// When the model cannot be evaluated.
    pub fn decide(&mut self, env: &Env, passed: usize, committed: &[f32]) -> Result<Decision> {
        let started = Instant::now();
        self.system2.shift(passed);
        self.system2.observe(env)?;
        let Imaginer::Latent(rollouts, _) = self.system2.imaginer_mut() else {
            bail!("a hybrid agent imagines in the latent");
        };
        let latent = rollouts.latent().to_vec();
        let block = self.model.card().block();
        let whole_block = passed == block;
        let surprise = self.expected.take().filter(|_| whole_block);
        let surprise = surprise.map(|expected| rms(&expected, &latent));
        let reaction = self.system1.react(&latent);
        let blocks = self.system2.horizon_blocks();
        let ways = self.arbiter.ways();
        let futures = match &reaction {
            Ok(reaction) => self.system1.ways(&latent, reaction, ways, blocks),
            Err(error) => Err(error.clone()),
        };
        let mut imagined = 0;
        let (actor, reason, future, expense) = match (reaction, futures) {
            (Ok(reaction), Ok(mut futures)) => {
                let sequence = blocks * block * self.model.card().action_dim();
                let under_way = committed.len().min(sequence);
                for future in futures.chunks_exact_mut(sequence) {
                    future[..under_way].copy_from_slice(&committed[..under_way]);
                }
                let Imaginer::Latent(rollouts, _) = self.system2.imaginer_mut() else {
                    bail!("a hybrid agent imagines in the latent");
                };
                imagined = futures.len() / self.model.card().action_dim();
                let (future, expense) = rollouts.cheapest(&futures, blocks * block)?;
                let future = future.to_vec();
                let outlook = rollouts.outlook(&future)?;
                let now = outlook.costs[0];
                let least = outlook.costs[1..].iter().copied().fold(f32::INFINITY, f32::min);
                self.signs = Signs {
                    disagreement: reaction.disagreement,
                    surprise,
                    stalled: self.arbiter.progress(now),
                    miss: least / now.abs().max(SMALLEST_COST),
                    closeness: outlook.closeness,
                };
                let seconds = passed as f32 / self.rate_hz;
                let (actor, reason) = self.arbiter.judge(&self.signs, seconds);
                (actor, reason, future, Some(expense))
            }
            _ => (Actor::System2, Reason::PolicyFailed, Vec::new(), None),
        };
        let (actions, cost, model_steps) = match actor {
            Actor::System2 => {
                let planning = Instant::now();
                let (actions, cost, statistics) = self.system2.plan(committed)?;
                self.arbiter.spent(1.0e3 * planning.elapsed().as_secs_f32());
                if let Some(expense) = expense {
                    let saved = (expense - cost) / expense.abs().max(SMALLEST_COST);
                    self.arbiter.thought(saved);
                }
                (actions, cost, statistics.model_steps)
            }
            _ => (future, f32::NAN, 0),
        };
        self.expected = Some(self.predict(&latent, &actions)?);
        Ok(Decision {
            actions,
            elapsed: started.elapsed(),
            model_steps: model_steps + imagined as u64,
            cost,
            actor,
            reason,
        })
    }

    /// The latent after the first block of `actions`.
    fn predict(&self, latent: &[f32], actions: &[f32]) -> Result<Vec<f32>> {
        let width = self.model.card().block_action_dim();
        let mut next = vec![0.0; latent.len()];
        self.model.imagination().rollout(
            latent,
            &actions[..width],
            1,
            1,
            Readout::Latent,
            &mut next,
            &mut ImaginationScratch::new(),
        )?;
        Ok(next)
    }
}

/// Costs below this count as this where they divide.
const SMALLEST_COST: f32 = 1.0e-3;

/// Root mean square of the differences.
fn rms(a: &[f32], b: &[f32]) -> f32 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    (squares.sum::<f32>() / a.len().max(1) as f32).sqrt()
}
