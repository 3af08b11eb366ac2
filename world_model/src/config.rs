//! Training settings. The defaults are the project's recipe for state observations; every field
//! can be set from a file.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the encoder is before training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderStart {
    /// Small random weights. Predicts contacts better.
    #[default]
    Random,
    /// A random projection of the observation, which keeps every value of it readable.
    Input,
}

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
    /// Weight of the inverse-dynamics loss.
    pub lambda_idm: f32,
    /// Weight of SIGReg, the statistic times the number of rows it is computed on: those of a
    /// shard, `batch / 2 * (open_loop_steps + 1)`. A smaller batch therefore weakens it.
    pub lambda_sigreg: f32,
    /// Random directions SIGReg projects on, drawn anew each step and shard.
    pub sigreg_directions: usize,
    /// Knots of the characteristic function on `[0, 3]`.
    pub sigreg_knots: usize,
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
            predictor_hidden: vec![256, 256],
            inverse_hidden: 128,
            pose_hidden: vec![128],
            reach_hidden: vec![128, 128],
            reach_heads: 3,
            open_loop_steps: 4,
            curriculum_fraction: 0.3,
            prediction_delta: 0.02,
            imagined_steps: 8,
            lambda_idm: 1.0,
            lambda_sigreg: 0.02,
            sigreg_directions: 32,
            sigreg_knots: 17,
            learning_rate: 1e-3,
            final_learning_rate: 1e-5,
            warmup_steps: 200,
            weight_decay: 1e-4,
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

/// A setting that cannot be trained with.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("training setting `{name}` is {value}, expected {expected}")]
pub struct ConfigError {
    /// Field of [`TrainConfig`].
    pub name: &'static str,
    /// The value found.
    pub value: String,
    /// What would be accepted.
    pub expected: &'static str,
}

impl TrainConfig {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_counts()?;
        self.validate_reals()
    }

    fn validate_counts(&self) -> Result<(), ConfigError> {
        let positive = [
            ("steps", self.steps),
            ("block", self.block),
            ("latent_dim", self.latent_dim),
            ("inverse_hidden", self.inverse_hidden),
            ("reach_heads", self.reach_heads),
            ("open_loop_steps", self.open_loop_steps),
            ("sigreg_directions", self.sigreg_directions),
            ("reach_max_steps", self.reach_max_steps),
            ("evaluate_every", self.evaluate_every),
        ];
        for (name, value) in positive {
            check(name, value, "at least 1", value >= 1)?;
        }
        check(
            "batch",
            self.batch,
            "an even number of at least 4 (it is split into two shards)",
            self.batch >= 4 && self.batch.is_multiple_of(2),
        )?;
        check(
            "sigreg_knots",
            self.sigreg_knots,
            "at least 2",
            self.sigreg_knots >= 2,
        )?;
        check(
            "imagined_steps",
            self.imagined_steps,
            "at least `open_loop_steps`",
            self.imagined_steps >= self.open_loop_steps,
        )?;
        let widths = [
            ("encoder_hidden", &self.encoder_hidden),
            ("predictor_hidden", &self.predictor_hidden),
            ("pose_hidden", &self.pose_hidden),
            ("reach_hidden", &self.reach_hidden),
        ];
        for (name, value) in widths {
            let fits = !value.contains(&0) && !value.is_empty();
            check(name, format!("{value:?}"), "one or more widths >= 1", fits)?;
        }
        Ok(())
    }

    fn validate_reals(&self) -> Result<(), ConfigError> {
        if let Some(minutes) = self.minutes {
            let fits = minutes.is_finite() && minutes > 0.0;
            check("minutes", minutes, "a positive number", fits)?;
        }
        let positive = [
            ("learning_rate", self.learning_rate),
            ("gradient_clip", self.gradient_clip),
        ];
        for (name, value) in positive {
            let fits = value.is_finite() && value > 0.0;
            check(name, value, "a positive number", fits)?;
        }
        check(
            "prediction_delta",
            self.prediction_delta,
            "at least 1e-6",
            self.prediction_delta.is_finite() && self.prediction_delta >= 1e-6,
        )?;
        let not_negative = [
            ("lambda_idm", self.lambda_idm),
            ("lambda_sigreg", self.lambda_sigreg),
            ("final_learning_rate", self.final_learning_rate),
            ("weight_decay", self.weight_decay),
        ];
        for (name, value) in not_negative {
            let fits = value.is_finite() && value >= 0.0;
            check(name, value, "zero or a positive number", fits)?;
        }
        let fractions = [
            ("curriculum_fraction", self.curriculum_fraction),
            ("eventful_fraction", self.eventful_fraction),
            ("reach_cross_fraction", self.reach_cross_fraction),
            ("reach_imagined_fraction", self.reach_imagined_fraction),
        ];
        for (name, value) in fractions {
            check(name, value, "in [0, 1]", (0.0..=1.0).contains(&value))?;
        }
        let open = [
            ("reach_expectile", self.reach_expectile),
            ("held_out_fraction", self.held_out_fraction),
        ];
        for (name, value) in open {
            check(name, value, "inside (0, 1)", value > 0.0 && value < 1.0)?;
        }
        Ok(())
    }
}

/// Fails for a setting that does not fit.
pub(crate) fn check(
    name: &'static str,
    value: impl ToString,
    expected: &'static str,
    fits: bool,
) -> Result<(), ConfigError> {
    if fits {
        return Ok(());
    }
    Err(ConfigError {
        name,
        value: value.to_string(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(TrainConfig::default().validate(), Ok(()));
    }

    #[test]
    fn an_error_names_the_setting_and_its_value() {
        let config = TrainConfig {
            batch: 33,
            ..TrainConfig::default()
        };
        let message = config.validate().map_err(|e| e.to_string());
        assert_eq!(
            message,
            Err(
                "training setting `batch` is 33, expected an even number of at least 4 \
                 (it is split into two shards)"
                    .to_owned()
            )
        );
    }

    #[test]
    fn not_a_number_is_never_in_range() {
        let config = TrainConfig {
            reach_expectile: f32::NAN,
            ..TrainConfig::default()
        };
        assert!(config.validate().is_err());
    }
}
