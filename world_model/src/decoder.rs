//! The decoder: latent to observation, `o = d(z)`. It mirrors the encoder, layers that share their weights over rows of a picture
//! included, and holds the latents of a reconstruction world model in training. It is not exported.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::config::TrainConfig;
use crate::encoder::Inputs;
use crate::perceptron::{Perceptron, linear};

/// Decoder of observations.
#[derive(Module, Debug)]
pub struct Decoder {
    network: Perceptron,
    /// The layers over rows, those of the encoder's front from the last to the first.
    back: Vec<Linear>,
}

impl Decoder {
    /// A decoder to what an encoder of `inputs` reads, layer sizes from `config`.
    pub fn init(
        inputs: &Inputs,
        config: &TrainConfig,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let mut sizes = vec![config.latent_dim];
        sizes.extend(config.decoder_widths());
        sizes.push(inputs.joined());
        let stages = inputs.front.iter().rev();
        let back = stages.map(|stage| linear(stage.width, stage.inputs, 1.0, rng, device));
        Self {
            back: back.collect(),
            network: Perceptron::init(&sizes, 1.0, rng, device),
        }
    }

    /// Decodes to standardised observations.
    ///
    /// # Shapes
    /// - latents: `[rows, latent]`
    /// - output: `[rows, observation]`, leading values first
    pub fn forward(&self, latents: Tensor<2>, inputs: &Inputs) -> Tensor<2> {
        let joined = self.network.forward(latents);
        if self.back.is_empty() {
            return joined;
        }
        let [n, width] = joined.dims();
        let leading = inputs.leading;
        let mut picture = joined.clone().narrow(1, leading, width - leading);
        for (layer, stage) in self.back.iter().zip(inputs.front.iter().rev()) {
            let rows = relu(picture).reshape([n * stage.rows, stage.width]);
            picture = layer.forward(rows);
        }
        let picture = picture.reshape([n, inputs.dim() - leading]);
        match leading {
            0 => picture,
            _ => Tensor::cat(vec![joined.narrow(1, 0, leading), picture], 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sight::Stage;
    use rand::SeedableRng;

    #[test]
    fn it_gives_what_the_encoder_reads_and_rows_of_a_picture_share_weights() {
        let stage = |rows, inputs, width| Stage {
            rows,
            inputs,
            width,
        };
        let inputs = Inputs {
            leading: 3,
            front: vec![stage(8, 5, 6), stage(2, 24, 7)],
        };
        let config = TrainConfig {
            latent_dim: 4,
            encoder_hidden: vec![10, 9],
            ..TrainConfig::default()
        };
        let device = Device::flex();
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let decoder = Decoder::init(&inputs, &config, &mut rng, &device);
        let shapes: Vec<_> = decoder.back.iter().map(|l| l.weight.dims()).collect();
        assert_eq!(shapes, [[7, 24], [6, 5]]);
        let latents = Tensor::<2>::ones([2, 4], &device);
        let observations = decoder.forward(latents, &inputs);
        assert_eq!(observations.dims(), [2, 3 + 8 * 5]);
    }
}
