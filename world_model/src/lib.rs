//! A joint-embedding predictive world model: encoder, action-conditioned predictor, heads,
//! training and fused inference.
//!
//! The model predicts in embedding space, never observations. [`train`] learns it from reward-free
//! interaction data on burn; the result is a [`WorldModel`] of plain `f32` weights, in physical
//! units, whose rollouts run on the [`imagination`] engine. Burn tensors do not leave this crate.

pub mod card;
pub mod checkpoint;
pub mod config;
pub mod dataset;
mod decoder;
pub mod diagnostics;
mod distil;
mod encoder;
pub mod files;
mod first_passage;
mod frames;
mod heads;
pub mod imagination;
mod losses;
pub mod model;
mod networks;
mod norm;
pub mod normalise;
mod observations;
mod perceptron;
pub mod policy;
pub mod pose;
mod predictor;
mod random;
pub mod sight;
mod slow;
mod supervised;
#[cfg(test)]
mod synthetic;
pub mod train;
mod windows;

pub use card::{ModelCard, ObservationKind};
pub use checkpoint::CheckpointError;
pub use config::{
    AntiCollapse, ConfigError, EncoderNorm, EncoderStart, Reconstruction, TrainConfig,
};
pub use distil::{DistilConfig, distil};
pub use model::WorldModel;
pub use pose::PoseLayout;
pub use supervised::FitProgress;
pub use train::{TrainError, TrainProgress, continue_training, train};
