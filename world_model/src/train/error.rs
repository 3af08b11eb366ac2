//! Everything that can end a training run.

use std::path::PathBuf;

use burn::tensor::TensorReadError;
use thiserror::Error;

use crate::checkpoint::CheckpointError;
use crate::config::ConfigError;
use crate::diagnostics::Collapse;
use crate::imagination::ImaginationError;
use crate::sight::SightError;

/// Why a training run ended without a model.
#[derive(Debug, Error)]
pub enum TrainError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An image cannot be looked at.
    #[error(transparent)]
    Sight(#[from] SightError),
    /// The teacher of an encoder of images does not read the states of the data.
    #[error(
        "the teacher is not a model of the data's states: expected one that observes {expected}"
    )]
    Teacher {
        /// Names of the states' values.
        expected: String,
    },
    /// What a policy was to learn from does not fit, or is nothing.
    #[error("demonstrations: {what}")]
    Demonstration {
        /// What is wrong.
        what: String,
    },
    /// A training state cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The latent collapsed.
    #[error(transparent)]
    Collapsed(#[from] Collapse),
    /// The data has no columns of a kind.
    #[error("the data has no {what} columns")]
    NoColumns {
        /// `observation`, `action` or `pose`.
        what: &'static str,
    },
    /// There is nothing to hold out.
    #[error("the data has {found} episodes, expected at least 2 (one is held out)")]
    TooFewEpisodes {
        /// Episodes in the data.
        found: usize,
    },
    /// No episode holds a window.
    #[error("the longest episode has {longest} frames, expected at least {needed} for one window")]
    TooShort {
        /// Frames of the longest episode.
        longest: usize,
        /// Frames of a window.
        needed: usize,
    },
    /// The training state belongs to other data.
    #[error(
        "{path} was trained on data {found}, expected {expected}; remove it to start anew",
        path = path.display()
    )]
    OtherData {
        /// The state file.
        path: PathBuf,
        /// Hash of the given data.
        expected: String,
        /// Hash in the file.
        found: String,
    },
    /// The training state belongs to another sight.
    #[error(
        "{path} was trained with the sight {found}, expected {expected} (spec and localiser weights); remove it to start anew",
        path = path.display()
    )]
    OtherSight {
        /// The state file.
        path: PathBuf,
        /// Name and hash of the given sight, or `none`.
        expected: String,
        /// Name and hash in the file, or `none`.
        found: String,
    },
    /// The training state started from another model.
    #[error(
        "{path} was trained from the model {found}, expected {expected}; remove it to start anew",
        path = path.display()
    )]
    OtherStart {
        /// The state file.
        path: PathBuf,
        /// Hash of the given model, or `none`.
        expected: String,
        /// Hash in the file, or `none`.
        found: String,
    },
    /// The model to go on from has other networks than the settings.
    #[error("the model to go on from has another {network} than the settings say, or other data")]
    Start {
        /// The first network that differs.
        network: &'static str,
    },
    /// The training state belongs to other settings.
    #[error(
        "{path} was trained with `{setting}` = {found}, expected {expected}; remove it to start anew",
        path = path.display()
    )]
    OtherConfig {
        /// The state file.
        path: PathBuf,
        /// First setting that differs.
        setting: String,
        /// Its value now.
        expected: String,
        /// Its value in the file.
        found: String,
    },
    /// A loss is NaN or infinite.
    #[error("training diverged at step {step}: {losses}; lower the learning rate")]
    Diverged {
        /// Steps done.
        step: usize,
        /// The losses.
        losses: String,
    },
    /// The observer asked to stop.
    #[error("training was interrupted after {step} of {total} steps")]
    Interrupted {
        /// Steps done.
        step: usize,
        /// Steps planned.
        total: usize,
    },
    /// The backend failed.
    #[error("the tensor backend failed: {0}")]
    Backend(String),
    /// The worker threads cannot be started.
    #[error("cannot start the training threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The trained networks do not fit the inference engine.
    #[error("the trained networks cannot be exported: {0}")]
    Export(#[from] ImaginationError),
}

impl From<TensorReadError> for TrainError {
    fn from(error: TensorReadError) -> Self {
        Self::Backend(error.to_string())
    }
}
