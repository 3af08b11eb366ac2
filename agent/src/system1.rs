//! System 1: a trained policy reacts to a latent in one forward pass, and imagines where its reactions would lead.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::sync::Arc;
use world_model::WorldModel;
use world_model::imagination::{ImaginationError, ImaginationScratch, PackedMlp, Readout, Scratch};
use world_model::policy::{GoalPolicy, Policy, Reaction};

/// A policy on its way to a goal, in the latent of its world model.
pub struct System1 {
    model: Arc<WorldModel>,
    policy: GoalPolicy,
    steps_left: StepsLeft,
}

/// Control steps to a goal, as the model's first-passage heads estimate them.
pub struct StepsLeft {
    /// Latent to `ln(1 + steps)`, an ensemble.
    heads: Vec<PackedMlp>,
    /// Values of a latent.
    latent: usize,
}

impl StepsLeft {
    /// To a goal `[latent]`.
    ///
    /// # Errors
    /// When the latent does not fit.
    pub fn new(model: &WorldModel, goal: &[f32]) -> Result<Self, ImaginationError> {
        Ok(Self {
            heads: model.reach_heads(goal)?,
            latent: model.card().latent_dim(),
        })
    }

    /// From latents `[rows, latent]`: `[rows]`.
    ///
    /// # Errors
    /// When a latent does not fit.
    pub fn estimate(&self, latents: &[f32]) -> Result<Vec<f32>, ImaginationError> {
        let rows = latents.len() / self.latent;
        let mut steps = vec![0.0; rows];
        let (mut estimates, mut scratch) = (vec![0.0; rows], Scratch::new());
        for head in &self.heads {
            head.forward(latents, rows, &mut estimates, &mut scratch)?;
            let share = 1.0 / self.heads.len() as f32;
            for (steps, estimate) in steps.iter_mut().zip(&estimates) {
                *steps += share * estimate;
            }
        }
        steps.iter_mut().for_each(|s| *s = s.exp_m1().max(1.0));
        Ok(steps)
    }
}

/// The policy of a file, which reads the latents of a model.
///
/// # Errors
/// A file that does not read, or a policy of another model or task.
pub fn load_policy(path: &Path, model: &WorldModel) -> Result<Arc<Policy>> {
    let policy = Policy::load(path)?;
    check_policy(&policy, model).with_context(|| path.display().to_string())?;
    Ok(Arc::new(policy))
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
            steps_left: StepsLeft::new(model, &latent)?,
            model: Arc::clone(model),
        })
    }

    /// Control steps to the goal, as the policy is told them.
    pub fn steps_left(&self) -> &StepsLeft {
        &self.steps_left
    }

    /// Reacts to a latent.
    ///
    /// # Errors
    /// When the policy gives a value that is not finite.
    pub fn react(&self, latent: &[f32]) -> Result<Reaction, ImaginationError> {
        let mut reactions = self.react_all(latent)?;
        Ok(reactions.swap_remove(0))
    }

    fn react_all(&self, latents: &[f32]) -> Result<Vec<Reaction>, ImaginationError> {
        self.policy
            .react(latents, &self.steps_left.estimate(latents)?)
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
        let mut order = first.by_likelihood();
        order.truncate(count);
        let now: Vec<f32> = order
            .iter()
            .flat_map(|&o| first.block(o))
            .copied()
            .collect();
        self.imagine(latent, now, blocks, |reaction, future| {
            let member = order[future] / reaction.modes;
            reaction.block(reaction.likeliest_of(member))
        })
    }

    /// Imagines where the ways that a reaction to a latent offers lead, when the likeliest reactions follow: whole blocks,
    /// `[ways, blocks * block * action]`, at most `count`. First what it would do alone, then the modes of all members, the
    /// likeliest first.
    ///
    /// # Errors
    /// When policy or model give a value that is not finite.
    pub fn ways(
        &self,
        latent: &[f32],
        reaction: &Reaction,
        count: usize,
        blocks: usize,
    ) -> Result<Vec<f32>, ImaginationError> {
        let others = reaction.by_likelihood();
        let others = others.iter().take(count.saturating_sub(1));
        let mut now = reaction.act.clone();
        now.extend(others.flat_map(|&mode| reaction.block(mode)));
        self.imagine(latent, now, blocks, |next, _| &next.act)
    }

    /// Imagines to go on from a latent with `actions`, as far as they are whole blocks, and with the likeliest reactions where they
    /// end: `[blocks * block * action]`, or nothing where they are less than a block.
    ///
    /// # Errors
    /// When policy or model give a value that is not finite.
    pub fn go_on(
        &self,
        latent: &[f32],
        actions: &[f32],
        blocks: usize,
    ) -> Result<Vec<f32>, ImaginationError> {
        let width = self.policy.width();
        let whole = (actions.len() / width).min(blocks);
        let mut future = actions[..whole * width].to_vec();
        if whole == 0 || whole == blocks {
            return Ok(future);
        }
        let end = &self.model.imagination().after(latent, &future)?;
        let reaction = self.react(end)?;
        future.extend(self.imagine(end, reaction.act, blocks - whole, |next, _| &next.act)?);
        Ok(future)
    }

    /// Futures from a latent that begin with the blocks `now`, `[futures, block * action]`, and go on with what `choose` takes of
    /// the reaction in each.
    fn imagine(
        &self,
        latent: &[f32],
        mut now: Vec<f32>,
        blocks: usize,
        choose: impl Fn(&Reaction, usize) -> &[f32],
    ) -> Result<Vec<f32>, ImaginationError> {
        let width = self.policy.width();
        let count = now.len() / width;
        let mut futures = vec![0.0; count * blocks * width];
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
            for (future, reaction) in self.react_all(&latents)?.iter().enumerate() {
                now.extend(choose(reaction, future));
            }
        }
        Ok(futures)
    }
}
