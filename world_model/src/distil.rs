//! Teaching an encoder of whole frames the latents of a model of states.
//!
//! The dynamics, heads and latent stay the teacher's; only what the latent is read from changes. States are needed in training,
//! never after it.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;

use crate::card::ObservationKind;
use crate::config::{ConfigError, EncoderNorm, TrainConfig, check};
use crate::dataset::Dataset;
use crate::encoder::{Encoder, Inputs};
use crate::imagination::ImaginationError;
use crate::model::{EncoderScratch, WorldModel};
use crate::normalise::Standardiser;
use crate::observations::Observations;
use crate::random::{Purpose, stream};
use crate::sight::Sight;
use crate::supervised::{FitProgress, LITTLE_DECAY, Supervised, fit};
use crate::train::TrainError;
use crate::windows::split_episodes;

/// How an encoder is taught.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DistilConfig {
    /// Optimiser steps. Default 6000.
    pub steps: usize,
    /// Frames in a step. Default 64.
    pub batch: usize,
    /// Hidden widths after the front. Default 256.
    pub hidden: Vec<usize>,
    /// Peak learning rate. Default 0.001.
    pub learning_rate: f32,
}

impl Default for DistilConfig {
    fn default() -> Self {
        Self {
            steps: 6000,
            batch: 64,
            hidden: vec![256],
            learning_rate: 1.0e-3,
        }
    }
}

impl DistilConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (name, value) in [("steps", self.steps), ("batch", self.batch)] {
            check(name, value, "at least 1", value >= 1)?;
        }
        let hidden = &self.hidden;
        let fits = !hidden.is_empty() && !hidden.contains(&0);
        check(
            "hidden",
            format!("{hidden:?}"),
            "one or more widths >= 1",
            fits,
        )?;
        let rate = self.learning_rate;
        let fits = rate.is_finite() && rate > 0.0;
        check("learning_rate", rate, "a positive number", fits)
    }
}

/// Teaches an encoder of the images of `dataset` the latents that `teacher` has of its states. `progress` hears of the steps done
/// and the mean squared error of the latents, each in units of its variance.
///
/// # Errors
/// Bad settings, images that cannot be looked at, a teacher that does not read the data set's states, an interruption, what the backend says.
pub fn distil(
    teacher: &WorldModel,
    dataset: &Dataset,
    sight: Sight,
    config: &DistilConfig,
    seed: u64,
    progress: &mut FitProgress,
) -> Result<WorldModel, TrainError> {
    config.validate()?;
    let started = Instant::now();
    let card = teacher.card();
    if card.observation != ObservationKind::State
        || card.observation_names != dataset.spec.observation_names
    {
        return Err(TrainError::Teacher {
            expected: dataset.spec.observation_names.join(", "),
        });
    }
    let latent = card.latent_dim();
    let inputs = Inputs::of_sight(sight.spec());
    let observations = Observations::seen(dataset, &sight)?;
    let (latents, befores) = latents(teacher, dataset)?;
    let scale = Standardiser::fit(latents.chunks_exact(latent), latent);
    let episodes = dataset.episodes.len();
    let (training, _) = split_episodes(episodes, card.config.held_out_fraction, card.config.seed)
        .ok_or(TrainError::TooFewEpisodes { found: episodes })?;
    let mut ranges = Vec::new();
    let mut start = 0;
    for episode in &dataset.episodes {
        let end = start + episode.images.len();
        ranges.push(start..end);
        start = end;
    }
    let chosen: Vec<_> = training.iter().map(|&i| ranges[i].clone()).collect();
    let normalisation = observations.fit(&chosen);
    let frames: Vec<usize> = chosen.into_iter().flatten().collect();

    let schedule = TrainConfig {
        encoder_hidden: config.hidden.clone(),
        latent_dim: latent,
        ..TrainConfig::default()
    };
    let rng = &mut stream(seed, Purpose::Distillation, 0, 0);
    let network = Encoder::init(&inputs, &schedule, rng, &Device::flex().autodiff());
    let task = Supervised {
        steps: config.steps,
        learning_rate: config.learning_rate,
        weight_decay: LITTLE_DECAY,
        inputs: inputs.dim(),
        forward: |network: &Encoder, rows| network.forward(rows, &inputs),
        draw: |step: usize, shard: usize, rows: &mut Vec<f32>, targets: &mut Vec<f32>| {
            let rng = &mut stream(seed, Purpose::Distillation, 1 + step as u64, shard as u64);
            for _ in 0..config.batch.div_ceil(2) {
                let frame = frames[rng.random_range(0..frames.len())];
                observations.extend(frame, befores[frame], rows);
                scale.extend(&latents[frame * latent..(frame + 1) * latent], targets);
            }
        },
        loss: |outputs: &[f32], targets: &[f32], slopes: &mut [f32]| {
            let share = 1.0 / outputs.len() as f32;
            let mut loss = 0.0;
            for ((output, target), slope) in outputs.iter().zip(targets).zip(slopes) {
                let error = output - target;
                *slope = 2.0 * share * error;
                loss += share * error * error;
            }
            loss
        },
    };
    let fitted = fit(network, &task, progress)?;
    let mut card = card.clone();
    card.observation = ObservationKind::Pixels;
    card.sight = Some(sight.spec().clone());
    card.config.encoder_hidden = config.hidden.clone();
    card.config.encoder_norm = EncoderNorm::None;
    card.normalisation.observation = normalisation;
    card.training_seconds += started.elapsed().as_secs_f32();
    let layers = (fitted.layers("front."), fitted.layers("network."));
    Ok(teacher.with_encoder(card, sight, layers, &scale)?)
}

/// The teacher's latent of every frame, `[frames, latent]`, and the frame before each in its episode.
fn latents(
    teacher: &WorldModel,
    dataset: &Dataset,
) -> Result<(Vec<f32>, Arc<[usize]>), ImaginationError> {
    let (mut latents, mut befores) = (Vec::new(), Vec::new());
    let (dim, latent) = (
        dataset.spec.observation_names.len(),
        teacher.card().latent_dim(),
    );
    let mut memory = EncoderScratch::default();
    for episode in &dataset.episodes {
        let first = befores.len();
        for state in episode.observations.chunks_exact(dim) {
            let start = latents.len();
            latents.resize(start + latent, 0.0);
            teacher
                .encoder()
                .forward(state, 1, &mut latents[start..], &mut memory)?;
            befores.push(befores.len().saturating_sub(1).max(first));
        }
    }
    Ok((latents, befores.into()))
}
