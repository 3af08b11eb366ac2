//! The reactive policy: from a latent, the goal's latent and the steps left to the next action block, in one forward pass.
//!
//! The policy is an ensemble whose members share their first layers. Each member offers several modes, an action block and a
//! likelihood each, a mixture of Gaussians: where the data act in two ways it learns both, and never their average.
//! Members learn from parts of the runs that differ, so that they disagree where there were none.

mod config;
mod coordinates;
mod demonstrations;
mod file;
mod likelihood;
mod network;
#[cfg(test)]
mod tests;
mod training;

pub use config::{PolicyConfig, Relabelling};
pub use demonstrations::{Demonstrations, Label};
pub use file::{Calibration, PolicyCard};
pub use training::train_policy;

use std::cell::RefCell;

use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use crate::imagination::{ImaginationError, Linear, check_length};
use network::{Memory, Network};

/// Steps left are given to the network as `ln(1 + steps)` over this.
const STEPS_SCALE: f32 = 4.0;

/// Blocks no further apart than this, root mean square, are the same way.
const SAME_WAY: f32 = 0.4;

thread_local! {
    static SCRATCH: RefCell<(Memory, Vec<f32>, Vec<f32>)> = RefCell::default();
}

/// A trained policy.
#[derive(Clone, Debug)]
pub struct Policy {
    card: PolicyCard,
    layers: Vec<Linear>,
    hash: String,
    network: Network,
}

/// A policy on its way to one goal, which is folded into its first layer.
#[derive(Clone, Debug)]
pub struct GoalPolicy {
    network: Network,
    members: usize,
    modes: usize,
    width: usize,
}

/// What a policy says in one latent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reaction {
    /// Action blocks of all modes of all members, `[members * modes, block * action]`, in `[-1, 1]`.
    pub blocks: Vec<f32>,
    /// How likely each is within its member, `[members * modes]`.
    pub likelihoods: Vec<f32>,
    /// Modes of each member.
    pub modes: usize,
    /// The mode that is chosen: the likeliest, unless another is [taken](Self::take).
    pub chosen: usize,
    /// What to do, `[block * action]`: the mean of the chosen block and of those of the other members that go the same way.
    pub act: Vec<f32>,
    /// How far the other members are from the chosen block: root mean square over its values of the distance to the nearest
    /// likely mode of each, averaged over the members.
    pub disagreement: f32,
}

impl Policy {
    pub(crate) fn try_new(card: PolicyCard, layers: Vec<Linear>) -> Result<Self, ImaginationError> {
        let network = Network::try_new(&layers, &card.config.bilinear)?;
        let mut hasher = blake3::Hasher::new();
        for value in layers.iter().flat_map(|l| l.weight.iter().chain(&l.bias)) {
            hasher.update(&value.to_le_bytes());
        }
        Ok(Self {
            hash: hasher.finalize().to_hex().to_string(),
            card,
            layers,
            network,
        })
    }

    /// What it was trained on.
    pub fn card(&self) -> &PolicyCard {
        &self.card
    }

    /// Hash of the weights.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        let count = |layer: &Linear| layer.weight.len() + layer.bias.len();
        self.layers.iter().map(count).sum()
    }

    /// The same policy with other thresholds of the arbiter.
    pub fn with_calibration(mut self, calibration: Calibration) -> Self {
        self.card.calibration = Some(calibration);
        self
    }

    /// The policy that goes to a goal `[latent]`.
    ///
    /// # Errors
    /// [`ImaginationError::ContextLength`] or [`ImaginationError::NonFiniteInput`] for a goal that is not `[latent]` finite
    /// values.
    pub fn towards(&self, goal: &[f32]) -> Result<GoalPolicy, ImaginationError> {
        Ok(GoalPolicy {
            network: self.network.with_context(goal)?,
            members: self.card.config.members,
            modes: self.card.config.modes,
            width: self.card.block_width,
        })
    }
}

impl GoalPolicy {
    /// Values of an action block.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Modes of all members.
    pub fn offers(&self) -> usize {
        self.members * self.modes
    }

    /// Reacts to latents `[rows, latent]`, from each of which the goal is `steps_left` control steps away, `[rows]`.
    ///
    /// # Errors
    /// [`ImaginationError`] when a latent does not fit, or when the policy gives a value that is not finite.
    pub fn react(
        &self,
        latents: &[f32],
        steps_left: &[f32],
    ) -> Result<Vec<Reaction>, ImaginationError> {
        SCRATCH.with_borrow_mut(|(memory, inputs, outputs)| {
            let rows = steps_left.len();
            let latent = self.network.inputs() - 1;
            check_length("latents", rows * latent, latents.len())?;
            inputs.clear();
            for (latent, steps) in latents.chunks_exact(latent).zip(steps_left) {
                inputs.extend_from_slice(latent);
                inputs.push(steps_feature(*steps));
            }
            outputs.resize(rows * self.network.outputs(), 0.0);
            self.network.forward(inputs, rows, outputs, memory)?;
            if let Some(index) = outputs.iter().position(|value| !value.is_finite()) {
                let value = outputs[index];
                return Err(ImaginationError::NonFiniteOutput { index, value });
            }
            let outputs = outputs.chunks_exact(self.network.outputs());
            Ok(outputs.map(|row| self.reaction(row)).collect())
        })
    }

    /// One row of outputs: the logits of all modes, their deviations, which count in training only, and their blocks.
    fn reaction(&self, outputs: &[f32]) -> Reaction {
        let offers = self.offers();
        let mut likelihoods = outputs[..offers].to_vec();
        likelihoods.chunks_exact_mut(self.modes).for_each(softmax);
        let blocks: Vec<f32> = outputs[2 * offers..]
            .iter()
            .map(|a| a.clamp(-1.0, 1.0))
            .collect();
        let likeliest = (0..offers).max_by(|&a, &b| likelihoods[a].total_cmp(&likelihoods[b]));
        let mut reaction = Reaction {
            blocks,
            likelihoods,
            modes: self.modes,
            ..Reaction::default()
        };
        reaction.take(likeliest.unwrap_or(0));
        reaction
    }
}

impl Reaction {
    /// The block of an offer, `[block * action]`.
    pub fn block(&self, offer: usize) -> &[f32] {
        let width = self.blocks.len() / self.likelihoods.len();
        &self.blocks[offer * width..(offer + 1) * width]
    }

    /// All offers, the likeliest first.
    pub fn by_likelihood(&self) -> Vec<usize> {
        let mut offers: Vec<usize> = (0..self.likelihoods.len()).collect();
        offers.sort_by(|&a, &b| self.likelihoods[b].total_cmp(&self.likelihoods[a]));
        offers
    }

    /// The likeliest offer of a member.
    pub fn likeliest_of(&self, member: usize) -> usize {
        (member * self.modes..(member + 1) * self.modes)
            .max_by(|&a, &b| self.likelihoods[a].total_cmp(&self.likelihoods[b]))
            .unwrap_or(self.chosen)
    }

    /// An offer drawn as likely as it is, of any member: what a policy does that is to meet more than its likeliest ways lead to.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> usize {
        let offers: Vec<usize> = (0..self.likelihoods.len()).collect();
        let drawn = offers.choose_weighted(rng, |&offer| self.likelihoods[offer]);
        drawn.copied().unwrap_or(self.chosen)
    }

    /// Chooses an offer.
    pub fn take(&mut self, offer: usize) {
        let mut act = self.block(offer).to_vec();
        let (mut disagreement, mut agreeing) = (0.0, 1.0);
        let members = self.likelihoods.len() / self.modes;
        for member in (0..members).filter(|member| *member != offer / self.modes) {
            let modes = member * self.modes..(member + 1) * self.modes;
            let likely = modes.filter(|&mode| self.likelihoods[mode] > 0.5 / self.modes as f32);
            let distances =
                likely.map(|mode| (distance(self.block(mode), self.block(offer)), mode));
            let Some((nearest, mode)) = distances.min_by(|a, b| a.0.total_cmp(&b.0)) else {
                continue;
            };
            disagreement += nearest;
            if nearest < SAME_WAY {
                agreeing += 1.0;
                act.iter_mut()
                    .zip(self.block(mode))
                    .for_each(|(act, a)| *act += a);
            }
        }
        act.iter_mut().for_each(|a| *a /= agreeing);
        self.act = act;
        self.chosen = offer;
        self.disagreement = disagreement / (members - 1).max(1) as f32;
    }
}

/// How steps left enter the network.
fn steps_feature(steps: f32) -> f32 {
    steps.max(0.0).ln_1p() / STEPS_SCALE
}

fn softmax(logits: &mut [f32]) {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|l| *l = (*l - most).exp());
    let sum: f32 = logits.iter().sum();
    logits.iter_mut().for_each(|l| *l /= sum);
}

/// Root mean square of the differences.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    (squares.sum::<f32>() / a.len() as f32).sqrt()
}
