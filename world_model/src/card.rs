//! The model card: what a model was trained on, how, and how well it did.

use serde::{Deserialize, Serialize};

use crate::config::TrainConfig;
use crate::diagnostics::Diagnostics;
use crate::normalise::Normalisation;
use crate::pose::PoseLayout;
use crate::sight::SightSpec;

/// Observations that this version can encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObservationKind {
    /// A vector of physical quantities.
    State,
    /// Images of a camera.
    Pixels,
}

/// What a model was trained on, how, and how well it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Task whose data it learned from.
    pub task: String,
    /// What it observes.
    pub observation: ObservationKind,
    /// Control steps per second of the data.
    pub fps: u32,
    /// How it looks at images; none where it observes a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sight: Option<SightSpec>,
    /// One name per value of a state observation.
    pub observation_names: Vec<String>,
    /// One name per action value.
    pub action_names: Vec<String>,
    /// One name per pose value.
    pub pose_names: Vec<String>,
    /// Layout and tolerances of poses.
    pub pose: PoseLayout,
    /// Settings of the training, among them block length and layer widths.
    pub config: TrainConfig,
    /// Hash of the training data.
    pub data_hash: String,
    /// Hash of the model whose networks these are, all but the sight, which was learned anew; then data and diagnostics are that
    /// model's. None for a model that was trained as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latents_of: Option<String>,
    /// Optimiser steps done.
    pub steps: usize,
    /// Wall-clock seconds of training.
    pub training_seconds: f32,
    /// Directions of the latent in the slow features.
    pub slow_features: usize,
    /// Standardisation of the data; already folded into the weights.
    pub normalisation: Normalisation,
    /// Diagnostics at the end.
    pub diagnostics: Diagnostics,
}

impl ModelCard {
    /// Values that the encoder reads: a state, or what its sight makes of images.
    pub fn observation_dim(&self) -> usize {
        match &self.sight {
            Some(sight) => sight.features(),
            None => self.observation_names.len(),
        }
    }

    /// Values per control action.
    pub fn action_dim(&self) -> usize {
        self.action_names.len()
    }

    /// Control steps per action block.
    pub fn block(&self) -> usize {
        self.config.block
    }

    /// Values per action block, one predictor step.
    pub fn block_action_dim(&self) -> usize {
        self.config.block * self.action_names.len()
    }

    /// Width of the latent.
    pub fn latent_dim(&self) -> usize {
        self.config.latent_dim
    }
}
