//! Training a policy.

use std::time::Instant;

use burn::tensor::Device;
use rand::RngExt;

use super::{Demonstrations, Policy, PolicyCard, PolicyConfig, steps_feature};
use crate::model::WorldModel;
use crate::perceptron::Perceptron;
use crate::random::{Purpose, stream};
use crate::supervised::{FitProgress, Supervised, fit};
use crate::train::TrainError;

/// Errors below this count squared, larger ones linearly: actions are often at their bounds, and their median tells more than
/// their mean.
const DELTA: f32 = 0.1;
/// Weight of the modes that are not the best one, which keeps them near what is done.
const OTHERS: f32 = 0.05;
/// Weight of the likelihoods.
const CHOICE: f32 = 0.1;

/// Trains a policy in the latent of `model`. `progress` hears of the steps done and the latest loss.
///
/// # Errors
/// Bad settings, demonstrations of another model or none, an interruption, what the backend says.
pub fn train_policy(
    model: &WorldModel,
    demonstrations: &Demonstrations,
    config: &PolicyConfig,
    progress: &mut FitProgress,
) -> Result<Policy, TrainError> {
    config.validate()?;
    let started = Instant::now();
    let (latent, width) = (demonstrations.latent_dim(), demonstrations.block_width());
    let card = model.card();
    if (latent, width) != (card.latent_dim(), card.block_action_dim()) {
        return Err(TrainError::Demonstration {
            what: format!(
                "latents of {latent} and blocks of {width} values, expected {} and {}",
                card.latent_dim(),
                card.block_action_dim()
            ),
        });
    }
    if demonstrations.is_empty() {
        return Err(TrainError::Demonstration {
            what: "none, expected at least one course or label".to_owned(),
        });
    }
    let sizes = config.sizes(latent, width);
    let rng = &mut stream(config.seed, Purpose::Policy, 0, 0);
    let network = Perceptron::init(&sizes, 0.1, rng, &Device::flex().autodiff());
    let loss = Loss {
        members: config.members,
        modes: config.modes,
        width,
    };
    let task = Supervised {
        steps: config.steps,
        learning_rate: config.learning_rate,
        inputs: sizes[0],
        forward: |network: &Perceptron, inputs| network.forward(inputs),
        draw: |step: usize, shard: usize, inputs: &mut Vec<f32>, targets: &mut Vec<f32>| {
            let rng = &mut stream(config.seed, Purpose::Policy, 1 + step as u64, shard as u64);
            while inputs.len() < config.batch.div_ceil(2) * sizes[0] {
                let Some(example) = demonstrations.draw(config, rng) else {
                    continue;
                };
                inputs.extend_from_slice(example.latent);
                inputs.push(steps_feature(example.steps_left));
                inputs.extend_from_slice(example.goal);
                targets.extend_from_slice(example.block);
                let learns = |_| f32::from(u8::from(rng.random::<f32>() < config.member_share));
                targets.extend((0..config.members).map(learns));
            }
        },
        loss: |outputs: &[f32], targets: &[f32], slopes: &mut [f32]| {
            loss.of(outputs, targets, slopes)
        },
    };
    let layers = fit(network, &task, progress)?.layers("");
    let card = PolicyCard {
        task: card.task.clone(),
        model_hash: model.hash().to_owned(),
        latent_dim: latent,
        block_width: width,
        config: config.clone(),
        labels: demonstrations.labels(),
        training_seconds: started.elapsed().as_secs_f32(),
        calibration: None,
    };
    Ok(Policy::try_new(card, layers)?)
}

/// The loss of each member: of its best mode, a little of the others, and of the likelihood that it gave to the best one.
pub(super) struct Loss {
    pub members: usize,
    pub modes: usize,
    pub width: usize,
}

impl Loss {
    /// Mean over the rows; writes the slopes. A row of outputs holds the logits of all modes and their blocks; a row of targets
    /// the block and, for each member, whether it learns from the row.
    pub fn of(&self, outputs: &[f32], targets: &[f32], slopes: &mut [f32]) -> f32 {
        let offers = self.members * self.modes;
        let row = offers * (1 + self.width);
        let rows = outputs.len() / row;
        let share = 1.0 / (rows * self.members) as f32;
        slopes.fill(0.0);
        let mut loss = 0.0;
        let targets = targets.chunks_exact(self.width + self.members);
        let rows = outputs.chunks_exact(row).zip(slopes.chunks_exact_mut(row));
        for ((outputs, slopes), targets) in rows.zip(targets) {
            let (wanted, learns) = targets.split_at(self.width);
            let (logits, blocks) = outputs.split_at(offers);
            let (logit_slopes, block_slopes) = slopes.split_at_mut(offers);
            for member in (0..self.members).filter(|&member| learns[member] > 0.0) {
                let modes = member * self.modes..(member + 1) * self.modes;
                let block = |mode: usize| &blocks[mode * self.width..(mode + 1) * self.width];
                let error = |mode: usize| -> f32 {
                    let pairs = block(mode).iter().zip(wanted);
                    let sum: f32 = pairs.map(|(a, w)| robust(a - w).0).sum();
                    sum / self.width as f32
                };
                let errors: Vec<f32> = modes.clone().map(error).collect();
                let best = (0..self.modes)
                    .min_by(|&a, &b| errors[a].total_cmp(&errors[b]))
                    .unwrap_or(0);
                let mut likely = logits[modes.clone()].to_vec();
                super::softmax(&mut likely);
                loss -= share * CHOICE * likely[best].max(1.0e-12).ln();
                for (index, mode) in modes.enumerate() {
                    let weight = match index == best {
                        true => 1.0,
                        false => OTHERS / self.modes as f32,
                    };
                    loss += share * weight * errors[index];
                    let scale = share * weight / self.width as f32;
                    let slopes = &mut block_slopes[mode * self.width..(mode + 1) * self.width];
                    for ((slope, a), w) in slopes.iter_mut().zip(block(mode)).zip(wanted) {
                        *slope = scale * robust(a - w).1;
                    }
                    let taken = f32::from(u8::from(index == best));
                    logit_slopes[mode] = share * CHOICE * (likely[index] - taken);
                }
            }
        }
        loss
    }
}

/// Pseudo-Huber error and its slope.
fn robust(error: f32) -> (f32, f32) {
    let root = (error * error + DELTA * DELTA).sqrt();
    (root - DELTA, error / root)
}
