//! The action-conditioned predictor: `z' = z + f([z, a])`, one step per action block.
//!
//! The residual form with a near-zero last layer starts as "nothing moves", which is the strongest
//! simple baseline; training only has to learn the change.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::config::TrainConfig;
use crate::perceptron::Perceptron;

/// Scale of the last layer at initialisation.
const LAST_LAYER_SCALE: f32 = 0.01;

/// Residual latent dynamics over action blocks.
#[derive(Module, Debug)]
pub struct Predictor {
    network: Perceptron,
}

impl Predictor {
    /// A predictor for blocks of `block_action_dim` values, layer sizes from `config`.
    pub fn init(
        block_action_dim: usize,
        config: &TrainConfig,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let mut sizes = vec![config.latent_dim + block_action_dim];
        sizes.extend(&config.predictor_hidden);
        sizes.push(config.latent_dim);
        Self {
            network: Perceptron::init(&sizes, LAST_LAYER_SCALE, rng, device),
        }
    }

    /// One step.
    ///
    /// # Shapes
    /// - latent: `[rows, latent]`
    /// - actions: `[rows, block * action]`, standardised
    /// - output: `[rows, latent]`
    pub fn forward(&self, latent: Tensor<2>, actions: Tensor<2>) -> Tensor<2> {
        let input = Tensor::cat(vec![latent.clone(), actions], 1);
        latent + self.network.forward(input)
    }

    /// Feeds predictions back: the latents after each of `actions`, without looking at any
    /// observation after the first.
    ///
    /// # Shapes
    /// - start: `[rows, latent]`
    /// - actions: one `[rows, block * action]` per step
    /// - output: one `[rows, latent]` per step
    pub fn open_loop(&self, start: Tensor<2>, actions: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let mut latent = start;
        actions
            .iter()
            .map(|action| {
                latent = self.forward(latent.clone(), action.clone());
                latent.clone()
            })
            .collect()
    }
}
