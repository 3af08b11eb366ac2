//! System 1: a trained policy reacts to a latent in one forward pass, and imagines where its reactions would lead.

use anyhow::{Result, bail};
use std::sync::Arc;
use world_model::WorldModel;
use world_model::imagination::{ImaginationError, ImaginationScratch, PackedMlp, Readout, Scratch};
use world_model::policy::{GoalPolicy, Policy, Reaction};

/// A policy on its way to a goal, in the latent of its world model.
pub struct System1 {
    model: Arc<WorldModel>,
    policy: GoalPolicy,
    /// Latent to `ln(1 + steps)` to the goal, an ensemble.
    reach: Vec<PackedMlp>,
}

/// Checks that a policy reads the latents of a model.
///
/// # Errors
/// When it was distilled from another model, or in another task.
pub fn check_policy(policy: &Policy, model: &WorldModel) -> Result<()> {
    let card = policy.card();
    if card.task != model.card().task {
        bail!(
            "the policy was distilled in task '{}', expected '{}'",
            card.task,
            model.card().task
        );
    }
    if card.model_hash != model.hash() {
        bail!(
            "the policy was distilled from another model: hash {}, expected {}",
            short(&card.model_hash),
            short(model.hash())
        );
    }
    Ok(())
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

impl System1 {
    /// The policy towards what is observed at a goal.
    ///
    /// # Errors
    /// A policy of another model, or an observation that does not fit.
    pub fn new(model: &Arc<WorldModel>, policy: &Policy, goal: &[f32]) -> Result<Self> {
        check_policy(policy, model)?;
        let mut latent = vec![0.0; model.card().latent_dim()];
        model.encode(goal, &mut latent)?;
        Ok(Self {
            policy: policy.towards(&latent)?,
            reach: model.reach_heads(&latent)?,
            model: Arc::clone(model),
        })
    }

    /// Reacts to a latent.
    ///
    /// # Errors
    /// When the policy gives a value that is not finite.
    pub fn react(&self, latent: &[f32]) -> Result<Reaction, ImaginationError> {
        let mut reactions = self.react_all(latent)?;
        Ok(reactions.swap_remove(0))
    }

    /// Control steps to the goal from a latent, as the model's heads estimate them.
    ///
    /// # Errors
    /// When the latent does not fit.
    pub fn steps_left(&self, latent: &[f32]) -> Result<f32, ImaginationError> {
        Ok(self.all_steps_left(latent)?[0])
    }

    fn all_steps_left(&self, latents: &[f32]) -> Result<Vec<f32>, ImaginationError> {
        let rows = latents.len() / self.model.card().latent_dim();
        let mut steps = vec![0.0; rows];
        let (mut estimates, mut scratch) = (vec![0.0; rows], Scratch::new());
        for head in &self.reach {
            head.forward(latents, rows, &mut estimates, &mut scratch)?;
            let share = 1.0 / self.reach.len() as f32;
            for (steps, estimate) in steps.iter_mut().zip(&estimates) {
                *steps += share * estimate;
            }
        }
        steps.iter_mut().for_each(|s| *s = s.exp_m1().max(1.0));
        Ok(steps)
    }

    fn react_all(&self, latents: &[f32]) -> Result<Vec<Reaction>, ImaginationError> {
        self.policy.react(latents, &self.all_steps_left(latents)?)
    }

    /// Imagines where its reactions lead from a latent: `count` futures of whole blocks, `[count, blocks * block * action]`, the
    /// likeliest first. Each follows one member of the policy, and they begin with different modes.
    ///
    /// # Errors
    /// When policy or model give a value that is not finite.
    pub fn propose(
        &self,
        latent: &[f32],
        count: usize,
        blocks: usize,
    ) -> Result<Vec<f32>, ImaginationError> {
        let first = self.react(latent)?;
        let offers = first.likelihoods.len();
        let modes = offers / self.policy.members();
        let count = count.min(offers);
        let mut order: Vec<usize> = (0..offers).collect();
        order.sort_by(|&a, &b| first.likelihoods[b].total_cmp(&first.likelihoods[a]));
        order.truncate(count);
        let width = self.policy.width();
        let mut futures = vec![0.0; count * blocks * width];
        let mut now: Vec<f32> = order
            .iter()
            .flat_map(|&o| first.block(o))
            .copied()
            .collect();
        if count == 1 {
            now.copy_from_slice(&first.act);
        }
        let mut latents: Vec<f32> = latent.repeat(count);
        let mut next = latents.clone();
        let mut scratch = ImaginationScratch::new();
        for block in 0..blocks {
            for (future, now) in futures
                .chunks_exact_mut(blocks * width)
                .zip(now.chunks(width))
            {
                future[block * width..(block + 1) * width].copy_from_slice(now);
            }
            if block + 1 == blocks {
                break;
            }
            self.model.imagination().rollout_batch_starts(
                &latents,
                &now,
                count,
                1,
                Readout::Latent,
                &mut next,
                &mut scratch,
            )?;
            std::mem::swap(&mut latents, &mut next);
            now.clear();
            for (reaction, offer) in self.react_all(&latents)?.iter().zip(&order) {
                let member = offer / modes;
                match count {
                    1 => now.extend(&reaction.act),
                    _ => now.extend(reaction.block(reaction.likeliest_of(member, modes))),
                }
            }
        }
        Ok(futures)
    }
}
