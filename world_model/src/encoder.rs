//! The encoder: observation to latent, `z = e(o)`.
//!
//! There is no normalisation layer on the latent: SIGReg shapes its distribution, and a norm
//! would block that.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::config::{EncoderStart, TrainConfig};
use crate::perceptron::Perceptron;

/// Encoder of state observations.
#[derive(Module, Debug)]
pub struct Encoder {
    network: Perceptron,
}

impl Encoder {
    /// An encoder for observations of `observation_dim` values, layer sizes from `config`.
    pub fn init(
        observation_dim: usize,
        config: &TrainConfig,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let mut sizes = vec![observation_dim];
        sizes.extend(&config.encoder_hidden);
        sizes.push(config.latent_dim);
        let network = match config.encoder_start {
            EncoderStart::Random => Perceptron::init(&sizes, 1.0, rng, device),
            EncoderStart::Input => Perceptron::init_passing_input(&sizes, rng, device),
        };
        Self { network }
    }

    /// Encodes standardised observations.
    ///
    /// # Shapes
    /// - observations: `[rows, observation]`
    /// - output: `[rows, latent]`
    pub fn forward(&self, observations: Tensor<2>) -> Tensor<2> {
        self.network.forward(observations)
    }
}
