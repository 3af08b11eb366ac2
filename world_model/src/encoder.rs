//! The encoder: observation to latent, `z = e(o)`.
//!
//! A perceptron. What it reads of pictures goes through a front of layers first that share their weights over rows: patches,
//! or a single window. Its hidden layers may be normalised ([`EncoderNorm`](crate::config::EncoderNorm)). There is no normalisation
//! layer on the latent: SIGReg shapes its distribution, and a norm would
//! block that.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::card::ModelCard;
use crate::config::{EncoderStart, TrainConfig};
use crate::perceptron::{Perceptron, linear};
use crate::sight::{SightSpec, Stage};

/// What an encoder reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Values that the perceptron reads as they are.
    pub leading: usize,
    /// Layers of the front, which reads the rest; none where there is no picture.
    pub front: Vec<Stage>,
}

impl Inputs {
    /// A vector of `dim` values.
    pub fn of_states(dim: usize) -> Self {
        Self {
            leading: dim,
            front: Vec::new(),
        }
    }

    /// What a sight gives.
    pub fn of_sight(spec: &SightSpec) -> Self {
        Self {
            leading: spec.leading(),
            front: spec.front(),
        }
    }

    /// What the encoder of a model reads.
    pub fn of_card(card: &ModelCard) -> Self {
        match &card.sight {
            Some(sight) => Self::of_sight(sight),
            None => Self::of_states(card.observation_names.len()),
        }
    }

    /// Values of an observation.
    pub fn dim(&self) -> usize {
        self.leading
            + self
                .front
                .first()
                .map_or(0, |stage| stage.rows * stage.inputs)
    }

    /// Values that the perceptron reads.
    pub fn joined(&self) -> usize {
        self.leading
            + self
                .front
                .last()
                .map_or(0, |stage| stage.rows * stage.width)
    }
}

/// Encoder of observations.
#[derive(Module, Debug)]
pub struct Encoder {
    front: Vec<Linear>,
    network: Perceptron,
}

impl Encoder {
    /// An encoder of observations, layer sizes from `config`.
    pub fn init(
        inputs: &Inputs,
        config: &TrainConfig,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let mut sizes = vec![inputs.joined()];
        sizes.extend(&config.encoder_hidden);
        sizes.push(config.latent_dim);
        let front = inputs.front.iter();
        let front = front.map(|stage| linear(stage.inputs, stage.width, 1.0, rng, device));
        let front = front.collect();
        let network = match config.encoder_start {
            EncoderStart::Random => Perceptron::init(&sizes, 1.0, rng, device),
            EncoderStart::Input => Perceptron::init_passing_input(&sizes, rng, device),
        };
        Self {
            front,
            network: network.with_norms(config.encoder_norm, device),
        }
    }

    /// Encodes standardised observations.
    ///
    /// # Shapes
    /// - observations: `[rows, observation]`
    /// - output: `[rows, latent]`
    pub fn forward(&self, observations: Tensor<2>, inputs: &Inputs) -> Tensor<2> {
        let [n, dim] = observations.dims();
        if inputs.front.is_empty() {
            return self.network.forward(observations);
        }
        let leading = inputs.leading;
        let mut picture = observations.clone().narrow(1, leading, dim - leading);
        for (layer, stage) in self.front.iter().zip(&inputs.front) {
            let rows = picture.reshape([n * stage.rows, stage.inputs]);
            picture = relu(layer.forward(rows));
        }
        let picture = picture.reshape([n, inputs.joined() - leading]);
        let joined = match leading {
            0 => picture,
            _ => Tensor::cat(vec![observations.narrow(1, 0, leading), picture], 1),
        };
        self.network.forward(joined)
    }
}
