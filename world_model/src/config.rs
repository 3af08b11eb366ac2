//! Training settings. The defaults are the project's recipe for state observations; every field
//! can be set from a file.

mod choices;
mod validate;

pub use choices::{AntiCollapse, EncoderNorm, EncoderStart, Reconstruction};
pub use validate::ConfigError;
pub(crate) use validate::check;

use crate::supervised::LITTLE_DECAY;
use serde::{Deserialize, Serialize};

/// Everything that decides a training run besides the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Seed of every random stream.
    pub seed: u64,
    /// Wall-clock budget in minutes. The schedule then follows whichever is further along, steps
    /// or time, so a slow machine still ends annealed; such a run does not repeat bit for bit.
    pub minutes: Option<f32>,
    /// Optimiser steps.
    pub steps: usize,
    /// Windows per step.
    pub batch: usize,
    /// Control steps per action block: one predictor step.
    pub block: usize,
    /// Width of the latent.
    pub latent_dim: usize,
    /// Hidden widths of the encoder.
    pub encoder_hidden: Vec<usize>,
    /// What the encoder starts from.
    pub encoder_start: EncoderStart,
    /// Normalisation of the encoder's hidden layers.
    pub encoder_norm: EncoderNorm,
    /// Hidden widths of the predictor.
    pub predictor_hidden: Vec<usize>,
    /// Hidden width of the inverse-dynamics head.
    pub inverse_hidden: usize,
    /// Hidden widths of the pose probe.
    pub pose_hidden: Vec<usize>,
    /// Hidden widths of each first-passage head.
    pub reach_hidden: Vec<usize>,
    /// First-passage heads in the ensemble.
    pub reach_heads: usize,
    /// Open-loop steps of the prediction loss, in blocks, once the curriculum is through.
    pub open_loop_steps: usize,
    /// Fraction of training over which the open-loop steps grow from one to `open_loop_steps`.
    pub curriculum_fraction: f32,
    /// Error of a predicted latent, root mean square over its dimensions, from which the prediction
    /// loss grows linearly instead of squared. Small, so that what stands still is predicted to stand
    /// still: a squared loss sees nothing but the large errors of contacts.
    pub prediction_delta: f32,
    /// Blocks imagined ahead for training the heads; at least the planning horizon.
    pub imagined_steps: usize,
    /// What keeps the latents from collapsing. The weights of terms that it does not name are not used.
    pub anti_collapse: AntiCollapse,
    /// Weight of the inverse-dynamics loss.
    pub lambda_idm: f32,
    /// Weight of SIGReg, the statistic times the number of rows it is computed on: those of a
    /// shard, `batch / 2 * (open_loop_steps + 1)`. A smaller batch therefore weakens it.
    pub lambda_sigreg: f32,
    /// Random directions SIGReg projects on, drawn anew each step and shard.
    pub sigreg_directions: usize,
    /// Knots of the characteristic function on `[0, 3]`.
    pub sigreg_knots: usize,
    /// Weight of the variance of VICReg. The published 16, 8 and 1 (variance, covariance, inverse dynamics) stand beside a
    /// squared prediction loss that vanishes as it is learned; ours grows linearly, and an eighth of them keeps their
    /// proportion to each other.
    pub lambda_variance: f32,
    /// Weight of the covariance of VICReg.
    pub lambda_covariance: f32,
    /// Share of itself that the moving average of the encoder keeps in a step, in [0, 1).
    pub ema_decay: f32,
    /// Whether observations are reconstructed from latents.
    pub reconstruction: Reconstruction,
    /// Weight of the reconstruction loss.
    pub lambda_reconstruction: f32,
    /// Share of an observation that `masked` reconstruction hides, inside (0, 1): of the patches of whole frames, else of the
    /// values.
    pub mask_fraction: f32,
    /// Hidden widths of the decoder; none for those of the encoder, reversed.
    pub decoder_hidden: Option<Vec<usize>>,
    /// Peak learning rate.
    pub learning_rate: f32,
    /// Learning rate at the end of the cosine.
    pub final_learning_rate: f32,
    /// Steps of linear warm-up.
    pub warmup_steps: usize,
    /// Decoupled weight decay, on weight matrices.
    pub weight_decay: f32,
    /// Largest global gradient norm, for the representation and for the heads apart.
    pub gradient_clip: f32,
    /// Fraction of the windows drawn among the eventful ones: see `windows`.
    pub eventful_fraction: f32,
    /// Expectile of the first-passage regression; below one half leans to the fastest passages.
    pub reach_expectile: f32,
    /// Largest first-passage label, in control steps.
    pub reach_max_steps: usize,
    /// Fraction of first-passage pairs whose goal comes from another trajectory.
    pub reach_cross_fraction: f32,
    /// Fraction of first-passage pairs that start at an imagined latent.
    pub reach_imagined_fraction: f32,
    /// Fraction of the episodes held out for the diagnostics.
    pub held_out_fraction: f32,
    /// Steps between evaluations, and between writes of the training state.
    pub evaluate_every: usize,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            minutes: None,
            steps: 6000,
            batch: 128,
            block: 5,
            latent_dim: 48,
            encoder_hidden: vec![128, 128],
            encoder_start: EncoderStart::Random,
            encoder_norm: EncoderNorm::None,
            predictor_hidden: vec![256, 256],
            inverse_hidden: 128,
            pose_hidden: vec![128],
            reach_hidden: vec![128, 128],
            reach_heads: 3,
            open_loop_steps: 4,
            curriculum_fraction: 0.3,
            prediction_delta: 0.02,
            imagined_steps: 8,
            anti_collapse: AntiCollapse::SigregIdm,
            lambda_idm: 1.0,
            lambda_sigreg: 0.02,
            sigreg_directions: 32,
            sigreg_knots: 17,
            lambda_variance: 2.0,
            lambda_covariance: 1.0,
            ema_decay: 0.99,
            reconstruction: Reconstruction::None,
            lambda_reconstruction: 1.0,
            mask_fraction: 0.5,
            decoder_hidden: None,
            learning_rate: 1e-3,
            final_learning_rate: 1e-5,
            warmup_steps: 200,
            weight_decay: LITTLE_DECAY,
            gradient_clip: 1.0,
            eventful_fraction: 0.5,
            reach_expectile: 0.2,
            reach_max_steps: 100,
            reach_cross_fraction: 0.1,
            reach_imagined_fraction: 0.5,
            held_out_fraction: 0.05,
            evaluate_every: 500,
        }
    }
}

/// Peak learning rate of a training that goes on, as a share of that of the first.
const CONTINUED_RATE: f32 = 0.3;

impl TrainConfig {
    /// Whether a decoder alone shapes the latents: a reconstruction world model, whose prediction loss teaches the predictor and
    /// not the encoder.
    pub(crate) fn is_reconstruction_model(&self) -> bool {
        self.anti_collapse == AntiCollapse::None && self.reconstruction != Reconstruction::None
    }

    /// The settings of a training from nothing that takes a share of these steps, however long it lasts.
    pub fn anew(&self, share: f32) -> Self {
        let steps = ((share * self.steps as f32).ceil() as usize).max(1);
        Self {
            steps,
            minutes: None,
            warmup_steps: self.warmup_steps.min(steps),
            ..self.clone()
        }
    }

    /// The settings under which a model that was trained with these goes on learning, for a share of their steps: from a lower
    /// peak of the learning rate, and all open-loop steps from the start.
    pub fn continued(&self, share: f32) -> Self {
        Self {
            learning_rate: (CONTINUED_RATE * self.learning_rate).max(self.final_learning_rate),
            curriculum_fraction: 0.0,
            ..self.anew(share)
        }
    }

    /// Hidden widths of the decoder.
    pub(crate) fn decoder_widths(&self) -> Vec<usize> {
        match &self.decoder_hidden {
            Some(widths) => widths.clone(),
            None => self.encoder_hidden.iter().rev().copied().collect(),
        }
    }
}
