//! How good the latent is, measured on held-out episodes: is it alive, does it predict, can pose
//! and velocity be read from it.
//!
//! Losses do not say this (a collapsed encoder predicts itself perfectly), and validation loss does
//! not rank planners; these figures are what to watch.

mod collapse;
mod evaluate;
mod spectrum;

pub(crate) use collapse::check_collapse;
pub use collapse::{Collapse, CollapseReason};
pub(crate) use evaluate::evaluate;

use serde::{Deserialize, Serialize};

/// Diagnostics on held-out episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnostics {
    /// Optimiser steps done when they were taken.
    pub step: usize,
    /// `tr(C)^2 / ||C||_F^2` of the latent covariance: the number of directions that carry
    /// variance.
    pub participation_ratio: f32,
    /// RankMe (arXiv 2210.02885): exponential of the entropy of the normalised singular values of
    /// the centred latents.
    pub rank_me: f32,
    /// Smallest standard deviation of a latent dimension.
    pub min_std: f32,
    /// Mean standard deviation of the latent dimensions.
    pub mean_std: f32,
    /// Skill against copying, per horizon.
    pub skill: Vec<Skill>,
    /// Ridge-probe R^2 of the object position.
    pub position_r2: f32,
    /// Ridge-probe R^2 of cosine and sine of the yaw.
    pub yaw_r2: Option<f32>,
    /// Ridge-probe R^2 of the velocity of the object and effector positions.
    pub velocity_r2: f32,
    /// Errors of the pose probe on encoded latents.
    pub encoded: PoseErrors,
    /// Errors of the pose probe on latents imagined `imagined_blocks` ahead.
    pub imagined: PoseErrors,
    /// Horizon of `imagined`, in blocks.
    pub imagined_blocks: usize,
    /// Mean squared error of the inverse dynamics on standardised actions; 1 is as good as the mean.
    pub inverse_error: f32,
}

/// Skill against copying, `1 - MSE(z_hat, z) / MSE(z_t, z)`: 1 is perfect, 0 no better than
/// predicting that nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// Horizon in action blocks.
    pub blocks: usize,
    /// The skill.
    pub skill: f32,
}

/// Mean errors of decoded poses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoseErrors {
    /// Mean distance between decoded and true object position, in metres.
    pub position_m: f32,
    /// Mean absolute yaw error, in radians.
    pub yaw_rad: Option<f32>,
}
