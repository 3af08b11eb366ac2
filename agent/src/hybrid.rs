//! Both systems under the arbiter. System 1 offers several ways here, of which the one is gone that the model imagines to be best: that
//! takes a fiftieth of a search. To go on with what was decided before is one of them, so that a plan is followed without another search
//! while nothing better offers.

#[cfg(test)]
mod tests;

use crate::arbiter::{Actor, Arbiter, Reason, Signs, is_searched};
use crate::controller::Decision;
use crate::rollouts::LatentRollouts;
use crate::system1::System1;
use crate::system2::{Imaginer, System2};
use anyhow::{Result, bail};
use sim::Env;
use std::sync::Arc;
use std::time::Instant;
use world_model::WorldModel;
use world_model::imagination::ImaginationError;
use world_model::policy::Reaction;

/// A hybrid agent in an episode.
pub struct Hybrid {
    model: Arc<WorldModel>,
    system1: System1,
    system2: System2,
    arbiter: Arbiter,
    /// The latent expected after the last decision's block.
    expected: Option<Vec<f32>>,
    /// Actions of the last decision, `[horizon, action]`.
    decided: Vec<f32>,
    /// Control steps from now on that System 2 has planned.
    planned: usize,
    /// Signs of the last decision.
    signs: Signs,
    /// Control steps in a second.
    rate_hz: f32,
}

/// What may be done without a search.
struct Offers {
    /// What System 1 says.
    reaction: Reaction,
    /// The ways that it offers, `[futures, horizon, action]`.
    futures: Vec<f32>,
    /// Whether the first of them goes on with the last decision instead.
    goes_on: bool,
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
            decided: Vec::new(),
            planned: 0,
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
        self.planned = 0;
    }

    /// One decision; see [`crate::controller::Controller::decide`].
    ///
    /// # Errors
    /// When the model cannot be evaluated.
    pub fn decide(&mut self, env: &Env, passed: usize, committed: &[f32]) -> Result<Decision> {
        let started = Instant::now();
        self.system2.shift(passed);
        self.system2.observe(env)?;
        let rollouts = in_latent(&mut self.system2)?;
        let latent = rollouts.latent().to_vec();
        let block = self.model.card().block();
        let whole_block = passed == block;
        let surprise = self.expected.take().filter(|_| whole_block);
        let surprise = surprise.map(|expected| rms(&expected, &latent));
        self.planned = self.planned.saturating_sub(passed);
        let blocks = self.system2.horizon_blocks();
        let sequence = blocks * self.model.card().block_action_dim();
        let mut imagined = 0;
        let (actor, reason, future, expense) = match self.offers(&latent, passed) {
            Ok(Offers {
                reaction,
                mut futures,
                goes_on,
            }) => {
                let under_way = committed.len().min(sequence);
                for future in futures.chunks_exact_mut(sequence) {
                    future[..under_way].copy_from_slice(&committed[..under_way]);
                }
                let rollouts = in_latent(&mut self.system2)?;
                imagined = futures.len() / self.model.card().action_dim();
                let (best, expense) = rollouts.cheapest(&futures, blocks * block)?;
                let future = futures[best * sequence..][..sequence].to_vec();
                let outlook = rollouts.outlook(&future)?;
                self.signs = Signs {
                    disagreement: reaction.disagreement,
                    surprise,
                    stalled: self.arbiter.progress(outlook.distance),
                    miss: outlook.miss,
                    closeness: outlook.closeness,
                };
                let seconds = passed as f32 / self.rate_hz;
                let follows = goes_on && best == 0 && self.planned >= block;
                let (actor, reason) = match self.arbiter.judge(&self.signs, seconds) {
                    (Actor::System1, Reason::AsUsual) if follows => {
                        (Actor::System2, Reason::AsPlanned)
                    }
                    (Actor::System1, reason) if follows => (Actor::System2, reason),
                    judged => judged,
                };
                (actor, reason, future, Some(expense))
            }
            Err(_) => (Actor::System2, Reason::PolicyFailed, Vec::new(), None),
        };
        let (actions, cost, model_steps) = if is_searched(actor, reason) {
            let planning = Instant::now();
            let (actions, cost, statistics) = self.system2.plan(committed)?;
            self.arbiter.spent(1.0e3 * planning.elapsed().as_secs_f32());
            if let Some(expense) = expense {
                let saved = (expense - cost) / expense.abs().max(SMALLEST_COST);
                let rollouts = in_latent(&mut self.system2)?;
                let closeness = rollouts.outlook(&actions)?.closeness;
                self.arbiter.thought(saved, closeness);
            }
            self.planned = blocks * block;
            (actions, cost, statistics.model_steps)
        } else {
            if actor != Actor::System2 {
                self.planned = 0;
            }
            (future, f32::NAN, 0)
        };
        let first = &actions[..self.model.card().block_action_dim()];
        self.expected = Some(self.model.imagination().after(&latent, first)?);
        self.decided.clone_from(&actions);
        Ok(Decision {
            actions,
            elapsed: started.elapsed(),
            model_steps: model_steps + imagined as u64,
            cost,
            actor,
            reason,
        })
    }

    /// What may be done in a latent without a search, `passed` control steps after the last decision.
    fn offers(&self, latent: &[f32], passed: usize) -> Result<Offers, ImaginationError> {
        let reaction = self.system1.react(latent)?;
        let blocks = self.system2.horizon_blocks();
        let gone = passed * self.model.card().action_dim();
        let rest = self.decided.get(gone..).unwrap_or_default();
        // What cannot be imagined any more is no way.
        let mut futures = self.system1.go_on(latent, rest, blocks).unwrap_or_default();
        let goes_on = !futures.is_empty();
        let ways = self.arbiter.ways();
        futures.extend(self.system1.ways(latent, &reaction, ways, blocks)?);
        Ok(Offers {
            reaction,
            futures,
            goes_on,
        })
    }
}

/// What a hybrid agent imagines with.
fn in_latent(system2: &mut System2) -> Result<&mut LatentRollouts> {
    match system2.imaginer_mut() {
        Imaginer::Latent(rollouts, _) => Ok(rollouts),
        Imaginer::Physics(_) => bail!("a hybrid agent imagines in the latent"),
    }
}

/// Costs below this count as this where they divide.
const SMALLEST_COST: f32 = 1.0e-3;

/// Root mean square of the differences.
fn rms(a: &[f32], b: &[f32]) -> f32 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    (squares.sum::<f32>() / a.len().max(1) as f32).sqrt()
}
