//! What is read off the latent: the action between two latents (inverse dynamics, which also keeps
//! the encoder from collapsing), the pose, and the number of steps to a goal.
//!
//! Pose probe and first-passage head see detached latents: representation learning gets no label.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::config::TrainConfig;
use crate::perceptron::Perceptron;

/// Predicts the action block between two consecutive latents.
#[derive(Module, Debug)]
pub struct InverseDynamics {
    network: Perceptron,
}

impl InverseDynamics {
    /// A head for blocks of `block_action_dim` values.
    pub fn init(
        block_action_dim: usize,
        config: &TrainConfig,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let sizes = [
            2 * config.latent_dim,
            config.inverse_hidden,
            block_action_dim,
        ];
        Self {
            network: Perceptron::init(&sizes, 1.0, rng, device),
        }
    }

    /// # Shapes
    /// - before, after: `[rows, latent]`
    /// - output: `[rows, block * action]`, standardised
    pub fn forward(&self, before: Tensor<2>, after: Tensor<2>) -> Tensor<2> {
        self.network.forward(Tensor::cat(vec![before, after], 1))
    }
}

/// Decodes the standardised pose from a latent.
#[derive(Module, Debug)]
pub struct PoseProbe {
    network: Perceptron,
}

impl PoseProbe {
    /// A probe for poses of `pose_dim` values.
    pub fn init(
        pose_dim: usize,
        config: &TrainConfig,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let mut sizes = vec![config.latent_dim];
        sizes.extend(&config.pose_hidden);
        sizes.push(pose_dim);
        Self {
            network: Perceptron::init(&sizes, 1.0, rng, device),
        }
    }

    /// # Shapes
    /// - latents: `[rows, latent]`
    /// - output: `[rows, pose]`, standardised
    pub fn forward(&self, latents: Tensor<2>) -> Tensor<2> {
        self.network.forward(latents)
    }
}

/// Predicts `ln(1 + control steps)` until the object first satisfies the goal.
#[derive(Module, Debug)]
pub struct FirstPassage {
    network: Perceptron,
}

impl FirstPassage {
    /// One head of the ensemble.
    pub fn init(config: &TrainConfig, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let mut sizes = vec![2 * config.latent_dim];
        sizes.extend(&config.reach_hidden);
        sizes.push(1);
        Self {
            network: Perceptron::init(&sizes, 1.0, rng, device),
        }
    }

    /// # Shapes
    /// - pairs: `[rows, 2 * latent]`, latent then goal latent
    /// - output: `[rows, 1]`
    pub fn forward(&self, pairs: Tensor<2>) -> Tensor<2> {
        self.network.forward(pairs)
    }
}
