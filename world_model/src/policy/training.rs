//! Training a policy.

use std::time::Instant;

use burn::tensor::Device;

use super::coordinates::Coordinates;
use super::likelihood::Likelihood;
use super::network::Trainable;
use super::{Demonstrations, Policy, PolicyCard, PolicyConfig};
use crate::model::WorldModel;
use crate::random::{Purpose, stream};
use crate::supervised::{FitProgress, Supervised, fit};
use crate::train::TrainError;

/// Latents and goals that the coordinates are fitted on.
const COORDINATE_PAIRS: usize = 20_000;

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
    let ends = config.ends(latent, width);
    let labels = demonstrations.quickest(config.quickest_share);
    let coordinates = {
        let rng = &mut stream(config.seed, Purpose::Policy, u64::MAX, 0);
        let drawn = (0..COORDINATE_PAIRS)
            .filter_map(|_| demonstrations.draw(&labels, config, rng))
            .map(|example| (example.latent, example.goal));
        Coordinates::of(
            &drawn.collect::<Vec<_>>(),
            latent,
            f64::from(config.least_variance),
        )
    };
    let likelihood = Likelihood {
        members: config.members,
        modes: config.modes,
        width,
    };
    let task = Supervised {
        steps: config.steps,
        learning_rate: config.learning_rate,
        weight_decay: config.weight_decay,
        inputs: ends[0],
        forward: |network: &Trainable, inputs| network.forward(inputs, &config.bilinear),
        draw: |step: usize, shard: usize, inputs: &mut Vec<f32>, targets: &mut Vec<f32>| {
            let rng = &mut stream(config.seed, Purpose::Policy, 1 + step as u64, shard as u64);
            while inputs.len() < config.batch.div_ceil(2) * ends[0] {
                let Some(example) = demonstrations.draw(&labels, config, rng) else {
                    continue;
                };
                let steps = example.steps_left;
                coordinates.write(example.latent, steps, example.goal, inputs);
                targets.extend_from_slice(example.block);
                let learns = |member| f32::from(u8::from(example.of.teaches(member, config)));
                targets.extend((0..config.members).map(learns));
            }
        },
        loss: |outputs: &[f32], targets: &[f32], slopes: &mut [f32]| {
            likelihood.loss(outputs, targets, slopes)
        },
    };
    let rng = &mut stream(config.seed, Purpose::Policy, 0, 0);
    let network = Trainable::init(config, ends, rng, &Device::flex().autodiff());
    let mut layers = fit(network, &task, progress)?.layers("");
    layers[0] = coordinates.fold(&layers[0]);
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
